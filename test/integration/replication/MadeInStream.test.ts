/**
 * Tables, partitions and types that are made in the transaction that writes them. A streamed transaction describes them before any other
 * session sees them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Insert } from "../../../src/replication/changes/LogicalEvent.js"
import type { LogicalOptions } from "../../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as SpillStore from "../../../src/replication/feed/SpillStore.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import { open } from "../connection/sessions.js"
import { connecting, fresh, slotName } from "./support.js"

/** A feed of all tables of a schema, those that are made later too. */
const following = (options: Partial<LogicalOptions>) =>
  Effect.gen(function* () {
    const schema = fresh("made")
    const pg = yield* open()
    yield* Effect.acquireRelease(
      pg.simple(`create schema ${schema}; set search_path = ${schema};
        create table parts (id int, region int, primary key (id, region)) partition by list (region);
        create table alone (id int, region int, primary key (id, region));
        create publication ${schema} for tables in schema ${schema}`),
      () => Effect.ignore(pg.simple(`rollback; drop publication ${schema}; drop schema ${schema} cascade`))
    )
    const slot = yield* slotName()
    yield* Slot.create(slot)
    /** Done when something of a transaction has come that has not ended. */
    const kept = yield* Deferred.make<void>()
    const memory = SpillStore.inMemory()
    const store: SpillStore.SpillStore = {
      ...memory,
      append: (xid, block) => Effect.zipRight(memory.append(xid, block), Deferred.succeed(kept, undefined))
    }
    const feed = yield* logical({ slot, publications: [schema], store, ...options })
    const inserts = yield* Queue.unbounded<Insert>()
    yield* Effect.forkScoped(
      Stream.runForEach(feed.changes, (event) =>
        event._tag === "Insert" ? Queue.offer(inserts, event) : Effect.void
      ).pipe(Effect.ensuring(Queue.shutdown(inserts)))
    )
    return { pg, inserts, isStreamed: Deferred.await(kept) }
  })

describe("a transaction that makes what it writes", () => {
  for (const streaming of ["off", "on"] as const) {
    for (const binary of [true, false]) {
      it.scopedLive(
        `has its types and its partition found, streaming ${streaming}, ${binary ? "in binary" : "as text"}`,
        () =>
          Effect.gen(function* () {
            const { inserts, isStreamed, pg } = yield* following({ streaming, binary })
            yield* pg.simple(`begin; create type mood as enum ('sad'); create table large (id int primary key, pad text);
              create table made (id int primary key, m mood[]); create table parts_1 partition of parts for values in (1);
              insert into made values (1, '{sad}'); insert into parts values (2, 1);
              insert into large select i, repeat('x', 1000) from generate_series(1, 500) i`)
            if (streaming === "on") yield* isStreamed
            yield* pg.simple("commit")
            const [made, part] = yield* Queue.takeN(inserts, 502)
            assert.deepInclude(made!.new, { id: 1, m: ["sad"] })
            assert.deepStrictEqual(
              part!.relation.tree?.ancestors.map(({ name }) => name),
              ["parts"]
            )
            // What was not in the catalogue at first is not taken to be dropped later.
            yield* pg.simple("insert into made values (0, '{sad}')")
            assert.deepInclude((yield* Queue.take(inserts)).new, { id: 0, m: ["sad"] })
          }).pipe(connecting({ config: { parameters: { logical_decoding_work_mem: "64kB" } } }))
      )
    }
  }
})

describe("a table that becomes a partition while a feed is open, or is one no longer", () => {
  it.scopedLive("belongs to its tree from there on", () =>
    Effect.gen(function* () {
      const { inserts, pg } = yield* following({})
      const ancestors = (sql: string) =>
        Effect.zipRight(
          pg.simple(sql),
          Effect.map(Queue.take(inserts), ({ relation }) => relation.tree?.ancestors.map(({ name }) => name))
        )
      assert.isUndefined(yield* ancestors("insert into alone values (1, 2)"))
      yield* pg.simple("alter table parts attach partition alone for values in (2)")
      assert.deepStrictEqual(yield* ancestors("insert into alone values (2, 2)"), ["parts"])
      yield* pg.simple("alter table parts detach partition alone")
      assert.isUndefined(yield* ancestors("insert into alone values (3, 2)"))
    }).pipe(connecting())
  )
})
