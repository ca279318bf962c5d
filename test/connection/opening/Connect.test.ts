import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { readFileSync } from "node:fs"
import { PgAuthError, PgConnectError, PgServerError } from "../../../src/model/PgError.js"
import type { PgOpenError } from "../../../src/model/PgError.js"
import { isTransient } from "../../../src/model/Judgement.js"
import * as Retry from "../../../src/connection/opening/Retry.js"
import { unsettable } from "../../../src/connection/opening/Sockets.js"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as SystemFailure from "../../../src/net/SystemFailure.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import type { Scripts } from "../scripted.js"
import { failing, opening, succeeding } from "../scripted.js"

const { expect: expects, expectEnd, hangUp, refuse, send, sendBytes } = ScriptedServer
const hello = expects({ _tag: "StartupMessage" })

const fatal = (code: string) =>
  send(ScriptedServer.errorResponse({ severity: "FATAL", code: code as never, text: `code ${code}` }))
const refusing = (code: string): ScriptedServer.Script => [hello, fatal(code), expectEnd]
const session = (parameters: Readonly<Record<string, string>> = {}): ScriptedServer.Script =>
  ScriptedServer.startup({ parameters })
const unwanted = (parameters: Readonly<Record<string, string>>): ScriptedServer.Script => [
  session(parameters),
  ScriptedServer.goodbye
]

const addressesOf = (error: PgOpenError): ReadonlyArray<string> =>
  error._tag === "PgConnectError" ? error.attempts.map(({ address }) => address) : [error._tag]

const reached = (scripts: Scripts, conninfo: string, options = {}) =>
  Effect.scoped(
    Effect.map(succeeding(scripts, conninfo, options), ({ facts }) =>
      facts.address._tag === "Tcp" ? facts.address.host : facts.address.path
    )
  )

describe("a list of hosts", () => {
  it.effect("is gone through when one refuses or is starting (CON-116, CON-117, TRP-015)", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reached([refuse(), refusing("57P03"), session()], "host=a,b,c"), "c")
    })
  )

  it.effect("is gone through address by address of each name (CON-017, CON-116)", () =>
    Effect.gen(function* () {
      const resolve = (name: string) => Effect.succeed([`${name}1`, `${name}2`])
      const tried = yield* failing([refuse(), refuse(), refuse(), refuse()], "host=a,b", { resolve })
      assert.deepStrictEqual(addressesOf(tried), ["a1:5432 (a)", "a2:5432 (a)", "b1:5432 (b)", "b2:5432 (b)"])
      assert.strictEqual(yield* reached([refuse(), session()], "host=a,b", { resolve }), "a2")
      // A server that is starting is the same server at each of its addresses.
      assert.strictEqual(yield* reached([refusing("57P03"), session()], "host=a,b", { resolve }), "b1")
    })
  )

  it.effect("uses an address that was given in place of the name (CON-016)", () =>
    Effect.gen(function* () {
      const resolve = () => Effect.die("nothing is to be looked up")
      const core = yield* succeeding([session()], "host=a hostaddr=192.0.2.7", { resolve })
      assert.deepStrictEqual(core.facts.address, { _tag: "Tcp", host: "192.0.2.7", port: 5432 })
      assert.strictEqual(core.facts.host, "a")
    }).pipe(Effect.scoped)
  )

  it.effect("goes on where a name leads nowhere (CON-117)", () =>
    Effect.gen(function* () {
      const resolve = (name: string) =>
        name === "a" ? Effect.fail(SystemFailure.fromCode("ENOTFOUND")) : Effect.succeed([name])
      assert.strictEqual(yield* reached([session()], "host=a,b", { resolve }), "b")
    })
  )

  for (const code of ["28P01", "28000", "3D000", "53300"]) {
    it.effect(`ends at a server that fails with ${code} (CON-080, CON-117, TRP-015)`, () =>
      Effect.gen(function* () {
        const error = yield* failing([refusing(code)], "host=a,b password=x")
        assert.strictEqual(error._tag, code.startsWith("28") ? "PgAuthError" : "PgConnectError")
        assert.include(error.message, `code ${code}`)
      })
    )
  }

  it.effect(
    "goes on where the server closes without an answer, and reports the phase that was reached (CON-081)",
    () =>
      Effect.gen(function* () {
        const error = yield* failing([[hello, hangUp, expectEnd], refuse()], "host=a,b")
        assert.deepStrictEqual(addressesOf(error), ["a:5432", "b:5432"])
        if (error._tag === "PgConnectError") assert.strictEqual(error.attempts[0]?.phase, "startup")
      })
  )

  it.effect("gives each address the whole deadline, and lists those that passed it (CON-017, CON-019)", () =>
    Effect.gen(function* () {
      const silent = [hello, expectEnd]
      const resolve = (name: string) => Effect.succeed([`${name}1`, `${name}2`])
      const waiting = yield* Effect.fork(
        failing([silent, silent, silent, silent], "host=a,b connect_timeout=3", { resolve })
      )
      yield* TestClock.adjust("11 seconds")
      assert.isTrue((yield* Fiber.poll(waiting))._tag === "None")
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(waiting)
      assert.lengthOf(addressesOf(error), 4)
      if (error._tag === "PgConnectError") {
        for (const { cause } of error.attempts)
          assert.deepInclude(cause, { _tag: "PgTimeoutError", millis: 3000 })
      }
    })
  )

  it.effect("may have a deadline over all of it: Effect's own, which frees the socket (CON-020)", () =>
    Effect.gen(function* () {
      const silent = [hello, expectEnd]
      const server = yield* opening([silent, silent], "host=a,b connect_timeout=3").pipe(
        Effect.scoped,
        Effect.timeoutOption("4 seconds"),
        Effect.fork
      )
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* Fiber.join(server))._tag, "None")
    })
  )

  it.effect("gives names that are never looked up the deadline too (CON-019)", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.fork(
        failing([], "host=a connect_timeout=3", { resolve: () => Effect.never })
      )
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(waiting)
      if (error._tag === "PgConnectError") assert.strictEqual(error.attempts[0]?.phase, "resolve")
    })
  )

  it.effect("is shuffled by chance from the host, addresses too (CON-116)", () =>
    Effect.gen(function* () {
      const tried = new Set<string>()
      for (const random of [0, 1, 2, 3]) {
        const { outcome } = yield* opening(
          [refuse(), refuse(), refuse(), refuse()],
          "host=a,b load_balance_hosts=random",
          { resolve: (name) => Effect.succeed([`${name}1`, `${name}2`]) },
          {
            randomBytes: (count) =>
              Effect.sync(() => {
                const bytes = new Uint8Array(count)
                bytes[7] = random
                return bytes
              })
          }
        )
        const error = yield* Effect.flip(outcome)
        tried.add(addressesOf(error).join())
        assert.lengthOf(new Set(addressesOf(error)), 4)
      }
      assert.strictEqual(tried.size, 2)
    }).pipe(Effect.scoped)
  )
})

describe("target_session_attrs", () => {
  const primary = { in_hot_standby: "off", default_transaction_read_only: "off" }
  const standby = { in_hot_standby: "on", default_transaction_read_only: "off" }
  const readOnly = { in_hot_standby: "off", default_transaction_read_only: "on" }
  const kinds = { primary, standby, readOnly }

  for (const [attrs, wanted] of [
    ["any", ["primary", "standby", "readOnly"]],
    ["read-write", ["primary"]],
    ["read-only", ["standby", "readOnly"]],
    ["primary", ["primary", "readOnly"]],
    ["standby", ["standby"]]
  ] as const) {
    it.effect(
      `${attrs} takes what it names by what the server reports, and leaves others with a goodbye (CON-118, CON-119, CON-120, CON-122)`,
      () =>
        Effect.gen(function* () {
          for (const [kind, parameters] of Object.entries(kinds)) {
            const taken = (wanted as ReadonlyArray<string>).includes(kind)
            const scripts = taken ? [session(parameters)] : [unwanted(parameters), refuse()]
            const { outcome, server } = yield* Effect.scoped(
              Effect.flatMap(opening(scripts, `host=a,b target_session_attrs=${attrs}`), (opened) =>
                Effect.as(opened.server.done, opened)
              )
            )
            assert.strictEqual(outcome._tag, taken ? "Right" : "Left", kind)
            assert.lengthOf(server.connections(), 1)
          }
        })
    )
  }

  it.effect("prefer-standby goes through the whole list twice (CON-121)", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* reached([unwanted(primary), session(standby)], "host=a,b target_session_attrs=prefer-standby"),
        "b"
      )
      assert.strictEqual(
        yield* reached(
          [unwanted(primary), refuse(), session(primary)],
          "host=a,b target_session_attrs=prefer-standby"
        ),
        "a"
      )
    })
  )

  it.effect("asks a server that does not report what decides it (CON-119, CON-120)", () =>
    Effect.gen(function* () {
      // A server that reports neither, such as a pooler.
      const silent: ScriptedServer.Script = [
        hello,
        send(
          { _tag: "AuthenticationOk" },
          { _tag: "ParameterStatus", name: "client_encoding", value: "UTF8" },
          ScriptedServer.readyForQuery()
        )
      ]
      const answers = (sql: string, value: string) =>
        ScriptedServer.simpleQuery(sql, [{ columns: [ScriptedServer.column("x")], rows: [[value]] }])
      const show = "show transaction_read_only"
      const recovery = "select pg_catalog.pg_is_in_recovery()"
      for (const [attrs, sql, good, bad] of [
        ["read-write", show, "off", "on"],
        ["read-only", show, "on", "off"],
        ["primary", recovery, "f", "t"],
        ["standby", recovery, "t", "f"]
      ] as const) {
        const conninfo = `host=a,b target_session_attrs=${attrs}`
        assert.strictEqual(yield* reached([[silent, answers(sql, good)]], conninfo), "a")
        assert.strictEqual(
          yield* reached(
            [
              [silent, answers(sql, bad), ScriptedServer.goodbye],
              [silent, answers(sql, good)]
            ],
            conninfo
          ),
          "b"
        )
      }
    })
  )

  it.effect("passes over a server that answers its question with an error (CON-122)", () =>
    Effect.gen(function* () {
      const silent: ScriptedServer.Script = [
        hello,
        send({ _tag: "AuthenticationOk" }, ScriptedServer.readyForQuery()),
        expects({ _tag: "Query" }),
        send(
          ScriptedServer.errorResponse({ code: "42501", text: "not for you" }),
          ScriptedServer.readyForQuery()
        ),
        ScriptedServer.goodbye
      ]
      assert.strictEqual(
        yield* reached([silent, session(primary)], "host=a,b target_session_attrs=primary"),
        "b"
      )
    })
  )
})

describe("an opening that is tried again", () => {
  const connectError = (cause: PgConnectError["attempts"][number]["cause"]) =>
    new PgConnectError({ attempts: [{ address: "a", phase: "startup", cause }] })
  const serverError = (code: string) => {
    const made = ScriptedServer.errorResponse({ severity: "FATAL", code: code as never, text: "x" })
    return connectError(
      new PgServerError({ ...(made._tag === "ErrorResponse" ? made.fields : ({} as never)), sql: "" })
    )
  }

  it("may pass: starting, refused, reset, another role", () => {
    for (const error of [
      serverError("57P03"),
      ...["ECONNREFUSED", "ECONNRESET", "EFFECT_POSTGRES_SESSION_ATTRS"].map((code) =>
        connectError(SystemFailure.make(code, "x"))
      )
    ]) {
      assert.isTrue(isTransient(error), error.message)
    }
  })

  it("will not pass: refused logins, wrong certificates, unknown databases and names", () => {
    const auth = new PgAuthError({ reason: "rejected", method: "", detail: "", user: "", server: undefined })
    for (const error of [
      auth,
      serverError("3D000"),
      serverError("28P01"),
      ...["ENOTFOUND", "CERT_HAS_EXPIRED"].map((code) => connectError(SystemFailure.make(code, "x")))
    ]) {
      assert.isFalse(isTransient(error), error.message)
    }
  })

  it.effect("waits for the delays of its schedule, and ends with the schedule (TRP-015)", () =>
    Effect.gen(function* () {
      let times = 0
      const open = Effect.suspend(() => {
        times++
        return times < 3 ? Effect.fail<PgOpenError>(serverError("57P03")) : Effect.succeed(times)
      })
      const waiting = yield* Effect.fork(Retry.retrying(Schedule.spaced("1 second"))(open))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(times, 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(waiting), 3)
    })
  )
})

describe("settings of sockets", () => {
  it.effect("that Node cannot make are named (CON-018)", () =>
    Effect.gen(function* () {
      const of = (conninfo: string) => Effect.map(PgConfig.fromConnectionString(conninfo), unsettable)
      assert.deepStrictEqual(yield* of("keepalives_idle=10 keepalives=1"), [])
      assert.deepStrictEqual(yield* of("keepalives_interval=10 keepalives_count=3 tcp_user_timeout=5000"), [
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout"
      ])
    })
  )
})

describe("a request for encryption", () => {
  const asks = expects({ _tag: "SSLRequest" })
  const plain = ScriptedServer.startup()

  it.effect(
    "that is refused goes on in the clear on the same link where that is allowed (CON-023, CON-031)",
    () =>
      Effect.gen(function* () {
        const core = yield* succeeding([[asks, sendBytes([0x4e]), plain]], "sslmode=prefer")
        assert.deepStrictEqual(core.facts.encryption, { _tag: "None" })
      }).pipe(Effect.scoped)
  )

  it.effect(
    "that the server refuses ends a required attempt, and no user name is sent (CON-051, TRP-003)",
    () =>
      Effect.gen(function* () {
        const error = yield* failing([[asks, sendBytes([0x4e]), expectEnd]], "sslmode=require")
        assert.strictEqual(error._tag, "PgConnectError")
      })
  )

  for (const [name, answer] of [
    ["plaintext behind the yes (CON-025, CON-026, TRP-001)", [0x53, 0x52, 0, 0, 0, 8, 0, 0, 0, 0]],
    ["plaintext behind the no (CON-025)", [0x4e, 0x52, 0, 0, 0, 8, 0, 0, 0, 0]],
    ["a byte that means nothing (CON-023)", [0x48]],
    ["an error (CON-024, TRP-002)", [0x45, 0, 0, 0, 20, 0x53, 0x78, 0]]
  ] as const) {
    it.effect(`that is answered with ${name} ends everything, also where TLS is not demanded`, () =>
      Effect.gen(function* () {
        for (const mode of ["prefer", "require"]) {
          const error = yield* failing([[asks, sendBytes(answer), expectEnd]], `host=a,b sslmode=${mode}`)
          assert.deepStrictEqual(addressesOf(error), ["a:5432"])
        }
      })
    )
  }

  it.effect("that is not answered but closed moves on, and never to the clear (CON-029)", () =>
    Effect.gen(function* () {
      const error = yield* failing([[asks, hangUp, expectEnd], refuse()], "host=a,b sslmode=prefer")
      assert.deepStrictEqual(addressesOf(error), ["a:5432", "b:5432"])
    })
  )

  it.effect("is not made over a Unix socket, whatever the mode (CON-014)", () =>
    Effect.gen(function* () {
      const core = yield* succeeding([plain], "host=/tmp sslmode=require")
      assert.deepStrictEqual(core.facts.address, { _tag: "Unix", path: "/tmp/.s.PGSQL.5432" })
    }).pipe(Effect.scoped)
  )

  it.effect(
    "is all there is where our certificate must be asked for: never the clear, never a Unix socket (CON-060, AUT-053)",
    () =>
      Effect.gen(function* () {
        const certificate = readFileSync(new URL("../../fixtures/tls/client.crt", import.meta.url), "utf8")
        const key = readFileSync(new URL("../../fixtures/tls/client.key", import.meta.url), "utf8")
        const own = `sslcertmode=require sslcert='${certificate}' sslkey='${key}'`
        const refused = yield* failing([[asks, sendBytes([0x4e]), expectEnd]], `sslmode=prefer ${own}`)
        assert.strictEqual(refused._tag, "PgConnectError")
        const local = yield* failing([], `host=/tmp sslmode=prefer ${own}`)
        assert.deepInclude(local, { _tag: "PgAuthError", reason: "method-refused", method: "cert" })
      })
  )

  it.effect(
    "is not made by the cancel connection of a session in the clear, which goes to the same address (CON-124, CON-125, CON-127, CON-128)",
    () =>
      Effect.gen(function* () {
        const cancel: ScriptedServer.Script = [
          expects({ _tag: "CancelRequest", ...ScriptedServer.defaultKey }),
          hangUp
        ]
        const { outcome, server } = yield* opening(
          [[asks, sendBytes([0x4e]), plain], cancel],
          "host=a,b sslmode=prefer"
        )
        const core = yield* outcome
        yield* core.sendCancel(core.facts)
        yield* server.done
        assert.deepStrictEqual(
          server.connections().map(({ address }) => address),
          [core.facts.address, core.facts.address]
        )
      }).pipe(Effect.scoped)
  )
})

describe("protocol versions", () => {
  const negotiate = (version: number, unsupported: ReadonlyArray<string> = []) =>
    send({ _tag: "NegotiateProtocolVersion", version, unsupported })
  const asked32 = expects({ _tag: "StartupMessage", version: 0x30002 })
  const rest = send(
    { _tag: "AuthenticationOk" },
    { _tag: "BackendKeyData", ...ScriptedServer.defaultKey },
    ScriptedServer.readyForQuery()
  )

  it.effect(
    "fall back to what the server offers, with a short key (CON-063, CON-064, CON-067, TRP-008)",
    () =>
      Effect.gen(function* () {
        const core = yield* succeeding([[asked32, negotiate(0x30000), rest]], "max_protocol_version=3.2")
        assert.strictEqual(core.facts.protocolVersion, "3.0")
      }).pipe(Effect.scoped)
  )

  for (const [name, version, unsupported] of [
    ["newer than asked for", 0x30003, []],
    ["below 3.0", 0x20000, []],
    ["3.1, which is reserved", 0x30001, []],
    ["what was asked for, with nothing changed", 0x30002, []],
    ["3.0 and an option that was not sent", 0x30000, ["_pq_.x"]],
    ["3.0 and an option without the prefix", 0x30000, ["x"]]
  ] as const) {
    it.effect(`are refused when the server offers ${name} (CON-066, TRP-009, TRP-011)`, () =>
      Effect.gen(function* () {
        const error = yield* failing(
          [[asked32, negotiate(version, unsupported), expectEnd]],
          "max_protocol_version=3.2"
        )
        assert.strictEqual(error._tag, "PgConnectError")
        if (error._tag === "PgConnectError")
          assert.strictEqual(error.attempts[0]?.cause._tag, "PgProtocolError")
      })
    )
  }

  it.effect("are negotiated once (CON-063, CON-066, TRP-011)", () =>
    Effect.gen(function* () {
      const error = yield* failing(
        [[asked32, negotiate(0x30000), negotiate(0x30000), expectEnd]],
        "max_protocol_version=3.2"
      )
      assert.strictEqual(error._tag, "PgConnectError")
    })
  )

  it.effect("below the least allowed are refused by the name of the setting (CON-062, CON-066)", () =>
    Effect.gen(function* () {
      const error = yield* failing([[asked32, negotiate(0x30000), expectEnd]], "min_protocol_version=3.2")
      assert.include(error.message, "min_protocol_version")
    })
  )

  it.effect(
    "that make a pooler hang up or complain are named with the setting that helps (CON-068, CON-070)",
    () =>
      Effect.gen(function* () {
        for (const script of [
          [asked32, hangUp, expectEnd],
          [asked32, fatal("08P01"), expectEnd],
          [asked32, fatal("0A000"), expectEnd]
        ]) {
          const error = yield* failing([script], "max_protocol_version=3.2")
          assert.include(error.message, "max_protocol_version=3.0")
        }
      })
  )

  const nobodys = "_pq_.test_protocol_negotiation"
  const askedGrease = expects({ _tag: "StartupMessage", version: 0x3270f }, ({ parameters }) =>
    parameters.some(([name, value]) => name === nobodys && value === "") ? [] : [hangUp]
  )

  it.effect("that do not exist are requested to learn whether the server negotiates (CON-072)", () =>
    Effect.gen(function* () {
      const core = yield* succeeding(
        [[askedGrease, negotiate(0x30002, [nobodys]), rest]],
        "max_protocol_version=grease"
      )
      assert.strictEqual(core.facts.protocolVersion, "3.2")
    }).pipe(Effect.scoped)
  )

  for (const [name, answer] of [
    ["not answered at all", []],
    ["answered without the option", [negotiate(0x30002)]],
    ["answered with another option", [negotiate(0x30002, [nobodys, "_pq_.x"])]],
    ["agreed to", [negotiate(0x3270f, [nobodys])]]
  ] as ReadonlyArray<readonly [string, ScriptedServer.Script]>) {
    it.effect(`that do not exist and that are ${name} end the attempt, before any answer (CON-072)`, () =>
      Effect.gen(function* () {
        const cleartext = send({ _tag: "AuthenticationCleartextPassword" })
        const error = yield* failing(
          [[askedGrease, answer, cleartext, expectEnd]],
          "max_protocol_version=grease password=secret"
        )
        assert.strictEqual(error._tag, "PgConnectError")
        if (error._tag === "PgConnectError")
          assert.strictEqual(error.attempts[0]?.cause._tag, "PgProtocolError")
      })
    )
  }

  it.effect("3.1 cannot be asked for (CON-069)", () =>
    Effect.gen(function* () {
      for (const keyword of ["min_protocol_version", "max_protocol_version"]) {
        const error = yield* Effect.flip(PgConfig.fromConnectionString(`${keyword}=3.1`))
        assert.strictEqual(error.key, keyword)
      }
    })
  )

  it.effect("3.0 with a long key is a violation (CON-078)", () =>
    Effect.gen(function* () {
      const error = yield* failing(
        [
          [
            hello,
            send(
              { _tag: "AuthenticationOk" },
              { _tag: "BackendKeyData", processId: 1, secretKey: new Uint8Array(32) }
            ),
            expectEnd
          ]
        ],
        ""
      )
      assert.strictEqual(error._tag, "PgConnectError")
    })
  )
})
