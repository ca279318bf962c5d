/** Idle connections that are asked for an answer, and for the role of their server where that is not reported. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import { PgConnectError, PgServerError } from "../../../src/model/PgError.js"
import { serverFields } from "../../model/serverFields.js"
import { fakeConnector } from "./fakeConnector.js"

const settle = Effect.repeatN(Effect.yieldNow(), 40)
const sessionOf = (connection: { readonly facts: { readonly processId: number | undefined } }) =>
  Effect.succeed(connection.facts.processId)

/** The result of a text that returns one value. */
const one = (value: unknown) => [{ rows: [{ value }] }] as unknown as ReadonlyArray<never>

/** A pool with three idle connections, whose servers do not report their role. */
const unreported = Effect.gen(function* () {
  const fake = fakeConnector(3)
  fake.control.isShareable = true
  fake.control.roleQuestion = { sql: "role?", expected: "off" }
  const pool = yield* ConnectionPool.make(fake.connector)
  yield* Effect.scoped(Effect.all([pool.lease, pool.lease, pool.lease]))
  /** The server refuses a write of the next call. */
  const refusedWrite = pool.use((connection) =>
    Effect.zipRight(
      Effect.sync(() => fake.control.unfit.add(connection)),
      sessionOf(connection)
    )
  )
  return { ...fake, pool, refusedWrite }
})

describe("connections whose servers do not report their role", () => {
  it.scoped("are asked for it once one has another, and are lent when it is the one wanted", () =>
    Effect.gen(function* () {
      const { control, log, pool, refusedWrite } = yield* unreported
      const first = yield* refusedWrite
      control.results = one("off")
      assert.deepStrictEqual(log, [])
      const second = yield* pool.use(sessionOf)
      assert.notStrictEqual(second, first)
      assert.deepStrictEqual(log, [`${second}: role?`])
      // Once is enough.
      assert.strictEqual(yield* pool.use(sessionOf), second)
      assert.strictEqual(log.length, 1)
      assert.deepInclude(pool.statistics.closed, { role: 1, broken: 0 })
    })
  )

  it.scoped("are closed when it is another one, or none is given", () =>
    Effect.gen(function* () {
      for (const answer of [one("on"), one(null), []]) {
        const { control, pool, refusedWrite } = yield* unreported
        yield* refusedWrite
        control.results = answer
        assert.strictEqual(yield* pool.use(sessionOf), 4)
        assert.deepInclude(pool.statistics.closed, { broken: 0 })
        assert.isAtLeast(pool.statistics.closed.role, 2)
      }
    })
  )
})

describe("idle connections", () => {
  it.scoped("are asked for an answer once an opening was refused by a server that stops or starts", () =>
    Effect.gen(function* () {
      for (const [code, asked] of [
        ["57P03", 1],
        ["57P01", 1],
        ["53300", 0]
      ] as const) {
        const { connector, control, log } = fakeConnector(2)
        const cause = new PgServerError({ ...serverFields(code), severity: "FATAL", sql: "" })
        let begun = 0
        control.opening = Effect.suspend(() =>
          ++begun === 1
            ? Effect.void
            : Effect.fail(new PgConnectError({ attempts: [{ address: "db:5432", phase: "startup", cause }] }))
        )
        const pool = yield* ConnectionPool.make(connector, { min: 2 })
        yield* settle
        assert.deepInclude(pool.statistics, { size: 1, idle: 1 })
        assert.strictEqual(yield* pool.use(sessionOf), 1)
        assert.strictEqual(log.filter((line) => line === "1: ").length, asked, code)
      }
    })
  )
})
