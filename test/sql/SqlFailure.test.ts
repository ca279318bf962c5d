/** Our errors as the causes that users of `@effect/sql` read. */
import { assert, describe, it } from "@effect/vitest"
import { inspect } from "node:util"
import {
  PgAuthError,
  PgClosedError,
  PgCodecError,
  PgCommitUnknownError,
  PgConfigError,
  PgConnectError,
  PgLimitError,
  PgPoolError,
  PgProtocolError,
  PgServerError,
  PgTimeoutError,
  PgUsageError
} from "../../src/model/PgError.js"
import type { SqlCause, SqlReason } from "../../src/nodepg/DatabaseError.js"
import { PgSqlError, reasonOf } from "../../src/nodepg/DatabaseError.js"
import type { SqlStep } from "../../src/sql/SqlFailure.js"
import { failed } from "../../src/sql/SqlFailure.js"
import { serverFields } from "../model/serverFields.js"

const server = (code: string) => new PgServerError({ ...serverFields(code), sql: "select 1" })

const timeout = (deadline: PgTimeoutError["deadline"]) =>
  new PgTimeoutError({ deadline, millis: 1, sent: false, during: "a test" })

const closed = new PgClosedError({ reason: "gone", sent: true, server: serverFields("57P01"), sql: "" })

const attempts = (cause: ConstructorParameters<typeof PgConnectError>[0]["attempts"][number]["cause"]) =>
  new PgConnectError({ attempts: [{ address: "h:1", phase: "socket", cause }] })

const reasons: ReadonlyArray<readonly [SqlReason, SqlCause]> = [
  ["UniqueViolation", server("23505")],
  ["ConstraintError", server("23503")],
  ["ConstraintError", server("23P01")],
  ["SerializationError", server("40001")],
  ["DeadlockError", server("40P01")],
  ["LockTimeoutError", server("55P03")],
  ["StatementTimeoutError", server("57014")],
  ["AuthorizationError", server("42501")],
  ["SqlSyntaxError", server("42601")],
  ["SqlSyntaxError", server("42P01")],
  ["AuthenticationError", server("28P01")],
  ["ConnectionError", server("08006")],
  ["ConnectionError", server("57P01")],
  ["ConnectionError", server("53300")],
  ["UnknownError", server("22012")],
  ["UnknownError", server("25P02")],
  [
    "AuthenticationError",
    new PgAuthError({ reason: "rejected", method: "", detail: "", user: "u", server: serverFields("28P01") })
  ],
  ["ConnectionError", closed],
  ["ConnectionError", new PgCommitUnknownError({ cause: closed })],
  ["ConnectionError", attempts({ _tag: "TransportFailure", code: "ECONNREFUSED", message: "refused" })],
  ["ConnectionError", new PgConfigError({ key: "port", reason: "is no port", source: "code" })],
  ["ConnectionError", new PgPoolError({ reason: "closed", max: 1, inUse: 0, waiting: 0 })],
  ["ConnectionError", new PgProtocolError({ state: "s", tag: "t", reason: "r" })],
  ["ConnectionError", timeout("acquire")],
  ["ConnectionError", timeout("connect")],
  ["LockTimeoutError", timeout("turn")],
  ["StatementTimeoutError", timeout("statement")],
  ["StatementTimeoutError", timeout("transaction")],
  ["UnknownError", new PgUsageError({ operation: "query", argument: "", reason: "no", sql: "" })],
  ["UnknownError", new PgLimitError({ limit: "x", max: 1, reason: "r", sql: "", nothingSent: true })],
  [
    "UnknownError",
    new PgCodecError({
      direction: "encode",
      place: { _tag: "Parameter", number: 1 },
      type: "int4",
      reason: "r",
      sql: "",
      nothingSent: true
    })
  ]
]

describe("the cause of an SqlError", () => {
  it.each(reasons.map(([reason, error]) => [reason, error._tag, error] as const))(
    "has the reason %s for %s",
    (reason, _tag, error) => {
      assert.strictEqual(reasonOf(error), reason)
      const cause = new PgSqlError(error)
      assert.strictEqual(cause.reason, reason)
      assert.strictEqual(cause.error, error)
      assert.instanceOf(cause, Error)
    }
  )

  it("has the server's fields under the names of node-postgres, numbers as text", () => {
    const fields = serverFields("23505", {
      detail: "Key (a)=(secret) already exists.",
      where: "line secret",
      hint: "h",
      position: 7,
      internalPosition: 3,
      line: 12,
      constraint: "t_pkey",
      table: "t",
      routine: "r"
    })
    const cause = new PgSqlError(new PgServerError({ ...fields, sql: "select 1" }))
    assert.deepInclude(cause, {
      name: "error",
      message: "text of 23505",
      severity: "ERROR",
      code: "23505",
      hint: "h",
      position: "7",
      internalPosition: "3",
      line: "12",
      constraint: "t_pkey",
      table: "t",
      routine: "r"
    })
    assert.deepStrictEqual([cause.detail, cause.where], ["Key (a)=(secret) already exists.", "line secret"])
    assert.notInclude(inspect(cause) + JSON.stringify(cause), "secret")
  })

  it("prints what quotes values of rows when the connector shows values", () => {
    const fields = serverFields("23505", { detail: "Key (a)=(1) already exists." })
    const cause = new PgSqlError(new PgServerError({ ...fields, sql: "", showsValues: true }))
    assert.include(inspect(cause), "Key (a)=(1)")
  })

  it("has the code of what ended the session, or of what kept it from being opened", () => {
    const codes = [
      closed,
      new PgCommitUnknownError({ cause: closed }),
      attempts({ _tag: "TransportFailure", code: "ECONNREFUSED", message: "refused" }),
      attempts(server("3D000")),
      timeout("statement")
    ].map((error) => new PgSqlError(error).code)
    assert.deepStrictEqual(codes, ["57P01", "57P01", "ECONNREFUSED", "3D000", undefined])
  })
})

describe("an SqlError", () => {
  const steps: ReadonlyArray<readonly [SqlStep, SqlCause, string]> = [
    ["execute", server("42601"), "Failed to execute statement"],
    ["execute", timeout("acquire"), "Failed to acquire connection"],
    ["execute", attempts(server("3D000")), "Failed to acquire connection"],
    ["execute", timeout("statement"), "Failed to execute statement"],
    ["transaction", server("40001"), "Failed to begin, commit or roll back the transaction"],
    ["connect", timeout("connect"), "PgClient: Failed to connect"],
    ["listen", closed, "Failed to listen"],
    ["notify", closed, "Failed to notify"]
  ]
  it.each(steps)("of the step %s names it", (step, error, message) => {
    assert.deepInclude(failed(step)(error), { _tag: "SqlError", message })
  })
})
