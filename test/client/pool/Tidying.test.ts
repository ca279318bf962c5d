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

const roleQuestion = { sql: "role?", expected: "off", takesWrites: true }

/** The result of a text that returns one value. */
const one = (value: unknown) => [{ rows: [{ value }] }] as unknown as ReadonlyArray<never>

/** A pool with three idle connections, whose servers do not report their role. */
const unreported = Effect.gen(function* () {
  const fake = fakeConnector(3)
  fake.control.isShareable = true
  fake.control.roleQuestion = roleQuestion
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

describe("a connection whose server has refused a write, and that has the role by what it reports", () => {
  it.scoped("is asked before its next use, goes on when it has the role, and is asked no more", () =>
    Effect.gen(function* () {
      for (const multiplex of [undefined, { depth: 2 }]) {
        const { connector, control, log } = fakeConnector(1)
        control.isShareable = true
        control.roleQuestion = roleQuestion
        control.results = one("off")
        const pool = yield* ConnectionPool.make(connector, multiplex === undefined ? {} : { multiplex })
        yield* pool.use((connection) => Effect.sync(() => control.refused.add(connection)))
        for (let round = 0; round < 3; round++) assert.strictEqual(yield* pool.use(sessionOf), 1)
        assert.deepStrictEqual(log, ["1: role?"])
      }
    })
  )

  it.scoped("is closed when it has another role, and the others are asked", () =>
    Effect.gen(function* () {
      const { control, log, pool } = yield* unreported
      const first = yield* pool.use((connection) =>
        Effect.zipRight(
          Effect.sync(() => control.refused.add(connection)),
          sessionOf(connection)
        )
      )
      control.results = one("on")
      yield* settle
      control.results = one("off")
      const second = yield* pool.use(sessionOf)
      assert.notStrictEqual(second, first)
      assert.deepStrictEqual(log, [`${first}: role?`, `${second}: role?`])
      assert.deepInclude(pool.statistics.closed, { role: 1, broken: 0 })
    })
  )

  it.scoped(
    "has the others asked before their next use: the idle ones, and those in use when they come back",
    () =>
      Effect.gen(function* () {
        const { control, log, pool } = yield* unreported
        control.results = one("off")
        const [before, refused] = yield* pool.use((lent) =>
          Effect.zip(
            sessionOf(lent),
            pool.use((connection) =>
              Effect.zipRight(
                Effect.sync(() => control.refused.add(connection)),
                sessionOf(connection)
              )
            )
          )
        )
        yield* settle
        assert.sameMembers(log, [`${refused}: role?`, `${before}: role?`])
        yield* Effect.scoped(Effect.all([pool.lease, pool.lease, pool.lease]))
        assert.strictEqual(new Set(log).size, 3)
        assert.strictEqual(log.length, 3)
      })
  )
})
