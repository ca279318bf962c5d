import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Slot from "../../../src/replication/slots/Slot.js"
import * as Walsender from "../../../src/replication/walsender/Walsender.js"
import { refusal, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { connecting, fresh, slotName } from "./support.js"

/** A slot with a publication of one table, and the command that streams it. */
const prepared = Effect.gen(function* () {
  const slot = yield* slotName()
  const rows = yield* table("id int, pad text")
  const publication = fresh("pub")
  yield* Effect.acquireRelease(rawRows(shared, `create publication ${publication} for table ${rows}`), () =>
    Effect.ignore(rawRows(shared, `drop publication ${publication}`))
  )
  yield* Slot.create(slot)
  return {
    slot,
    rows,
    command:
      `START_REPLICATION SLOT "${slot}" LOGICAL 0/0 ` +
      `("proto_version" '1', "publication_names" '"${publication}"')`
  }
})

describe("START_REPLICATION", () => {
  it.scopedLive(
    "streams, ends when asked, and leaves a session that can be used (REP-009, REP-057, FLW-087)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { command, rows } = yield* prepared
          const session = yield* Walsender.open
          const copy = yield* session.copyBoth(command)
          yield* rawRows(shared, `insert into ${rows} values (1, 'x')`)
          const [run] = yield* copy.pull
          assert.include(["w", "k"], String.fromCharCode(run!.bytes[run!.starts[0]!]!))
          assert.deepStrictEqual(
            (yield* copy.finish).map(({ command }) => command.text),
            ["COPY 0", "START_REPLICATION"]
          )
          assert.strictEqual((yield* session.status).state, "clean")
          assert.strictEqual((yield* Walsender.identify(session)).database, "postgres")
        })
      )
  )

  it.scopedLive(
    "ends amid a transaction too large for the socket, which the server still sends to its end",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { command, rows } = yield* prepared
          yield* rawRows(
            shared,
            `insert into ${rows} select i, repeat('x', 1000) from generate_series(1, 30000) i`
          )
          for (const way of ["finish", "scope"]) {
            const session = yield* Walsender.open
            const scope = yield* Scope.make()
            const copy = yield* Scope.extend(session.copyBoth(command, { bufferBytes: 100_000 }), scope)
            yield* eventually(Effect.sync(copy.isBraked), (braked) => braked)
            if (way === "finish") yield* copy.finish
            yield* Scope.close(scope, Exit.void)
            assert.strictEqual((yield* session.status).state, "clean")
            assert.strictEqual((yield* Walsender.identify(session)).database, "postgres")
          }
        })
      )
  )

  it.scopedLive(
    "a second time on a session ends by itself, and is an end and no failure (REP-039, TRP-109)",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { command } = yield* prepared
          const session = yield* Walsender.open
          yield* Effect.scoped(session.copyBoth(command))
          const again = yield* session.copyBoth(command)
          assert.deepStrictEqual(yield* Effect.flip(again.pull), Option.none())
          yield* again.finish
          assert.strictEqual((yield* session.status).state, "clean")
        })
      )
  )

  it.scopedLive("is refused with the server's reason, and as a query with ours", () =>
    connecting()(
      Effect.gen(function* () {
        const session = yield* Walsender.open
        const nobody = `START_REPLICATION SLOT "nobody" LOGICAL 0/0`
        assert.strictEqual((yield* refusal(Effect.scoped(session.copyBoth(nobody)))).code, "42704")
        const { command } = yield* prepared
        const error = yield* Effect.flip(session.simple(command))
        assert.strictEqual(error._tag, "PgUsageError")
        assert.strictEqual((yield* session.status).state, "clean")
        const bad = yield* refusal(Effect.scoped(session.copyBoth(command.replace(`'1'`, `'77'`))))
        assert.strictEqual(bad.code, "0A000")
      })
    )
  )
})
