import * as Cause from "effect/Cause"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../support/subset.js"
import { hasCode } from "../../src/model/Guards.js"
import * as PgError from "../../src/model/PgError.js"
import type { ConnectAttempt } from "../../src/model/PgError.js"
import type { ServerFields } from "../../src/model/ServerFields.js"
import { serverFields } from "./serverFields.js"

const server = (code: string, changes: Partial<ServerFields> = {}) =>
  new PgError.PgServerError({ ...serverFields(code, changes), sql: "select 1" })
const closed = (sent: boolean, code?: string) =>
  new PgError.PgClosedError({
    reason: "the server closed the connection",
    sent,
    server: code === undefined ? undefined : serverFields(code, { text: "terminating connection" }),
    sql: "select 1"
  })
const timeout = (sent: boolean, deadline: PgError.Deadline = "statement") =>
  new PgError.PgTimeoutError({ deadline, millis: 250, sent, during: "select pg_sleep(9)" })
const violation = new PgError.PgProtocolError({ state: "ExtendedQuery.Binding", tag: "D", reason: "a row" })
const codec = (direction: "decode" | "encode") =>
  new PgError.PgCodecError({
    direction,
    place:
      direction === "decode" ? { _tag: "Column", column: "age", index: 1 } : { _tag: "Parameter", number: 2 },
    type: "int4",
    reason: "expected integer, got string of 3 characters",
    sql: "select age from people",
    nothingSent: direction === "encode"
  })
const refusedSocket: PgError.TransportFailure = {
  _tag: "TransportFailure",
  code: "ECONNREFUSED",
  message: "connect ECONNREFUSED"
}
const connect = (...causes: ReadonlyArray<ConnectAttempt["cause"]>) =>
  new PgError.PgConnectError({
    attempts: causes.map((cause, index) => ({ address: `db${index + 1}:5432`, phase: "socket", cause }))
  })
const auth = (reason: PgError.AuthFailure, said?: ServerFields) =>
  new PgError.PgAuthError({
    reason,
    method: "scram-sha-256",
    detail: "the server refused",
    user: "ann",
    server: said
  })
const config = new PgError.PgConfigError({
  key: "sslmode",
  reason: "expected one of six words",
  source: "uri"
})
const usage = (sql = "") =>
  new PgError.PgUsageError({
    operation: "stream",
    argument: "fetchSize",
    reason: "must be a whole number from 1 to 2147483647, got 0",
    sql
  })
const limit = (nothingSent: boolean, max?: number) =>
  new PgError.PgLimitError({
    limit: "transactionBytes",
    max,
    reason: "transaction 7 is larger: take the changes one by one",
    sql: "",
    nothingSent
  })
const pool = new PgError.PgPoolError({ reason: "too many wait", max: 10, inUse: 10, waiting: 100 })
const unknown = new PgError.PgCommitUnknownError({ cause: closed(true) })
const slot = new PgError.PgSlotError({ reason: "missing", slot: "orders", detail: "it was dropped" })

describe("whether nothing was sent", () => {
  it.each([
    [config, true],
    [usage(), true],
    [limit(true), true],
    [limit(false), false],
    [connect(refusedSocket), true],
    [auth("rejected"), true],
    [pool, true],
    [closed(false), true],
    [closed(true), false],
    [timeout(false), true],
    [timeout(true), false],
    [codec("encode"), true],
    [codec("decode"), false],
    [server("40001"), false],
    [violation, false],
    [unknown, false],
    [slot, false]
  ] as const)("%s: %s", (error, expected) => {
    assert.strictEqual(error.nothingSent, expected)
  })
})

describe("a message", () => {
  it.each<readonly [string, PgError.PgError, ReadonlyArray<string>]>([
    [
      "of a wrong setting names it, what is accepted, and its source",
      config,
      ["sslmode: expected one of six words (from uri)"]
    ],
    [
      "of a single refused host is one sentence and a hint",
      connect(refusedSocket),
      ["could not connect to db1:5432 (socket): connect ECONNREFUSED\n", "Is the server running there"]
    ],
    [
      "of several hosts lists every attempt",
      connect(refusedSocket, server("57P03", { text: "starting up" })),
      [
        "could not connect, 2 attempts:",
        "\n  db1:5432 (socket): connect",
        "\n  db2:5432 (socket): ERROR 57P03: starting up"
      ]
    ],
    [
      "of a missing database names the source of its name",
      connect(server("3D000")),
      ["taken from `database`"]
    ],
    [
      "of a full server names what to change",
      connect(server("53300")),
      ["max_connections", "CONNECTION LIMIT of the database or the role"]
    ],
    ["of a refused protocol names the setting", connect(server("0A000")), ["max_protocol_version=3.0"]],
    [
      "of a slow connect names how long it waited",
      connect(timeout(false, "connect")),
      ["250 ms", "connectTimeout"]
    ],
    [
      "of a refused role names the user, the method and the server's reason",
      auth("rejected", serverFields("28P01", { severity: "FATAL", text: "password authentication failed" })),
      [
        'authentication of user "ann" failed (scram-sha-256)',
        "FATAL 28P01: password authentication failed",
        "pg_hba.conf"
      ]
    ],
    ["of a missing password names where to put one", auth("password-missing"), ["PGPASSWORD"]],
    ["of an unproven server warns", auth("server-unproven"), ["Do not trust this server"]],
    [
      "of a violation names state, message and what became of the connection",
      violation,
      ["state ExtendedQuery.Binding", "message 'D'", "a row", "has been closed"]
    ],
    [
      "of an unreadable value names column and type",
      codec("decode"),
      ['column "age" of type int4 cannot be read', "STATEMENT: select age"]
    ],
    ["of an unwritable value names the parameter", codec("encode"), ["parameter $2 cannot be sent as int4"]],
    [
      "of a lost connection states whether the outcome is known",
      closed(true, "57P01"),
      ["The server reported: 57P01 terminating connection.", "outcome is unknown", "STATEMENT: select 1"]
    ],
    ["of one lost before sending states that trying again is safe", closed(false), ["trying again is safe"]],
    [
      "of a wrong argument is a sentence with the operation, the argument and the statement",
      usage("select 1"),
      ["stream: fetchSize must be a whole number from 1 to 2147483647, got 0\nSTATEMENT: select 1"]
    ],
    [
      "of a refused call has no argument",
      new PgError.PgUsageError({ operation: "query", argument: "", reason: "not now", sql: "" }),
      ["query: not now"]
    ],
    [
      "of a bound names it and its value",
      limit(false, 64),
      ["transactionBytes of 64 reached: transaction 7 is larger"]
    ],
    ["of a bound of the system has no value", limit(false), ["transactionBytes reached: "]],
    [
      "of a turn that did not come states that the transaction is usable",
      timeout(false, "turn"),
      ["turn deadline of 250 ms", "The transaction is usable"]
    ],
    ["of a full pool has its numbers", pool, ["too many wait (max 10, in use 10, waiting 100)"]],
    [
      "of a deadline names which, how long and during what",
      timeout(true),
      ["statement deadline of 250 ms", "select pg_sleep(9)"]
    ],
    [
      "of an unknown commit names what to do",
      unknown,
      ["may or may not have taken effect", "Look before repeating"]
    ],
    ["of a slot names it", slot, ["replication slot orders: missing: it was dropped"]]
  ])("%s", (_name, error, parts) => {
    for (const part of parts) assert.include(error.message, part)
    assert.instanceOf(error, Error)
  })
})

describe("an error of ours", () => {
  it("has no SQLSTATE, so that it cannot be taken for the server's (ERR-012)", () => {
    for (const error of [
      config,
      usage(),
      limit(true),
      auth("rejected"),
      violation,
      codec("decode"),
      closed(true),
      pool,
      timeout(true),
      unknown,
      slot
    ]) {
      assert.strictEqual("code" in error, false)
      assert.strictEqual(hasCode("57014")(error), false)
    }
  })

  it("of a value names what was expected and the value's shape, not the value (ERR-014)", () => {
    assert.deepStrictEqual(
      Object.keys(codec("encode")).filter((key) => key.includes("value")),
      []
    )
  })
})

describe("an error of the server", () => {
  it("is an Error with every field as it was sent (ERR-004)", () => {
    const error = server("23505", { constraint: "people_pkey", schema: "public", detail: "d", line: 42 })
    assertSubset(error, { _tag: "PgServerError", code: "23505", constraint: "people_pkey", line: 42 })
    assert.include(error.stack, "PgError.test")
  })

  it("has its class (ERR-010)", () => {
    assert.strictEqual(server("23505").class, "23")
  })

  it("can be read, and prints nothing that quotes values of rows unless that is asked for (ERR-014)", () => {
    const quoting = {
      detail: "Key (name)=(Ada Secret) already exists.",
      where: "COPY people, line 1: Secret"
    }
    const printed = (error: PgError.PgServerError) => [
      error.message,
      inspect(error),
      JSON.stringify(error),
      JSON.stringify({ ...error }),
      Cause.pretty(Cause.fail(error))
    ]
    for (const error of [
      server("23505", quoting),
      server("23505", quoting).with({ sql: "insert" }),
      new PgError.PgServerError({ ...serverFields("23505", quoting), sql: "", showsValues: false })
    ]) {
      assert.deepStrictEqual([error.detail, error.where], [quoting.detail, quoting.where])
      for (const text of printed(error)) assert.notInclude(text, "Secret")
    }
    const shown = new PgError.PgServerError({ ...serverFields("23505", quoting), sql: "", showsValues: true })
    assert.include(shown.message, "DETAIL: Key (name)=(Ada Secret)")
    assert.include(shown.message, "CONTEXT: COPY people, line 1: Secret")
    for (const text of printed(shown)) assert.include(text, "Secret")
    assert.include(shown.with({ sql: "insert" }).message, "Secret")
  })
})
