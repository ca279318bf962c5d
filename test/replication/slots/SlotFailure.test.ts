import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import { PgClosedError, PgServerError } from "../../../src/model/PgError.js"
import * as ServerFields from "../../../src/model/ServerFields.js"
import * as SlotFailure from "../../../src/replication/slots/SlotFailure.js"

/** A slot in the catalogue, as JSON. */
const row = (changes: object) => ({
  slot: JSON.stringify({
    slot_name: "s",
    plugin: "pgoutput",
    slot_type: "logical",
    restart_lsn: "0/FF0",
    confirmed_flush_lsn: "0/1000",
    wal_status: "reserved",
    ...changes
  }),
  wal_end: "0/2000",
  server_start: "noon",
  in_recovery: false
})

/** A session whose catalogue has these slots, or cannot be asked; and how often it was asked. */
const session = (slots: ReadonlyArray<object> | undefined) => {
  const state = { asked: 0 }
  const lost = new PgClosedError({ reason: "lost", sent: true, server: undefined, sql: "" })
  const connection = {
    simple: () =>
      Effect.suspend(() => {
        state.asked++
        return slots === undefined
          ? Effect.fail(lost)
          : Effect.succeed([{ columns: [{}], rows: slots.map(row) }])
      })
  } as unknown as PgConnection
  return { connection, state }
}

const refusal = (code: string, text = "as the server says in its language"): PgServerError =>
  new PgServerError({ ...ServerFields.make({ severity: "ERROR", code, text }), sql: "START_REPLICATION" })

const diagnosed = (error: PgServerError, slots: ReadonlyArray<object> | undefined) =>
  SlotFailure.diagnose(session(slots).connection, "s", error)

describe("a refusal of the server", () => {
  it.effect("is of a missing slot only where the catalogue has none of the name (LOG-063)", () =>
    Effect.gen(function* () {
      const error = refusal("42704")
      assert.deepInclude(yield* diagnosed(error, [{ slot_name: "other" }]), {
        _tag: "PgSlotError",
        reason: "missing"
      })
      // A publication is missing, which has the same code.
      assert.strictEqual(yield* diagnosed(error, [{}]), error)
      assert.strictEqual(yield* diagnosed(error, undefined), error)
    })
  )

  it.effect("is of an invalidated slot only where the catalogue shows that, and names the reason", () =>
    Effect.gen(function* () {
      const error = refusal("55000")
      const invalidated = yield* diagnosed(error, [{ wal_status: "lost" }])
      assert.deepInclude(invalidated, { _tag: "PgSlotError", reason: "invalidated" })
      // The slot belongs to another database, which has the same code.
      assert.strictEqual(yield* diagnosed(error, [{}]), error)
      assert.strictEqual(yield* diagnosed(error, undefined), error)
    })
  )

  it.effect("is of a slot in use by its code, in the server's words and without a question", () =>
    Effect.gen(function* () {
      const { connection, state } = session([{}])
      const error = yield* SlotFailure.diagnose(connection, "s", refusal("55006", "belegt"))
      assert.deepInclude(error, {
        _tag: "PgSlotError",
        reason: "in-use",
        detail: "belegt: end the other consumer first"
      })
      assert.strictEqual(state.asked, 0)
    })
  )

  it.effect("of any other code, and any other failure, stays what it is", () =>
    Effect.gen(function* () {
      const { connection, state } = session([])
      const denied = refusal("42501")
      const closed = new PgClosedError({ reason: "lost", sent: true, server: undefined, sql: "" })
      assert.strictEqual(yield* SlotFailure.diagnose(connection, "s", denied), denied)
      assert.strictEqual(yield* SlotFailure.diagnose(connection, "s", closed), closed)
      const failing: Effect.Effect<never, string> = Effect.fail("mine")
      assert.strictEqual(yield* Effect.flip(SlotFailure.diagnosing(connection, "s", failing)), "mine")
      assert.strictEqual(state.asked, 0)
    })
  )
})
