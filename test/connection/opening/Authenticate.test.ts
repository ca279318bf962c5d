import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import type { PgOpenError } from "../../../src/model/PgError.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import type { BackendMessage } from "../../../src/wire/BackendMessage.js"
import { scramServer } from "../../support/scramServer.js"
import { failing, opening, succeeding } from "../scripted.js"

const { expect: expects, expectEnd, send } = ScriptedServer
const hello = expects({ _tag: "StartupMessage" })
const ok: BackendMessage = { _tag: "AuthenticationOk" }
const ready = ScriptedServer.readyForQuery()
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const secret = "s3cr3t-pässword"

/** A server that sends this behind the StartupMessage, and to which nothing more may be sent. */
const says = (...messages: ReadonlyArray<BackendMessage>) => [[hello, send(...messages), expectEnd]]

const scram = (options: Partial<Parameters<typeof scramServer>[0]> = {}) => [
  [
    ScriptedServer.startup({ auth: ScriptedServer.sasl(scramServer({ password: secret, ...options })) }),
    ScriptedServer.goodbye
  ]
]

/** No form of an error may show what must stay secret. */
const keepsSecret = (error: PgOpenError): void => {
  for (const text of [
    error.message,
    String(error),
    JSON.stringify(error),
    inspect(error, { depth: 10, showHidden: true })
  ]) {
    assert.notInclude(text, secret)
  }
}

const withPassword = `password='${secret}'`

describe("a server that asks for less than the settings require", () => {
  for (const [name, request, ids] of [
    [
      "AuthenticationCleartextPassword",
      { _tag: "AuthenticationCleartextPassword" },
      "AUT-049, AUT-070, AUT-009"
    ],
    [
      "AuthenticationMD5Password",
      { _tag: "AuthenticationMD5Password", salt: Uint8Array.of(1, 2, 3, 4) },
      "AUT-049, AUT-009"
    ],
    ["AuthenticationGSS", { _tag: "AuthenticationGSS" }, "AUT-049"],
    ["AuthenticationOk", ok, "AUT-050, AUT-071"]
  ] as const) {
    it.effect(`by ${name} receives no byte of the password (${ids})`, () =>
      Effect.gen(function* () {
        const error = yield* failing(says(request), `${withPassword} require_auth=scram-sha-256`)
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-refused" })
        keepsSecret(error)
      })
    )
  }

  it.effect("by going on to ReadyForQuery at once is not believed (AUT-071)", () =>
    Effect.gen(function* () {
      const error = yield* failing(says(ok, ready), `${withPassword} require_auth=!none`)
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-refused" })
    })
  )

  it.effect(
    "is refused without TLS where channel binding is required, before anything is sent (AUT-046, TRP-025)",
    () =>
      Effect.gen(function* () {
        const error = yield* failing([], `${withPassword} channel_binding=require`)
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-refused" })
      })
  )
})

describe("a server that does not prove itself", () => {
  const opened = (then: ScriptedServer.Script) => [
    [
      hello,
      send({ _tag: "AuthenticationSASL", mechanisms: ["SCRAM-SHA-256"] }),
      expects({ _tag: "SASLInitialResponse" }),
      then
    ]
  ]

  it.effect("is refused when it lets us in behind the first message (AUT-026, TRP-029)", () =>
    Effect.gen(function* () {
      const error = yield* failing(opened([send(ok, ready), expectEnd]), withPassword)
      assert.include(["PgAuthError", "PgConnectError"], error._tag)
      assert.include(error.message, "AuthenticationOk")
    })
  )

  it.effect("is refused when it lets us in without its signature (AUT-026)", () =>
    Effect.gen(function* () {
      const server = scramServer({ password: secret })()
      const script = [
        [
          hello,
          send({ _tag: "AuthenticationSASL", mechanisms: server.mechanisms }),
          expects({ _tag: "SASLInitialResponse" }, ({ data, mechanism }) => {
            const reply = server.reply(data ?? new Uint8Array(0), mechanism)
            return reply._tag === "Continue"
              ? [
                  send({ _tag: "AuthenticationSASLContinue", data: reply.data }),
                  expects({ _tag: "SASLResponse" }),
                  send(ok, ready),
                  expectEnd
                ]
              : []
          })
        ]
      ]
      const error = yield* failing(script, withPassword)
      assert.include(error.message, "AuthenticationOk")
    })
  )

  for (const [name, bend] of [
    ["a wrong signature", (text: string) => (text.startsWith("v=") ? `v=${"A".repeat(43)}=` : text)],
    ["a short signature", (text: string) => (text.startsWith("v=") ? "v=AAAA" : text)],
    ["a signature that is not base64", (text: string) => (text.startsWith("v=") ? "v=?" : text)],
    ["an error in place of its signature", (text: string) => (text.startsWith("v=") ? "e=other-error" : text)]
  ] as const) {
    it.effect(`is refused for ${name}, even though it lets us in (AUT-025, AUT-073, TRP-030)`, () =>
      Effect.gen(function* () {
        const script = [
          [
            ScriptedServer.startup({
              auth: ScriptedServer.sasl(
                scramServer({
                  password: secret,
                  bend: (kind, text) => (kind === "final" ? bend(text) : text)
                })
              )
            }),
            expectEnd
          ]
        ]
        const error = yield* failing(script, withPassword)
        assert.include(["server-unproven", "rejected"], error._tag === "PgAuthError" ? error.reason : "")
        keepsSecret(error)
      })
    )
  }

  for (const [name, challenge] of [
    ["a nonce that does not extend ours (AUT-020, AUT-074, TRP-031)", "r=foreign,s=QUJD,i=4096"],
    ["no number of rounds (AUT-020)", "r=NONCE+,s=QUJD"],
    ["nought rounds (AUT-021)", "r=NONCE+,s=QUJD,i=0"],
    ["two thousand million rounds (AUT-021, AUT-075, TRP-021)", "r=NONCE+,s=QUJD,i=2147483647"],
    ["an unknown extension (AUT-020)", "m=x,r=NONCE+,s=QUJD,i=4096"],
    ["a zero byte (AUT-028)", "r=NONCE+,s=QUJD,i=4096\0"]
  ] as const) {
    it.effect(`receives nothing more after ${name}, and no key is derived`, () =>
      Effect.gen(function* () {
        const script = [
          [
            hello,
            send({ _tag: "AuthenticationSASL", mechanisms: ["SCRAM-SHA-256"] }),
            expects({ _tag: "SASLInitialResponse" }, ({ data }) => {
              const nonce = /r=(.*)$/.exec(new TextDecoder().decode(data ?? new Uint8Array(0)))?.[1] ?? ""
              return [
                send({
                  _tag: "AuthenticationSASLContinue",
                  data: bytes(challenge.replace("NONCE+", `${nonce}+`))
                }),
                expectEnd
              ]
            })
          ]
        ]
        let derived = 0
        const { outcome, server } = yield* opening(
          script,
          withPassword,
          {},
          {
            pbkdf2Sha256: () => {
              derived++
              return Effect.succeed(new Uint8Array(32))
            }
          }
        )
        yield* server.done
        const error = yield* Effect.flip(outcome)
        assert.strictEqual(error._tag, "PgAuthError")
        assert.strictEqual(derived, 0)
      }).pipe(Effect.scoped)
    )
  }

  it.effect(
    "is refused when it offers binding without TLS, or nothing known, or nothing (AUT-015, AUT-044)",
    () =>
      Effect.gen(function* () {
        for (const mechanisms of [["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], ["SCRAM-SHA-512"], []]) {
          const error = yield* failing(says({ _tag: "AuthenticationSASL", mechanisms }), withPassword)
          assert.strictEqual(error._tag, "PgAuthError")
        }
      })
  )

  it.effect("may ask for few rounds or for many, within what is allowed (AUT-021, TRP-022)", () =>
    Effect.gen(function* () {
      for (const iterations of [1, 1024])
        yield* Effect.scoped(
          opening(scram({ iterations }), withPassword).pipe(Effect.flatMap(({ outcome }) => outcome))
        )
    })
  )
})

describe("requests out of turn", () => {
  const sasl: BackendMessage = { _tag: "AuthenticationSASL", mechanisms: ["SCRAM-SHA-256"] }
  for (const [name, script] of [
    [
      "a second request for a password",
      [
        hello,
        send({ _tag: "AuthenticationCleartextPassword" }),
        expects({ _tag: "PasswordMessage" }),
        send({ _tag: "AuthenticationCleartextPassword" }),
        expectEnd
      ]
    ],
    [
      "a challenge before SASL",
      [hello, send({ _tag: "AuthenticationSASLContinue", data: bytes("x") }), expectEnd]
    ],
    ["a proof before SASL", [hello, send({ _tag: "AuthenticationSASLFinal", data: bytes("x") }), expectEnd]],
    ["a second SASL", [hello, send(sasl), expects({ _tag: "SASLInitialResponse" }), send(sasl), expectEnd]],
    [
      "a GSS token before GSS",
      [hello, send({ _tag: "AuthenticationGSSContinue", data: bytes("x") }), expectEnd]
    ]
  ] as ReadonlyArray<readonly [string, ScriptedServer.Script]>) {
    it.effect(`end the attempt: ${name} (AUT-003, AUT-005, AUT-027)`, () =>
      Effect.gen(function* () {
        const error = yield* failing([script], withPassword)
        assert.strictEqual(error._tag, "PgConnectError")
        if (error._tag === "PgConnectError")
          assert.strictEqual(error.attempts[0]?.cause._tag, "PgProtocolError")
      })
    )
  }

  it.effect("of unsupported methods are refused by name (AUT-001, AUT-058)", () =>
    Effect.gen(function* () {
      for (const [request, method] of [
        [{ _tag: "AuthenticationOther", code: 77, data: new Uint8Array(0) }, "method 77"],
        [{ _tag: "AuthenticationKerberosV5" }, "kerberos 5"],
        [{ _tag: "AuthenticationGSS" }, "gss"],
        [{ _tag: "AuthenticationSSPI" }, "sspi"]
      ] as const) {
        const error = yield* failing(says(request), withPassword)
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-unsupported", method })
      }
    })
  )
})

describe("credentials", () => {
  const login = [ScriptedServer.startup({ auth: ScriptedServer.cleartext(secret) }), ScriptedServer.goodbye]

  it.effect(
    "that are missing or empty are never sent, whatever the method and wherever they come from (AUT-008, TRP-032)",
    () =>
      Effect.gen(function* () {
        const requests: ReadonlyArray<BackendMessage> = [
          { _tag: "AuthenticationCleartextPassword" },
          { _tag: "AuthenticationMD5Password", salt: Uint8Array.of(1, 2, 3, 4) },
          { _tag: "AuthenticationSASL", mechanisms: ["SCRAM-SHA-256"] }
        ]
        const empty = { password: Redacted.make("") }
        const sources = [
          { conninfo: "" },
          { conninfo: "password=''" },
          { conninfo: withPassword, credentials: empty },
          { conninfo: withPassword, credentials: Effect.succeed(empty) },
          { conninfo: withPassword, credentials: () => Effect.succeed({}) }
        ]
        for (const request of requests) {
          for (const { conninfo, ...options } of sources) {
            const { outcome } = yield* opening(says(request), conninfo, options)
            const error = yield* Effect.flip(outcome)
            assert.deepInclude(error, { _tag: "PgAuthError", reason: "password-missing" })
          }
        }
      }).pipe(Effect.scoped)
  )

  it.effect("may come from an effect, which receives the address they are sent to", () =>
    Effect.gen(function* () {
      const targets: Array<unknown> = []
      const { outcome } = yield* opening([login], "port=6432 dbname=shop", {
        credentials: (target) => {
          targets.push(target)
          return Effect.succeed({ password: Redacted.make(secret) })
        }
      })
      yield* outcome
      assert.deepStrictEqual(targets, [{ host: "db", port: 6432, user: "app", database: "shop" }])
    }).pipe(Effect.scoped)
  )

  it.effect("that cannot be had end the attempt with the reason, and nothing is sent (AUT-009)", () =>
    Effect.gen(function* () {
      const error = yield* failing([[expectEnd]], "", {
        credentials: Effect.fail(new Error("the vault is sealed"))
      })
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "password-missing" })
      assert.include(error.message, "the vault is sealed")
    })
  )

  it.effect("that never come are given up at the connect deadline (CON-019)", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.fork(
        failing([[expectEnd]], "connect_timeout=7", { credentials: Effect.never })
      )
      yield* TestClock.adjust("6 seconds")
      assert.isTrue((yield* Fiber.poll(waiting))._tag === "None")
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(error._tag, "PgConnectError")
      if (error._tag === "PgConnectError") {
        assert.deepInclude(error.attempts[0]?.cause, { _tag: "PgTimeoutError", deadline: "connect" })
      }
    })
  )

  it.effect("from a password file are named by the file when they are wrong (CON-114)", () =>
    Effect.gen(function* () {
      const script = [
        hello,
        send({ _tag: "AuthenticationCleartextPassword" }),
        expects({ _tag: "PasswordMessage", password: secret }),
        send(ScriptedServer.errorResponse({ severity: "FATAL", code: "28P01", text: "no" })),
        expectEnd
      ]
      const file = {
        path: "/etc/pass",
        text: `*:*:*:*:${secret}`,
        bytes: bytes(`*:*:*:*:${secret}`),
        mode: 0o600,
        owner: { _tag: "None" }
      }
      const { outcome } = yield* opening(
        [script],
        "passfile=/etc/pass",
        {},
        {
          readFile: (path) =>
            Effect.succeed(
              path === file.path ? ({ _tag: "Some", value: file } as never) : ({ _tag: "None" } as never)
            )
        }
      )
      const error = yield* Effect.flip(outcome)
      assert.include(error.message, "/etc/pass")
      keepsSecret(error)
    }).pipe(Effect.scoped)
  )

  it.effect("are refused with the server's word, and the error shows no secret (AUT-009)", () =>
    Effect.gen(function* () {
      const script = [
        hello,
        send({ _tag: "AuthenticationCleartextPassword" }),
        expects({ _tag: "PasswordMessage", password: secret }),
        send(
          ScriptedServer.errorResponse({ severity: "FATAL", code: "28P01", text: "authentication failed" })
        ),
        expectEnd
      ]
      const error = yield* failing([script], withPassword)
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "rejected", method: "password" })
      keepsSecret(error)
    })
  )

  it.effect("are shown to one server only when it refuses them (TRP-015)", () =>
    Effect.gen(function* () {
      const script = [
        hello,
        send(
          ScriptedServer.errorResponse({ severity: "FATAL", code: "28P01", text: "authentication failed" })
        ),
        expectEnd
      ]
      const error = yield* failing([script], `host=a,b ${withPassword}`)
      assert.strictEqual(error._tag, "PgAuthError")
    })
  )
})

describe("a login by SCRAM", () => {
  it.scoped(
    "succeeds with a server written from the standard, and both know the password (AUT-016, AUT-022, AUT-024)",
    () =>
      Effect.gen(function* () {
        const core = yield* succeeding(
          [[ScriptedServer.startup({ auth: ScriptedServer.sasl(scramServer({ password: secret })) })]],
          withPassword
        )
        assert.strictEqual(core.facts.authentication, "scram-sha-256")
        assert.isFalse(core.facts.channelBound)
      })
  )
})
