/**
 * A feed under fire: a workload of the seed's at the source, faults of the seed's all the while, and a sink that must equal
 * the source in the end. A cycle that fails prints how to repeat it; times are the machine's, so that the same plan
 * may take another course.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { isDeepStrictEqual, inspect } from "node:util"
import { randomOf, seed } from "../../campaign/campaign.js"
import { PgServerError } from "../../../src/model/PgError.js"
import * as SqlState from "../../../src/model/SqlState.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import * as SpillStore from "../../../src/replication/feed/SpillStore.js"
import type { Options, EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { open, s } from "../connection/sessions.js"
import type { Copy, Setting } from "./chaos/course.js"
import * as Faults from "./chaos/faults.js"
import { following } from "./chaos/following.js"
import type { Tally } from "./chaos/plan.js"
import { planOf, tally } from "./chaos/plan.js"
import { running } from "./chaos/running.js"
import type { Row } from "./chaos/sink.js"
import { keyOf } from "./chaos/sink.js"
import * as Workload from "./chaos/workload.js"
import { rawRows } from "../support/rawSession.js"
import { connecting, fresh, slotName } from "./support.js"

/** The settings that the server of a chaos needs. */
export const serverOptions: Options = {
  settings: {
    max_prepared_transactions: "20",
    max_wal_senders: "10",
    wal_sender_timeout: "5s",
    deadlock_timeout: "50ms"
  }
}

/** Every difference of the copy from the source, the first few in full. */
const differences = (copied: Copy, server: EmbeddedServer, schema: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* open({ target: server })
      const found: Array<string> = []
      for (const table of Workload.tables) {
        const rows = yield* session.query(s(`select * from ${schema}.${table}`))
        const source = new Map(rows.map((row) => [keyOf(row), copied.shown(row)] as const))
        const copy = copied.rows(table)
        const tell = (key: string, left: Row | undefined, right: Row | undefined): void =>
          void found.push(`${table} ${key}: source ${inspect(left)}, sink ${inspect(right)}`)
        for (const [key, row] of source) {
          const other = copy.get(key)
          // Columns that came after the row are null there and unknown here; those that went are forgotten.
          const same = other === undefined ? undefined : Object.keys(row).map((name) => other[name] ?? null)
          if (!isDeepStrictEqual(same, Object.values(row))) tell(key, row, other)
        }
        for (const [key, row] of copy) if (!source.has(key)) tell(key, undefined, row)
      }
      const [sums] = yield* session.values(
        s(`select sum(amount)::int4, count(amount)::int4 from ${schema}.journal`)
      )
      if (copied.sums !== undefined && !isDeepStrictEqual(copied.sums, sums)) {
        found.push(`sums: source ${inspect(sums)}, sink ${inspect(copied.sums)}`)
      }
      return found
    })
  )

/** How many transactions a cycle writes, by two sessions. */
const size = 60

/** What follows is, in turn: once or more, exactly once in memory, exactly once in PostgreSQL. */
const courseOf = (number: number, setting: Setting, schema: string) =>
  number % 3 === 2 ? running(setting, schema) : following(setting, number % 3 === 1)

/** Another cluster with a slot, tables and publications of the same names, and a row in each table that the source never has. */
const impostor = (other: EmbeddedServer, schema: string, slot: string, viaRoot: boolean) =>
  Effect.gen(function* () {
    yield* Workload.prepare(other, schema, viaRoot)
    yield* Effect.acquireRelease(connecting({ target: other })(Slot.create(slot)), () =>
      Effect.ignore(connecting({ target: other })(Slot.dropIfExists(slot, { wait: true })))
    )
    yield* rawRows(
      other,
      `insert into ${schema}.plain (id) values (-1); insert into ${schema}.journal (amount, pad) values (1, 'other')`
    )
  })

const cycle = (server: EmbeddedServer, other: EmbeddedServer, number: number, counts: Tally) =>
  Effect.gen(function* () {
    const random = randomOf(number * 8)
    const plan = planOf(random)
    const schema = fresh("chaos")
    yield* Workload.prepare(server, schema, plan.viaRoot)
    const proxy = yield* FaultProxy.make({ target: server })
    const sink = yield* FaultProxy.make({ target: server })
    const slot = yield* slotName(server)
    yield* impostor(other, schema, slot, plan.viaRoot)
    yield* connecting({ target: server })(Slot.create(slot, plan.twoPhase === "on" ? { twoPhase: true } : {}))
    // One for all openings: what a lost feed had of a transaction must not be taken for part of the next one's.
    const store =
      random.whole(0, 1) === 0
        ? SpillStore.inMemory()
        : yield* SpillStore.inFiles({ memoryBytes: 20_000 }).pipe(Effect.provide(NodeFileSystem.layer))
    const feed = (opening: number) => ({
      slot,
      publications: [schema, Workload.alsoOf(schema)],
      ...plan.feed(opening),
      store
    })
    const course = yield* courseOf(number, { server, random, feed, counts, sink }, schema)
    const replace = Effect.gen(function* () {
      if (!course.isPlaced()) return
      const before = counts.replaced
      yield* proxy.retarget(other)
      yield* proxy.dropAll()
      yield* Effect.sleep("5 millis").pipe(
        Effect.repeat({ until: () => counts.replaced > before }),
        Effect.timeoutOption("3 seconds")
      )
      yield* proxy.retarget(server)
      yield* proxy.dropAll()
    })
    const isRepeated = number % 3 === 0
    const both = {
      dropAll: (how?: "cut" | "reset") => Effect.zipRight(proxy.dropAll(how), sink.dropAll(how)),
      refuse: (refuse: boolean) => Effect.zipRight(proxy.refuse(refuse), sink.refuse(refuse)),
      setFault: (faults: FaultProxy.Faults) => Effect.zipRight(proxy.setFault(faults), sink.setFault(faults))
    }
    const happening = Effect.gen(function* () {
      yield* Effect.all(
        [
          Workload.write(
            server,
            schema,
            randomOf(number * 8 + 1),
            { from: 0, to: size / 2, isRepeated },
            counts
          ),
          Workload.write(
            server,
            schema,
            randomOf(number * 8 + 2),
            { from: size / 2, to: size, isRepeated },
            counts
          ),
          Faults.happen(
            { server, schema, proxy: both, slot, replace, interrupt: course.interrupt },
            randomOf(number * 8 + 3)
          )
        ],
        { concurrency: "unbounded" }
      )
      yield* Workload.finish(server, schema)
      yield* course.done
    })
    yield* Effect.raceFirst(
      course.following.pipe(
        connecting({
          target: proxy,
          config: {
            connectTimeout: "5 seconds",
            parameters: {
              logical_decoding_work_mem: "64kB",
              ...(plan.immediate ? { debug_logical_replication_streaming: "immediate" } : {})
            }
          }
        }),
        // A server that stops sends that to each session.
        Logger.withMinimumLogLevel(LogLevel.None)
      ),
      happening
    ).pipe(
      Effect.timeoutFail({
        duration: "10 minutes",
        onTimeout: () => new Error(`lost: the last row never came in ${counts.openings} openings`)
      })
    )
    const found = yield* differences(yield* course.copy, server, schema)
    assert.deepStrictEqual(found.slice(0, 5), [], `${found.length} rows differ`)
  }).pipe(
    Effect.tapErrorCause((cause) =>
      Effect.sync(() =>
        process.stdout.write(
          `cycle ${number} of the chaos failed (${inspect({ ...planOf(randomOf(number * 8)), feed: undefined })}); again: ` +
            `CAMPAIGN_SEED=${seed} CHAOS_CYCLE=${number} npx vitest run --project campaign test/campaign/Chaos.test.ts\n` +
            `${Cause.pretty(cause)}\n`
        )
      )
    ),
    Effect.scoped
  )

/**
 * Bugs of the server's decoding that `docs/replication-recovery.md` describes: PostgreSQL 18.4 meets them with any client that reads the
 * same slot again.
 */
const serverFault =
  /^(got sequence entry \d+ for toast chunk \d+ instead of seq \d+|could not map filenumber "[^"]+" to relation OID)/

const isServerFault = (cause: Cause.Cause<unknown>): boolean =>
  [...Cause.failures(cause), ...Cause.defects(cause)].some(
    (error) =>
      error instanceof PgServerError && error.code === SqlState.internalError && serverFault.test(error.text)
  )

/** How many of a hundred cycles may end that way before it is a failure. */
const maxServerFaults = 3

const only = process.env["CHAOS_CYCLE"]

/**
 * Goes through `least` cycles, or the one of `CHAOS_CYCLE`, one after another. What happens in a cycle depends on the machine's
 * speed: while a kind of fault has not happened yet, further cycles follow, at most as many again times four.
 */
export const chaos = (server: EmbeddedServer, least: number) =>
  Effect.gen(function* () {
    const counts = tally()
    const other = yield* start({ ...serverOptions, template: "other" })
    if (only !== undefined) {
      yield* cycle(server, other, Number(only), counts)
      return counts
    }
    let serverFaults = 0
    const isMissing = () => Object.values(counts).includes(0)
    for (let number = 0; number < least || (isMissing() && number < 5 * least); number++) {
      yield* Effect.catchAllCause(cycle(server, other, number, counts), (cause) => {
        if (!isServerFault(cause) || ++serverFaults > 1 + (least * maxServerFaults) / 100)
          return Effect.failCause(cause)
        process.stdout.write(`cycle ${number} ended by a known fault of the server's decoding\n`)
        return Effect.void
      })
    }
    return counts
  })
