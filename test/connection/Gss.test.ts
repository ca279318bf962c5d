import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import { testProvider, flip } from "../support/gssProvider.js"
import { failing, opening, succeeding } from "./scripted.js"

const { expect: expects, expectEnd, send, sendBytes } = ScriptedServer
const hello = expects({ _tag: "StartupMessage" })
const ok = { _tag: "AuthenticationOk" } as const
const ready = send(ok, ScriptedServer.readyForQuery())
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const token = (text: string) => expects({ _tag: "GSSResponse", data: bytes(text) })
const asksGss = expects({ _tag: "GSSENCRequest" })
const asksTls = expects({ _tag: "SSLRequest" })

describe("a login by GSS", () => {
  for (const [request, method, ids] of [
    [{ _tag: "AuthenticationGSS" }, "gss", "AUT-054, AUT-055, AUT-057"],
    [{ _tag: "AuthenticationSSPI" }, "sspi", "AUT-056"]
  ] as const) {
    it.scoped(`goes back and forth until both names are proven: ${method} (${ids})`, () =>
      Effect.gen(function* () {
        const provider = testProvider({ tokens: ["one", "two"] })
        const core = yield* succeeding(
          [
            [
              hello,
              send(request),
              token("one"),
              send({ _tag: "AuthenticationGSSContinue", data: bytes("theirs") }),
              token("two"),
              send({ _tag: "AuthenticationGSSContinue", data: bytes("last") }),
              ready
            ]
          ],
          "krbsrvname=pg gssencmode=disable",
          { gss: provider }
        )
        assert.strictEqual(core.facts.authentication, method)
        assert.deepStrictEqual(provider.heard, ["theirs", "last"])
        assert.deepInclude(provider.targets[0], {
          service: "pg",
          host: "db",
          purpose: "authentication",
          mechanism: method
        })
      })
    )
  }

  it.effect("is not believed before our side is done (AUT-050, AUT-055)", () =>
    Effect.gen(function* () {
      const error = yield* failing(
        [
          [
            hello,
            send({ _tag: "AuthenticationGSS" }),
            token("one"),
            send(ok, ScriptedServer.readyForQuery()),
            expectEnd
          ]
        ],
        "gssencmode=disable",
        { gss: testProvider({ tokens: ["one", "two"] }) }
      )
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "server-unproven" })
    })
  )

  it.effect("is refused by name without a provider (AUT-058)", () =>
    Effect.gen(function* () {
      const error = yield* failing([[hello, send({ _tag: "AuthenticationGSS" }), expectEnd]], "")
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-unsupported", method: "gss" })
    })
  )
})

describe("GSS encryption", () => {
  it.effect(
    "that is required needs a provider with credentials, and fails without one before a socket is opened (CON-048, CON-050)",
    () =>
      Effect.gen(function* () {
        const none = yield* failing([], "gssencmode=require")
        assert.deepInclude(none, { _tag: "PgConfigError", key: "gssencmode" })
        const empty = yield* failing([], "gssencmode=require", { gss: testProvider({ credentials: false }) })
        assert.deepInclude(empty, { _tag: "PgConfigError", key: "gssencmode" })
      })
  )

  it.scoped(
    "that is preferred is not asked for without a provider, or without credentials (CON-048, CON-050)",
    () =>
      Effect.gen(function* () {
        yield* succeeding([[hello, ready]], "gssencmode=prefer")
        yield* succeeding([[hello, ready]], "gssencmode=prefer", {
          gss: testProvider({ credentials: false })
        })
      })
  )

  it.scoped("that is refused gives way to TLS and to the clear on the same link (CON-031, CON-044)", () =>
    Effect.gen(function* () {
      const core = yield* succeeding(
        [[asksGss, sendBytes([0x4e]), asksTls, sendBytes([0x4e]), hello, ready]],
        "gssencmode=prefer sslmode=prefer",
        { gss: testProvider({}) }
      )
      assert.deepStrictEqual(core.facts.encryption, { _tag: "None" })
    })
  )

  it.effect("that is refused ends the attempt where it is demanded (CON-044)", () =>
    Effect.gen(function* () {
      yield* failing([[asksGss, sendBytes([0x4e]), expectEnd]], "gssencmode=require", {
        gss: testProvider({})
      })
    })
  )

  it.scoped(
    "that is answered with an error is tried without on a new link, and its text is not shown (CON-044)",
    () =>
      Effect.gen(function* () {
        yield* succeeding(
          [
            [asksGss, sendBytes([0x45, 0, 0, 0, 9, 0x4d, 0x78, 0, 0]), expectEnd],
            [hello, ready]
          ],
          "gssencmode=prefer sslmode=disable",
          { gss: testProvider({}) }
        )
      })
  )

  it.effect("is not begun when plaintext came behind the yes (CON-027, CON-047)", () =>
    Effect.gen(function* () {
      const error = yield* failing(
        [[asksGss, sendBytes([0x47, 0x52]), expectEnd]],
        "gssencmode=prefer sslmode=prefer",
        {
          gss: testProvider({})
        }
      )
      assert.strictEqual(error._tag, "PgConnectError")
    })
  )

  it.effect("that would only sign is refused (CON-046)", () =>
    Effect.gen(function* () {
      const provider = testProvider({ tokens: ["one"], confidential: false })
      const { outcome } = yield* opening(
        [
          [
            asksGss,
            sendBytes([0x47]),
            ScriptedServer.run("token", (server) =>
              Effect.zipRight(
                server.take,
                Effect.sync(() => server.send(framed(bytes("theirs"))))
              )
            )
          ]
        ],
        "gssencmode=require",
        { gss: provider }
      )
      const error = yield* Effect.flip(outcome)
      assert.include(error.message, "not encrypt")
    }).pipe(Effect.scoped)
  )

  it.scoped("carries the session, and TLS is not asked for (CON-045, CON-049, AUT-052)", () =>
    Effect.gen(function* () {
      const provider = testProvider({ tokens: ["one"] })
      const seen: Array<string> = []
      const play = ScriptedServer.run("a session inside GSS", (server) =>
        Effect.gen(function* () {
          const opened = yield* server.take
          seen.push(new TextDecoder().decode(opened?.subarray(4)))
          server.send(framed(bytes("theirs")))
          const startup = yield* server.take
          seen.push(new TextDecoder().decode(flip(startup?.subarray(4) ?? new Uint8Array(0))))
          const welcome = flip(Uint8Array.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]))
          // Two packets, the border in the middle of a message.
          server.send(framed(welcome.subarray(0, 4)))
          server.send(framed(welcome.subarray(4)))
        })
      )
      const { outcome } = yield* opening(
        [[asksGss, sendBytes([0x47]), play]],
        // TLS is allowed, and even demanded of a channel that is not encrypted already.
        "require_auth=gss gssencmode=prefer sslmode=require",
        {
          gss: provider
        }
      )
      const core = Either.getOrThrowWith(outcome, (error) => error)
      assert.deepStrictEqual(core.facts.encryption, { _tag: "Gss" })
      assert.strictEqual(core.facts.authentication, "gss")
      assert.strictEqual(seen[0], "one")
      assert.include(seen[1], "user\0app")
    })
  )
})

const framed = (body: Uint8Array): Uint8Array => {
  const packet = new Uint8Array(4 + body.length)
  new DataView(packet.buffer).setUint32(0, body.length)
  packet.set(body, 4)
  return packet
}
