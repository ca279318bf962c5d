import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Guards from "../../src/model/Guards.js"
import * as PgError from "../../src/model/PgError.js"
import { serverFields } from "./serverFields.js"

const server = (code: string) => new PgError.PgServerError({ ...serverFields(code), sql: "" })
const closed = new PgError.PgClosedError({ reason: "", sent: true, server: undefined, sql: "" })

describe("a guard of a SQLSTATE", () => {
  it("is true of the server's error with that code alone (ERR-010)", () => {
    assert.isTrue(Guards.isUniqueViolation(server("23505")))
    assert.isFalse(Guards.isUniqueViolation(server("23503")))
    assert.isTrue(Guards.isForeignKeyViolation(server("23503")))
    assert.isTrue(Guards.isSerializationFailure(server("40001")))
    assert.isTrue(Guards.isDeadlock(server("40P01")))
    for (const other of [closed, undefined, null, "23505", { code: "23505" }, new Error("23505")])
      assert.isFalse(Guards.isUniqueViolation(other))
  })

  it.effect("leaves the server's other errors in the type when one is caught", () =>
    Effect.gen(function* () {
      const failing = (error: PgError.PgServerError | PgError.PgClosedError) => Effect.fail(error)
      const caught = (error: PgError.PgServerError | PgError.PgClosedError) =>
        Effect.catchIf(failing(error), Guards.isUniqueViolation, (violation) => {
          expectTypeOf(violation.code).toEqualTypeOf<"23505">()
          return Effect.succeed(violation.constraint)
        })
      expectTypeOf(caught(closed)).toEqualTypeOf<
        Effect.Effect<string | undefined, PgError.PgServerError | PgError.PgClosedError>
      >()
      assert.isUndefined(yield* caught(server("23505")))
      assert.strictEqual(yield* Effect.flip(caught(closed)), closed)
      const other = yield* Effect.flip(caught(server("23503")))
      assert.deepInclude(other, { _tag: "PgServerError", code: "23503" })
    })
  )

  it.effect("takes errors of the application's beside ours", () =>
    Effect.gen(function* () {
      const failing = (error: Error | PgError.PgServerError) => Effect.fail(error)
      const caught = failing(server("40P01")).pipe(
        Effect.catchIf(Guards.isDeadlock, ({ code }) => Effect.succeed(code))
      )
      assert.strictEqual(yield* caught, "40P01")
    })
  )
})
