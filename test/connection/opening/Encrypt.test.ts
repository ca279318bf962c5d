import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ConnectOptions } from "../../../src/connection/opening/ConnectOptions.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { testProvider } from "../../support/gssProvider.js"
import { opening } from "../scripted.js"

/**
 * What a server does when it is asked for GSS or TLS: the answer's letter, or it hangs up. No TLS can be spoken over a link
 * in memory, so that every handshake fails; how those go that succeed is shown over sockets.
 */
type Answer = "yes" | "N" | "E" | "?" | "hangs up"

const letters = { N: "N", E: "E", "?": "?" } as const
const welcome = Uint8Array.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])
const notAToken = Uint8Array.from([0xff, 0xff, 0xff, 0xff])

/** What a packet is: GSSENCRequest, SSLRequest, or the StartupMessage. */
const kindOf = (packet: Uint8Array): "gss" | "tls" | "startup" => {
  const code = new DataView(packet.buffer, packet.byteOffset).getUint32(4)
  return code === 80_877_104 ? "gss" : code === 80_877_103 ? "tls" : "startup"
}

/** A server that answers like this, and what it was asked: connections are divided by a bar. */
const asked = (gss: Answer, tls: Answer, conninfo: string, options: ConnectOptions = {}) =>
  Effect.gen(function* () {
    const seen: Array<Array<string>> = []
    const play = ScriptedServer.run("what it is asked", (server) =>
      Effect.gen(function* () {
        const events: Array<string> = []
        seen.push(events)
        for (;;) {
          const packet = yield* server.take
          if (packet === undefined) return
          const kind = kindOf(packet)
          events.push(kind)
          if (kind === "startup") {
            server.send(welcome)
            continue
          }
          const answer = kind === "gss" ? gss : tls
          if (answer === "hangs up") return server.hangUp()
          if (answer !== "yes") {
            server.send(new TextEncoder().encode(letters[answer]))
            continue
          }
          server.send(new TextEncoder().encode(kind === "gss" ? "G" : "S"))
          if (kind === "gss") {
            yield* server.take
            server.send(notAToken)
          }
          return
        }
      })
    )
    const { outcome } = yield* opening(
      Array.from({ length: 6 }, () => [play]),
      conninfo,
      { gss: testProvider({}), ...options }
    )
    // The server of a connection that was given up at once has yet to see it.
    yield* Effect.repeatN(Effect.yieldNow(), 20)
    const events = seen.map((connection) => connection.join(" ")).join(" | ")
    return `${outcome._tag === "Right" ? "opens" : "fails"}: ${events}`
  }).pipe(Effect.scoped)

/** The items that such a conversation shows: those whose breaking would change what is expected of it. */
const shownBy = (settings: string, gss: Answer, tls: Answer, expected: string): string =>
  [
    ["CON-023", /[E?]/.test(tls) || (tls === "yes" && !/disable$/.test(settings))],
    ["CON-031", expected.includes("gss tls")],
    ["CON-044", expected.includes("gss") && gss !== "N"],
    [
      "CON-048",
      expected.includes("gss") === !settings.includes("gssencmode=disable") || settings.includes("host=/")
    ],
    ["CON-051", tls === "N" && settings.includes("sslmode=require") && expected.startsWith("fails")]
  ]
    .flatMap(([id, shows]) => (shows ? [id] : []))
    .join(", ")

describe("the ways to a server that may speak GSS, TLS or neither", () => {
  const rows: ReadonlyArray<readonly [settings: string, gss: Answer, tls: Answer, expected: string]> = [
    ["gssencmode=disable sslmode=disable", "N", "N", "opens: startup"],
    ["gssencmode=disable sslmode=allow", "N", "N", "opens: startup"],
    ["gssencmode=disable sslmode=prefer", "N", "N", "opens: tls startup"],
    ["gssencmode=disable sslmode=require", "N", "N", "fails: tls"],
    ["gssencmode=disable sslmode=prefer", "N", "yes", "opens: tls | startup"],
    ["gssencmode=disable sslmode=require", "N", "yes", "fails: tls"],

    ["gssencmode=prefer sslmode=disable", "N", "N", "opens: gss startup"],
    ["gssencmode=prefer sslmode=allow", "N", "N", "opens: gss startup"],
    ["gssencmode=prefer sslmode=prefer", "N", "N", "opens: gss tls startup"],
    ["gssencmode=prefer sslmode=require", "N", "N", "fails: gss tls"],
    ["gssencmode=prefer sslmode=prefer", "N", "yes", "opens: gss tls | startup"],
    ["gssencmode=prefer sslmode=require", "N", "yes", "fails: gss tls"],
    ["gssencmode=prefer sslmode=prefer", "N", "E", "fails: gss tls"],
    ["gssencmode=prefer sslmode=prefer", "N", "?", "fails: gss tls"],
    ["gssencmode=prefer sslmode=prefer", "N", "hangs up", "fails: gss tls"],

    ["gssencmode=prefer sslmode=disable", "E", "N", "opens: gss | startup"],
    ["gssencmode=prefer sslmode=allow", "E", "N", "opens: gss | startup"],
    ["gssencmode=prefer sslmode=prefer", "E", "N", "opens: gss | tls startup"],
    ["gssencmode=prefer sslmode=require", "E", "N", "fails: gss | tls"],
    ["gssencmode=prefer sslmode=prefer", "E", "yes", "opens: gss | tls | startup"],

    ["gssencmode=prefer sslmode=disable", "yes", "N", "opens: gss | startup"],
    ["gssencmode=prefer sslmode=prefer", "yes", "N", "opens: gss | tls startup"],
    ["gssencmode=prefer sslmode=require", "yes", "N", "fails: gss | tls"],

    ["gssencmode=prefer sslmode=prefer", "?", "N", "fails: gss"],
    ["gssencmode=prefer sslmode=prefer", "hangs up", "N", "fails: gss"],

    ["gssencmode=require sslmode=prefer", "N", "N", "fails: gss"],
    ["gssencmode=require sslmode=disable", "N", "N", "fails: gss"],
    ["gssencmode=require sslmode=prefer", "E", "N", "fails: gss"],
    ["gssencmode=require sslmode=prefer", "yes", "N", "fails: gss"],
    ["gssencmode=require sslmode=prefer", "hangs up", "N", "fails: gss"],

    ["gssencmode=prefer sslmode=require sslnegotiation=direct", "N", "N", "fails: gss | "],
    ["gssencmode=prefer sslmode=prefer channel_binding=require", "N", "N", "fails: tls"],
    ["gssencmode=prefer sslmode=allow channel_binding=require", "N", "N", "fails: tls"],
    ["host=/tmp gssencmode=prefer sslmode=require", "N", "N", "opens: startup"]
  ]

  for (const [settings, gss, tls, expected] of rows) {
    it.effect(
      `are taken in libpq's order with ${settings}, where GSS is answered by ${gss} and TLS by ${tls} (${shownBy(settings, gss, tls, expected)})`,
      () =>
        Effect.gen(function* () {
          assert.strictEqual(yield* asked(gss, tls, settings), expected)
        })
    )
  }

  it.effect("do not lead through GSS without credentials for it (CON-048, CON-050)", () =>
    Effect.gen(function* () {
      const conninfo = "gssencmode=prefer sslmode=prefer"
      for (const gss of [undefined, testProvider({ credentials: false })]) {
        assert.strictEqual(yield* asked("yes", "N", conninfo, { gss }), "opens: tls startup")
      }
    })
  )
})
