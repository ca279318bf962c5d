/**
 * Values of every type there is, of extensions and of an application's own too: as queries read them, as a snapshot copies
 * them, and as a feed gives them, in both formats.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as SpillStore from "../../../src/replication/feed/SpillStore.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import { snapshot } from "../../../src/replication/snapshot/Snapshot.js"
import type { ObjectRow } from "../../../src/types/RowShape.js"
import * as Registry from "../../../src/types/Registry.js"
import { open, s } from "../connection/sessions.js"
import type { SharedServer } from "../support/server.js"
import { makeTable } from "../types/differential.js"
import { findTypes, foundSamples } from "../types/foundSamples.js"
import { samples } from "../types/samples.js"
import type { Sample } from "../types/samples/sample.js"
import { connecting, fresh, slotName } from "./support.js"

type Tables = ReadonlyMap<string, ReadonlyArray<ObjectRow>>

const gathered = (): {
  readonly add: (name: string, rows: ReadonlyArray<ObjectRow>) => void
  tables: Tables
} => {
  const tables = new Map<string, Array<ObjectRow>>()
  return {
    tables,
    add: (name, rows) => {
      const known = tables.get(name) ?? []
      known.push(...rows)
      tables.set(name, known)
    }
  }
}

const assertSame = (
  name: ReadonlyMap<string, string>,
  actual: Tables,
  expected: Tables,
  what: string
): void => {
  assert.deepStrictEqual([...actual.keys()].sort(), [...expected.keys()].sort(), what)
  for (const [table, rows] of expected) {
    assert.deepStrictEqual(
      [...actual.get(table)!].sort((a, b) => Number(a["at"]) - Number(b["at"])),
      rows,
      `${what} of ${name.get(table)}`
    )
  }
}

/** A store that shows whether anything was streamed ahead of its end. */
const watched = (): { readonly store: SpillStore.SpillStore; readonly isUsed: () => boolean } => {
  const memory = SpillStore.inMemory()
  let isUsed = false
  const append: SpillStore.SpillStore["append"] = (xid, block) =>
    Effect.suspend(() => {
      isUsed = true
      return memory.append(xid, block)
    })
  return { store: { ...memory, append }, isUsed: () => isUsed }
}

/** A transaction is streamed once it has passed this. */
const streamsEarly = { parameters: { logical_decoding_work_mem: "64kB" } }
/** Makes it pass that, however little else is in it. */
const filler = "select pg_logical_emit_message(true, '', repeat('x', 100000))"

const everything = [...samples, ...foundSamples]

interface Comparison {
  readonly registry: Registry.Registry
  readonly streaming: "off" | "on"
  /** How many random values each type gets beside its extremes. */
  readonly count?: number
  readonly seed?: number
}

/** Compares a query of every type with a feed in binary, a feed as text, and a snapshot. */
export const compareAll = (server: SharedServer, { count = 8, registry, seed = 1, streaming }: Comparison) =>
  Effect.gen(function* () {
    const { database } = yield* findTypes(server)
    const at = { target: server, config: { database } }
    const maker = yield* open(at)
    const reader = yield* open({ ...at, types: registry })
    const oids = yield* maker.values(
      s(
        `select oid from unnest($1::text[]) with ordinality t(name, at), lateral (select name::regtype::oid) o(oid) order by at`,
        [everything.map(({ type }) => type)]
      )
    )
    const known = yield* reader.findTypes(oids.map(([oid]) => oid as number))
    for (const binary of [true, false]) {
      const some = everything.filter((_, index) => {
        const isBinary = known.lookup(oids[index]![0] as number)?.decodeBinary !== undefined
        return isBinary === binary
      })
      if (some.length === 0) continue
      const types = new Map<string, string>()
      const fills: Array<string> = []
      for (const [place, sample] of some.entries()) {
        const source = yield* makeTable(maker, sample, server.version, count, seed + place)
        const table = `of_${source}`
        const where = registry === Registry.familiar ? withinDate(sample) : ""
        yield* maker.simple(
          `create table ${table} as select * from ${source} with no data; alter table ${table} add primary key (at)`
        )
        fills.push(`insert into ${table} select * from ${source}${where}`)
        types.set(table, sample.type)
      }
      const publication = fresh("values")
      yield* maker.simple(`create publication ${publication} for table ${[...types.keys()].join(", ")}`)
      const publications = [publication]
      yield* Effect.gen(function* () {
        const slots = [yield* slotName(server), yield* slotName(server)]
        for (const slot of slots) yield* Slot.create(slot)
        yield* maker.simple(`begin; ${filler}; ${fills.join("; ")}; commit`)
        const [end] = yield* maker.values(s("select pg_current_wal_lsn()"))
        const queried = gathered()
        for (const table of types.keys())
          queried.add(table, yield* reader.query(s(`select at, x, xs from ${table} order by at`)))
        for (const [index, slot] of slots.entries()) {
          const { isUsed, store } = watched()
          const feed = yield* logical({
            store,
            slot,
            publications,
            binary: index === 0,
            streaming,
            until: end![0] as bigint
          })
          const fed = gathered()
          yield* Stream.runForEach(feed.changes, (event) =>
            Effect.sync(() => {
              if (event._tag === "Insert") fed.add(event.relation.name, [event.new])
            })
          )
          assertSame(types, fed.tables, queried.tables, index === 0 ? "binary feed" : "text feed")
          assert.strictEqual(isUsed(), streaming === "on", "whether anything was streamed")
        }
        const copied = gathered()
        const copy = yield* snapshot({ slot: yield* slotName(server), publications })
        yield* Stream.runForEach(copy.copy, (event) =>
          Effect.sync(() => {
            if (event._tag === "CopyBatch") copied.add(event.relation.name, event.rows)
          })
        )
        assertSame(types, copied.tables, queried.tables, "snapshot")
      }).pipe(
        connecting({
          ...at,
          config: { database, ...(streaming === "on" ? streamsEarly : {}) },
          connector: { types: registry }
        }),
        Effect.scoped
      )
    }
  })

/** A familiar `Date` ends before the types do. */
const withinDate = (sample: Sample): string =>
  sample.withinDate === true
    ? ` where coalesce(x < '275760-09-01' or not isfinite(x), true)
        and not exists (select from unnest(xs) e where isfinite(e) and e >= '275760-09-01')`
    : ""
