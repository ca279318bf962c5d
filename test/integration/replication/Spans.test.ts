/** Spans of what reads the log and copies clusters: batches and transactions of handlers, base backups. */
import { assert, describe, it } from "@effect/vitest"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgConnector } from "../../../src/connection/PgConnector.js"
import * as Replication from "../../../src/Replication.js"
import * as BaseBackup from "../../../src/replication/backup/BaseBackup.js"
import type { Handler } from "../../../src/replication/run/RunHandler.js"
import * as Exporters from "../../support/exporters.js"
import { open, table } from "../connection/sessions.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { connecting, fresh, lastEnd, slotName } from "./support.js"

class Refused extends Data.TaggedError("Refused")<{}> {}

/** Two transactions, read to their end by the handler; the spans of that name. */
const handled = (
  name: string,
  handlerOf: (positions: string) => Handler<Refused, PgConnector | Scope.Scope>
) => {
  const exporters = Exporters.make()
  const program = Effect.gen(function* () {
    const rows = yield* table("id int, name text", shared)
    const publication = fresh("span_pub")
    yield* Effect.acquireRelease(rawRows(shared, `create publication ${publication} for table ${rows}`), () =>
      Effect.ignore(rawRows(shared, `drop publication ${publication}`))
    )
    const slot = yield* slotName()
    yield* Replication.Slot.create(slot)
    yield* rawRows(shared, `insert into ${rows} values (1, 'secret')`)
    yield* rawRows(shared, `insert into ${rows} values (2, 'secret')`)
    const until = yield* lastEnd(slot, publication)
    const positions = fresh("span_positions")
    yield* Effect.addFinalizer(() => Effect.ignore(rawRows(shared, `drop table if exists ${positions}`)))
    exporters.reset()
    const outcome = yield* Effect.either(
      Replication.run({ slot, publications: [publication], until }, handlerOf(positions))
    )
    return { slot, outcome, spans: exporters.spans() }
  })
  return Effect.map(connecting()(program).pipe(Effect.provide(exporters.layer)), ({ spans, ...rest }) => {
    const all = JSON.stringify(spans.map(({ attributes, events }) => [attributes, events]))
    assert.notInclude(all, "secret")
    return { ...rest, spans: spans.filter((span) => span.name === name) }
  })
}

describe("spans of a handler", () => {
  it.scopedLive("stand for each transaction, with the slot and the server that it is read from", () =>
    Effect.gen(function* () {
      const { slot, spans } = yield* handled("replication transaction", () =>
        Replication.eachTransaction(() => Effect.void)
      )
      assert.strictEqual(spans.length, 2)
      for (const { attributes } of spans)
        assert.deepInclude(attributes, {
          "db.system.name": "postgresql",
          "messaging.destination.name": slot,
          "server.port": shared.port,
          "network.peer.port": shared.port
        })
    })
  )

  it.scopedLive("stand for each batch, with the number of its transactions", () =>
    Effect.gen(function* () {
      const { slot, spans } = yield* handled("replication batch", () =>
        Replication.eachBatch(() => Effect.void, { count: 1 })
      )
      assert.strictEqual(spans.length, 2)
      for (const { attributes } of spans)
        assert.deepInclude(attributes, {
          "messaging.batch.message_count": 1,
          "messaging.destination.name": slot,
          "server.port": shared.port
        })
    })
  )

  it.scopedLive("stand for batches that are handled exactly once, and hold the statements' connection", () =>
    Effect.gen(function* () {
      const { slot, spans } = yield* handled("replication batch", (positions) =>
        Replication.exactlyOnce({ connection: open(), table: positions }, () => Effect.void)
      )
      assert.isAtLeast(spans.length, 1)
      assert.strictEqual(spans[0]!.attributes["messaging.destination.name"], slot)
    })
  )

  for (const [kind, name, handlerOf] of [
    ["a transaction", "replication transaction", () => Replication.eachTransaction(() => new Refused())],
    ["a batch", "replication batch", () => Replication.eachBatch(() => new Refused())],
    [
      "a batch that is handled exactly once",
      "replication batch",
      (positions: string) =>
        Replication.exactlyOnce({ connection: open(), table: positions }, () => new Refused())
    ]
  ] as const)
    it.scopedLive(`have the tag of the handler's error: ${kind}`, () =>
      Effect.gen(function* () {
        const { outcome, spans } = yield* handled(name, handlerOf)
        assert.strictEqual(outcome._tag, "Left")
        assert.strictEqual(spans[0]!.attributes["error.type"], "Refused")
      })
    )
})

describe("the span of a base backup", () => {
  const backup = (more: { readonly incrementalFrom?: string }) =>
    Effect.gen(function* () {
      const exporters = Exporters.make()
      const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
      const taking = BaseBackup.toFolder({
        folder: `${folder}/data`,
        checkpoint: "fast",
        sync: false,
        ...more
      })
      return yield* Effect.ignore(connecting()(taking)).pipe(
        Effect.map(() => exporters.spans().find(({ name }) => name === "base backup")!.attributes),
        Effect.provide(exporters.layer)
      )
    }).pipe(Effect.provide(NodeFileSystem.layer))

  it.scopedLive("names the server, and has no error", () =>
    Effect.map(backup({}), (attributes) => {
      assert.deepInclude(attributes, {
        "db.system.name": "postgresql",
        "db.operation.name": "BASE_BACKUP",
        "server.port": shared.port,
        "network.peer.port": shared.port
      })
      assert.notProperty(attributes, "error.type")
    })
  )

  it.scopedLive("names the error that has ended it", () =>
    Effect.map(backup({ incrementalFrom: "/nowhere" }), (attributes) =>
      assert.isString(attributes["error.type"])
    )
  )
})
