import { assert, describe, it } from "@effect/vitest"
import * as Judgement from "../../src/model/Judgement.js"
import * as PgError from "../../src/model/PgError.js"
import type { ConnectAttempt } from "../../src/model/PgError.js"
import type { ServerErrorFields } from "../../src/model/ServerError.js"
import type { ServerFields, Severity } from "../../src/model/ServerFields.js"
import { serverFields } from "./serverFields.js"

const server = (code: string, changes: Partial<ServerErrorFields> = {}) =>
  new PgError.PgServerError({ ...serverFields(code), sql: "select 1", ...changes })
const fatal = (code: string) => server(code, { severity: "FATAL" })
const pooler = (text: string) => server("08P01", { severity: "FATAL" as Severity, text })
const closed = (sent: boolean, code?: string) =>
  new PgError.PgClosedError({
    reason: "the server closed the connection",
    sent,
    server: code === undefined ? undefined : serverFields(code),
    sql: "select 1"
  })
const timeout = (sent: boolean, deadline: PgError.Deadline = "statement") =>
  new PgError.PgTimeoutError({ deadline, millis: 250, sent, during: "select pg_sleep(9)" })
const violation = new PgError.PgProtocolError({ state: "Startup", tag: "H", reason: "not PostgreSQL" })
const auth = new PgError.PgAuthError({
  reason: "rejected",
  method: "",
  detail: "",
  user: "ann",
  server: serverFields("28P01")
})
const slot = (reason: PgError.SlotFailure) => new PgError.PgSlotError({ reason, slot: "s", detail: "" })
const codec = (direction: "decode" | "encode") =>
  new PgError.PgCodecError({
    direction,
    place: { _tag: "Argument", name: "a" },
    type: "int4",
    reason: "",
    sql: "",
    nothingSent: direction === "encode"
  })

const connect = (...causes: ReadonlyArray<ConnectAttempt["cause"] | string>) =>
  new PgError.PgConnectError({
    attempts: causes.map((cause, index) => ({
      address: `db${index + 1}:5432`,
      phase: "socket",
      cause: typeof cause === "string" ? { _tag: "TransportFailure", code: cause, message: cause } : cause
    }))
  })
/** Several ways to one address. */
const ways = (...causes: ReadonlyArray<ConnectAttempt["cause"] | string>) =>
  new PgError.PgConnectError({
    attempts: connect(...causes).attempts.map((attempt) => ({ ...attempt, address: "db:5432" }))
  })

/** An error, whether it may be different next time, and whether it cannot have happened. */
type Row = readonly [name: string, error: PgError.PgError, transient: boolean, undone: boolean]

const ofStatements: ReadonlyArray<Row> = [
  ["a serialization failure", server("40001"), true, true],
  ["a deadlock", server("40P01"), true, true],
  ["a lock that another transaction holds", server("55P03"), true, true],
  ["a prepared statement that the server has forgotten", server("26000"), true, true],
  [
    "a prepared statement whose result is another by now",
    server("0A000", { routine: "RevalidateCachedQuery" }),
    true,
    true
  ],
  ["what the server cannot do", server("0A000"), false, true],
  ["a server that shuts down", fatal("57P01"), true, true],
  ["a server that crashed", fatal("57P02"), true, false],
  ["a server that starts", fatal("57P03"), true, true],
  ["a full server", fatal("53300"), true, true],
  ["a session that was idle for too long", fatal("57P05"), true, true],
  ["a transaction that was idle for too long", fatal("25P03"), true, true],
  ["a transaction that took too long", fatal("25P04"), true, true],
  [
    "a CALL or several statements, of which a part may stay",
    server("40001", { mayHaveCommitted: true }),
    true,
    false
  ],
  ["several statements when the server stops", server("57P01", { mayHaveCommitted: true }), true, false],
  ["a statement of which the outcome is unknown", server("40003"), false, false],
  ["a statement that was cancelled", server("57014"), false, true],
  ["a unique violation", server("23505"), false, true],
  ["a failed transaction", server("25P02"), false, true],
  ["a server in panic", server("XX000", { severity: "PANIC" }), false, false],
  ["a wrong password", fatal("28P01"), false, true],
  ["a database that does not exist", fatal("3D000"), false, true],
  ["PgBouncer without a free connection", pooler("query_wait_timeout"), true, true],
  [
    "PgBouncer that cannot log in",
    pooler("server login has been failing, cached error: connect failed (server_login_retry)"),
    true,
    true
  ],
  ["PgBouncer that is full", pooler("no more connections allowed (max_client_conn)"), true, true],
  ["PgBouncer that lost the server", pooler("server conn crashed?"), true, false],
  ["PgBouncer with a query that took too long", pooler("query_timeout"), false, false],
  ["another violation of the protocol, by the server's word", pooler("invalid message"), false, true]
]

const ofSessions: ReadonlyArray<Row> = [
  ["a connection lost before anything was sent", closed(false), true, true],
  ["a connection lost with the statement on its way", closed(true), true, false],
  ["a shutdown with the statement on its way", closed(true, "57P01"), true, false],
  ["an idle session that was ended with a statement on its way", closed(true, "57P05"), true, true],
  ["an idle transaction that was ended with a statement on its way", closed(true, "25P03"), true, true],
  [
    "a lease whose session is dead",
    new PgError.PgClosedError({ reason: "", sent: false, server: undefined, sql: "", ended: true }),
    false,
    true
  ],
  ["a deadline before anything was sent", timeout(false), true, true],
  ["a turn that did not come", timeout(false, "turn"), true, true],
  ["a deadline of a running statement", timeout(true), true, false],
  ["a violation of the protocol", violation, false, false],
  ["a value that cannot be written", codec("encode"), false, true],
  ["a value that cannot be read", codec("decode"), false, false],
  ["an unknown commit", new PgError.PgCommitUnknownError({ cause: closed(true) }), true, false],
  ["a slot in use", slot("in-use"), true, false],
  ["a lost slot", slot("missing"), false, false],
  ["a closed pool", new PgError.PgPoolError({ reason: "closed", max: 1, inUse: 0, waiting: 0 }), false, true],
  [
    "a wrong argument",
    new PgError.PgUsageError({ operation: "stream", argument: "fetchSize", reason: "", sql: "" }),
    false,
    true
  ],
  [
    "a bound that was reached",
    new PgError.PgLimitError({ limit: "transactionBytes", max: 1, reason: "", sql: "", nothingSent: false }),
    false,
    false
  ],
  ["a wrong setting", new PgError.PgConfigError({ key: "sslmode", reason: "", source: "uri" }), false, true],
  ["a refused login", auth, false, true]
]

const passing = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "EFFECT_POSTGRES_SESSION_ATTRS"
]
const lasting = [
  "ENOTFOUND",
  "EACCES",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  // The server does not do TLS, and sslmode=require asks for it.
  "EFFECT_POSTGRES_NO_TLS",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "EPROTO"
]

const ofConnects: ReadonlyArray<Row> = [
  ...passing.map((code): Row => [`a connect with ${code}`, connect(code), true, true]),
  ...lasting.map((code): Row => [`a connect with ${code}`, connect(code), false, true]),
  ["a connect that was too slow", connect(timeout(false, "connect")), true, true],
  ["a server that hangs up", connect(closed(false)), true, true],
  ["a server that is full", connect(fatal("53300")), true, true],
  ["a server that starts", connect(fatal("57P03")), true, true],
  ["PgBouncer that is full", connect(pooler("no more connections allowed (max_client_conn)")), true, true],
  ["a missing database", connect(fatal("3D000")), false, true],
  ["something that is no PostgreSQL", connect(violation), false, true],
  ["a missing database beside a dead host", connect("ECONNREFUSED", fatal("3D000")), false, true],
  ["a dead host behind a missing database", connect(fatal("3D000"), "ETIMEDOUT"), false, true],
  ["a refused login beside a dead host", connect("ECONNREFUSED", fatal("28P01")), false, true],
  ["an untrusted certificate beside a dead host", connect("ECONNREFUSED", "CERT_HAS_EXPIRED"), false, true],
  ["an unknown name beside a dead host", connect("ENOTFOUND", "ECONNREFUSED"), true, true],
  ["a dead host beside a starting one", connect("EHOSTUNREACH", fatal("57P03")), true, true],
  ["a refused way to a host that is full by the other", ways(fatal("28000"), fatal("53300")), true, true],
  ["a full host that then refuses", ways(fatal("53300"), fatal("28000")), false, true],
  ["no attempt at all", connect(), false, true]
]

describe("whether an error may be different next time, and cannot have happened", () => {
  it.each([...ofStatements, ...ofSessions, ...ofConnects])(
    "%s (ERR-010, ERR-011)",
    (_name, error, transient, undone) => {
      assert.deepStrictEqual(
        [Judgement.isTransient(error), Judgement.hasNotHappened(error), Judgement.isRetryable(error)],
        [transient, undone, transient && undone]
      )
    }
  )

  it("repeats a transaction after what may pass and has not happened, and after no deadline", () => {
    const repeated = [server("40001"), server("40P01"), server("26000"), server("57P01"), closed(false)]
    const others = [server("23505"), closed(true), timeout(false), timeout(true), undefined, "40001"]
    assert.deepStrictEqual(repeated.filter(Judgement.repeatsTransaction), repeated)
    assert.deepStrictEqual(others.filter(Judgement.repeatsTransaction), [])
  })

  it("lets what opens its session anew go on after any lost session, and after nothing that lasts", () => {
    const anew: ReadonlyArray<readonly [PgError.PgError, boolean]> = [
      [closed(true), true],
      [fatal("XX000"), true],
      [server("57014"), true],
      [server("55006"), true],
      [timeout(true), true],
      [slot("in-use"), true],
      [slot("missing"), false],
      [server("42704"), false],
      [auth, false],
      [connect("ENOTFOUND"), false],
      [connect("CERT_HAS_EXPIRED"), false],
      [violation, false]
    ]
    for (const [error, expected] of anew)
      assert.strictEqual(Judgement.isTransientAnew(error), expected, error.message)
  })
})

describe("a text of PgBouncer's", () => {
  it("comes with a hint that names the pooler and its setting", () => {
    const hinted: ReadonlyArray<readonly [string, RegExp]> = [
      ["query_wait_timeout", /HINT: PgBouncer .*default_pool_size/],
      ["server login has been failing, cached error: x", /HINT: PgBouncer .*server_login_retry/],
      ["no more connections allowed (max_client_conn)", /HINT: PgBouncer .*max_client_conn/]
    ]
    for (const [text, hint] of hinted) {
      assert.match(pooler(text).message, hint)
      assert.match(connect(pooler(text)).message, hint)
    }
    assert.notInclude(pooler("invalid message").message, "HINT")
    const other: Partial<ServerFields> = { text: "query_wait_timeout" }
    assert.notInclude(server("XX000", other).message, "HINT")
  })
})
