import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as PgClient from "../../../src/client/PgClient.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as Publication from "../../../src/replication/slots/Publication.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import * as SlotFailure from "../../../src/replication/slots/SlotFailure.js"
import * as Walsender from "../../../src/replication/walsender/Walsender.js"
import type { Target } from "../connection/sessions.js"
import { open, refusal, s, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeWithServer, shared } from "../support/server.js"
import { connecting, fresh, slotName, slotRow } from "./support.js"

const reasonOf = (error: { readonly _tag: string }) =>
  error._tag === "PgSlotError" ? `slot: ${(error as { reason?: string }).reason}` : error._tag

const streamOf = (name: string): string =>
  `START_REPLICATION SLOT "${name}" LOGICAL 0/0 ("proto_version" '1', "publication_names" 'p')`

/** Finds the session that waits to drop the slot. */
const dropping = (name: string): string =>
  `select 1 from pg_stat_activity where query like 'DROP_REPLICATION_SLOT "${name}" WAIT'`

/** The life of a slot, alike on every version. */
const lives = (target: () => Target, major: number) =>
  Effect.gen(function* () {
    const name = yield* slotName(target())
    const made = yield* Slot.create(name)
    assert.deepInclude(made, { name, snapshot: undefined })
    assert.isTrue(Option.isNone(yield* Slot.createIfMissing(name)))
    assert.strictEqual((yield* refusal(Slot.create(name))).code, "42710")

    const slot = Option.getOrThrow(yield* Slot.get(name))
    assert.deepInclude(slot, {
      name,
      kind: "logical",
      plugin: "pgoutput",
      database: "postgres",
      activePid: undefined,
      confirmed: made.consistentPoint,
      invalidation: undefined,
      walStatus: "reserved"
    })
    assert.strictEqual(slot.inactiveSince !== undefined, major >= 17)

    yield* rawRows(target(), "select pg_logical_emit_message(true, 'x', repeat('y', 10000))")
    const grown = Option.getOrThrow(yield* Slot.get(name))
    assert.isAtLeast(Number(grown.lag), 10_000)
    const end = grown.confirmed! + grown.lag!
    assert.strictEqual(yield* Slot.advance(name, end), end)
    assert.strictEqual(
      (yield* slotRow(name, "confirmed_flush_lsn = '0/0'::pg_lsn + " + end, target()))?.[0],
      "t"
    )

    yield* Slot.drop(name)
    assert.isTrue(Option.isNone(yield* Slot.get(name)))
    for (const gone of [Slot.drop(name), Slot.advance(name, end)]) {
      assert.strictEqual(reasonOf(yield* Effect.flip(gone)), "slot: missing")
    }
    yield* Slot.dropIfExists(name)
  })

describe("a slot", () => {
  it.scopedLive("is made, looked at, moved on and dropped (REP-009, REP-017, REP-021, REP-088)", () =>
    connecting()(lives(() => shared, 18))
  )

  it.scopedLive(
    "may have a name that begins with a digit or is a keyword, and no other letters (REP-017)",
    () =>
      connecting()(
        Effect.gen(function* () {
          for (const name of ["1st", "42", "select"]) {
            yield* Effect.acquireRelease(Slot.create(name), () => Effect.ignore(Slot.drop(name)))
            assert.strictEqual(Option.getOrThrow(yield* Slot.get(name)).name, name)
          }
          for (const name of ["Upper", "a-b", "ä"]) {
            assert.strictEqual((yield* refusal(Slot.create(name))).code, "42602", name)
          }
        })
      )
  )

  it.scopedLive("in use has a reason of its own, and is waited for if asked (REP-023, LOG-061)", () =>
    connecting()(
      Effect.gen(function* () {
        const name = yield* slotName()
        yield* Slot.create(name)
        const scope = yield* Scope.make()
        const user = yield* Scope.extend(Walsender.open, scope)
        yield* Scope.extend(user.copyBoth(streamOf(name)), scope)
        const used = Option.getOrThrow(yield* Slot.get(name))
        assert.strictEqual(used.activePid, user.facts.processId)
        const refused = yield* Effect.flip(Slot.drop(name))
        assert.strictEqual(reasonOf(refused), "slot: in-use")
        assert.include(refused.message, String(user.facts.processId))

        const waiting = yield* Effect.fork(Slot.drop(name, { wait: true }))
        yield* eventually(rawRows(shared, dropping(name)), (rows) => rows.length === 1)
        yield* Scope.close(scope, Exit.void)
        yield* Fiber.join(waiting)
      })
    )
  )

  it.scopedLive("of a scope is read by one feed after the other, and gone with the scope (REP-088)", () =>
    connecting()(
      Effect.gen(function* () {
        const name = fresh("scoped")
        const publication = fresh("publication")
        const rows = yield* table("id int")
        yield* Effect.acquireRelease(
          rawRows(shared, `create publication ${publication} for table ${rows}`),
          () => Effect.ignore(rawRows(shared, `drop publication ${publication}`))
        )
        const failed = yield* Effect.flip(
          Effect.scoped(
            Effect.gen(function* () {
              const made = yield* Slot.createScoped(name)
              const state = Option.getOrThrow(yield* Slot.get(name))
              assert.deepInclude(state, { confirmed: made.consistentPoint, temporary: false })
              for (const id of [1, 2]) {
                yield* rawRows(shared, `insert into ${rows} values (${id})`)
                yield* Effect.scoped(
                  Effect.gen(function* () {
                    const feed = yield* logical({ slot: name, publications: [publication] })
                    const events = yield* Stream.runCollect(Stream.take(feed.transactions, 1))
                    const [event] = [...events]
                    const change = event?._tag === "Transaction" ? event.changes[0] : undefined
                    assert.strictEqual(change?._tag === "Insert" ? change.new["id"] : 0, id)
                    if (event?._tag === "Transaction") yield* feed.acknowledge(event.endLsn)
                  })
                )
              }
              return yield* Effect.fail("over" as const)
            })
          )
        )
        assert.strictEqual(failed, "over")
        assert.isTrue(Option.isNone(yield* Slot.get(name)))
      })
    )
  )

  it.scopedLive("of a scope waits at its end for the session that uses it (REP-088)", () =>
    connecting()(
      Effect.gen(function* () {
        const name = fresh("scoped")
        const user = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
        const ending = yield* Effect.fork(
          Effect.scoped(
            Effect.gen(function* () {
              yield* Slot.createScoped(name)
              const session = yield* Scope.extend(Walsender.open, user)
              yield* Scope.extend(session.copyBoth(streamOf(name)), user)
            })
          )
        )
        yield* eventually(rawRows(shared, dropping(name)), (rows) => rows.length === 1)
        yield* Scope.close(user, Exit.void)
        yield* Fiber.join(ending)
        assert.isTrue(Option.isNone(yield* Slot.get(name)))
      })
    )
  )

  it.scopedLive("of a scope leaves one alone that was there before, and one that is gone (REP-088)", () =>
    connecting()(
      Effect.gen(function* () {
        const name = yield* slotName()
        yield* Slot.create(name)
        assert.strictEqual((yield* refusal(Effect.scoped(Slot.createScoped(name)))).code, "42710")
        assert.isTrue(Option.isSome(yield* Slot.get(name)))
        yield* Slot.drop(name)
        yield* Effect.scoped(Effect.zipRight(Slot.createScoped(name), Slot.drop(name)))
      })
    )
  )

  it.scopedLive("of a scope that is interrupted while it is made is not there (REP-088)", () =>
    connecting()(
      Effect.gen(function* () {
        const name = yield* slotName()
        const writer = yield* open()
        const rows = yield* table("id int")
        yield* writer.simple(`begin; insert into ${rows} values (1)`)
        const making = yield* Effect.fork(Effect.scoped(Slot.createScoped(name)))
        yield* eventually(slotRow(name, "active"), (row) => row?.[0] === "t")
        yield* Fiber.interrupt(making)
        yield* writer.simple("rollback")
        assert.isTrue(Option.isNone(yield* Slot.get(name)))
      })
    )
  )

  it.scopedLive("exports the state in which it begins, as long as its scope is open (REP-018, TRP-121)", () =>
    connecting()(
      Effect.gen(function* () {
        const name = yield* slotName()
        const rows = yield* table("id int")
        yield* rawRows(shared, `insert into ${rows} values (1)`)
        const scope = yield* Scope.make()
        const slot = yield* Scope.extend(Slot.createWithSnapshot(name), scope)
        yield* rawRows(shared, `insert into ${rows} values (2)`)
        const seen = (snapshot: string) =>
          rawRows(
            shared,
            `begin isolation level repeatable read; set transaction snapshot '${snapshot}'; select count(*) from ${rows}`
          )
        assert.deepStrictEqual(yield* seen(slot.snapshot), [["1"]])
        yield* Scope.close(scope, Exit.void)
        // The server ends the session of the snapshot in its own time.
        yield* eventually(Effect.exit(seen(slot.snapshot)), Exit.isFailure)
        assert.isTrue(Option.isSome(yield* Slot.get(name)))
      })
    )
  )

  it.scopedLive("is there with the options it was made with, and changed later (REP-016, REP-022)", () =>
    connecting()(
      Effect.gen(function* () {
        const name = yield* slotName()
        yield* Slot.create(name, { twoPhase: true, failover: true, plugin: "test_decoding" })
        assert.deepInclude(Option.getOrThrow(yield* Slot.get(name)), {
          twoPhase: true,
          failover: true,
          plugin: "test_decoding"
        })
        yield* Slot.alter(name, { failover: false, twoPhase: false })
        assert.deepInclude(Option.getOrThrow(yield* Slot.get(name)), { twoPhase: false, failover: false })
        assert.strictEqual((yield* refusal(Slot.create(`${name}_Upper`))).code, "42602")
        assert.strictEqual(
          reasonOf(yield* Effect.flip(Slot.alter("nobody", { failover: true }))),
          "slot: missing"
        )
      })
    )
  )

  it.scopedLive("of the physical kind needs no database (REP-001, REP-012)", () =>
    connecting()(
      Effect.gen(function* () {
        const name = yield* slotName()
        yield* Slot.createPhysical(name, { reserveWal: true })
        const slot = Option.getOrThrow(yield* Slot.get(name))
        assert.deepInclude(slot, { kind: "physical", plugin: undefined, database: undefined })
        assert.isDefined(slot.lag)
        const physical = yield* Walsender.openPhysical
        assert.match(yield* Walsender.setting(physical, "wal_segment_size"), /MB$/)
        const system = yield* Walsender.identify(physical)
        assert.match(system.systemId, /^\d+$/)
        assert.isUndefined(system.database)
        assert.isAtLeast(system.timeline, 1)
      })
    )
  )
})

describe("a publication", () => {
  it.scopedLive("is made, read, changed and dropped", () =>
    connecting()(
      Effect.gen(function* () {
        const name = fresh(`Pub"'`)
        const [a, b] = [yield* table("id int primary key, x text"), yield* table("id int primary key")]
        yield* Publication.ensure({ name, tables: [{ name: a, columns: ["id"], where: "id > 3" }] })
        assert.deepInclude(Option.getOrThrow(yield* Publication.get(name)), {
          name,
          owner: "postgres",
          allTables: false,
          operations: ["insert", "update", "delete", "truncate"],
          viaPartitionRoot: false,
          generatedColumns: "none"
        })
        yield* Publication.ensure({
          name,
          tables: [{ schema: "public", name: b }],
          operations: ["insert"],
          viaPartitionRoot: true,
          generatedColumns: "stored"
        })
        assert.deepInclude(Option.getOrThrow(yield* Publication.get(name)), {
          operations: ["insert"],
          viaPartitionRoot: true,
          generatedColumns: "stored"
        })
        assert.deepStrictEqual(Option.getOrThrow(yield* Publication.get(name)).tables, [
          { schema: "public", name: b }
        ])
        assert.strictEqual((yield* refusal(Publication.create({ name }))).code, "42710")
        yield* Publication.drop(name)
        yield* Publication.drop(name)
        assert.isTrue(Option.isNone(yield* Publication.get(name)))
      })
    )
  )
})

describeWithServer("the oldest server", { version: 14 }, (server) => {
  it.scopedLive("has slots alike (REP-015)", () => connecting({ target: server() })(lives(server, 14)))

  it.scopedLive("refuses by name what it does not know, before anything is sent", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const name = yield* slotName(server())
        const error = yield* Effect.flip(Slot.create(name, { twoPhase: true }))
        assert.deepInclude(error, { _tag: "PgUsageError", argument: "twoPhase", nothingSent: true })
        assert.isTrue(Option.isNone(yield* Slot.get(name)))
      })
    )
  )

  it.scopedLive("has publications", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const name = fresh("pub")
        const a = yield* table("id int primary key", server())
        yield* Publication.create({ name, tables: [{ name: a }] })
        assert.deepStrictEqual(Option.getOrThrow(yield* Publication.get(name)).tables, [
          { schema: "public", name: a }
        ])
        yield* Publication.drop(name)
      })
    )
  )
})

describeWithServer(
  "a server that keeps little",
  { settings: { max_slot_wal_keep_size: "1MB" } },
  (server) => {
    it.scopedLive("reports why a slot is lost (REP-025, LOG-063)", () =>
      connecting({ target: server() })(
        Effect.gen(function* () {
          const name = yield* slotName(server())
          yield* rawRows(server(), "create publication p")
          yield* Slot.create(name)
          for (let segment = 0; segment < 4; segment++) {
            yield* rawRows(server(), "select pg_logical_emit_message(false, 'x', 'y'), pg_switch_wal()")
          }
          yield* rawRows(server(), "checkpoint")
          const slot = Option.getOrThrow(yield* Slot.get(name))
          assert.deepInclude(slot, { walStatus: "lost", invalidation: "wal_removed" })
          const error = yield* Effect.flip(Slot.advance(name, slot.confirmed! + 100n))
          assert.strictEqual(reasonOf(error), "slot: invalidated")
          assert.include(error.message, "wal_removed")
          const feed = yield* Effect.flip(Effect.scoped(logical({ slot: name, publications: ["p"] })))
          assert.strictEqual(reasonOf(feed), "slot: invalidated")
          const session = yield* Walsender.open
          const refused = SlotFailure.diagnosing(
            session,
            name,
            Effect.scoped(session.copyBoth(streamOf(name)))
          )
          assert.strictEqual(reasonOf(yield* Effect.flip(refused)), "slot: invalidated")
        })
      )
    )
  }
)

describeWithServer(
  "a server with one place for a slot",
  { settings: { max_replication_slots: "1" } },
  (server) => {
    it.scopedLive("refuses another slot (REP-017)", () =>
      connecting({ target: server() })(
        Effect.gen(function* () {
          yield* Slot.create("first")
          assert.strictEqual((yield* refusal(Slot.create("second"))).code, "53400")
          yield* Slot.drop("first")
          yield* Slot.create("second")
        })
      )
    )
  }
)

describeWithServer("a server whose log is not logical", { settings: { wal_level: "replica" } }, (server) => {
  it.scopedLive("refuses a slot, and names wal_level (REP-017)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const error = yield* refusal(Slot.create("first"))
        assert.strictEqual(error.code, "55000")
        assert.include(error.message, "wal_level")
      })
    )
  )
})

describe("the creation of a slot", () => {
  it.scopedLive(
    "is refused inside a transaction that has written, for which it would wait, and not before",
    () =>
      Effect.gen(function* () {
        const rows = yield* table("id int")
        const client = yield* connecting()(PgClient.make())
        const session = yield* open()
        const statement = s(`insert into ${rows} values (1)`)
        const attempt = Effect.gen(function* () {
          const name = yield* slotName()
          yield* Slot.create(name)
          return name
        }).pipe(connecting())
        const inClient = client.withTransaction(Effect.zipRight(client.query(statement), attempt))
        const inSession = session.withTransaction(Effect.zipRight(session.query(statement), attempt))
        for (const inside of [inClient, inSession]) {
          const error = yield* Effect.flip(inside)
          assert.deepInclude(error, { _tag: "PgUsageError", operation: "Slot.create" })
        }
        // One that has only read keeps nothing waiting, and one that is over neither.
        assert.isString(yield* client.withTransaction(Effect.zipRight(client.query(s("select 1")), attempt)))
        yield* client.query(statement)
        assert.isString(yield* attempt)
      })
  )

  it.scopedLive("reports what it waited for when the role's lock_timeout ends it", () =>
    Effect.gen(function* () {
      const rows = yield* table("id int")
      const other = yield* open()
      yield* other.query(s("begin"))
      yield* other.query(s(`insert into ${rows} values (1)`))
      const name = yield* slotName()
      const error = yield* Effect.flip(Slot.create(name)).pipe(
        connecting({ config: { parameters: { lock_timeout: "50ms" } } })
      )
      assert.deepInclude(error, { _tag: "PgServerError", code: "55P03" })
      assert.include(error.message, 'lock_timeout: "0"')
      yield* other.query(s("rollback"))
    })
  )
})
