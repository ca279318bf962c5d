import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as Connect from "../../src/connection/Connect.js"
import * as ScramKeys from "../../src/connection/ScramKeys.js"
import * as Host from "../../src/host/Host.js"
import { Transport } from "../../src/net/Transport.js"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import * as Registry from "../../src/types/Registry.js"
import { scramServer } from "../support/scramServer.js"

const secret = "s3cr3t"

/** A server that asks for SCRAM with these settings, for one session. */
const asks = (options: Partial<Parameters<typeof scramServer>[0]> = {}): ScriptedServer.Script => [
  ScriptedServer.startup({ auth: ScriptedServer.sasl(scramServer({ password: secret, ...options })) }),
  ScriptedServer.goodbye
]

const configured = (password = secret) =>
  PgConfig.make({ host: "db", user: "app", sslMode: "disable", password })

/** How often keys were derived while sessions were opened, one after the other. */
const derivations = (sessions: ReadonlyArray<readonly [PgConfig.PgConfig, ScriptedServer.Script]>) =>
  Effect.gen(function* () {
    const server = yield* ScriptedServer.make(sessions.map(([, script]) => script))
    const real = Host.make()
    let derived = 0
    const host = Host.make({
      pbkdf2Sha256: (...given) => Effect.suspend(() => (derived++, real.pbkdf2Sha256(...given)))
    })
    const counts: Array<number> = []
    for (const [config] of sessions) {
      yield* Connect.connect(config, Registry.lossless).pipe(
        Effect.scoped,
        Effect.either,
        Effect.provideService(Transport, server.transport),
        Effect.provideService(Host.Host, host)
      )
      counts.push(derived)
    }
    return counts
  }).pipe(Effect.scoped)

describe("the keys of a login by SCRAM", () => {
  it.effect("are derived for the first session and known for the next ones (AUT-030)", () =>
    Effect.gen(function* () {
      const config = yield* configured()
      assert.deepStrictEqual(
        yield* derivations([
          [config, asks()],
          [config, asks()],
          [config, asks()]
        ]),
        [1, 1, 1]
      )
    })
  )

  it.effect("are derived anew for another salt, another count and another password (AUT-030)", () =>
    Effect.gen(function* () {
      const config = yield* configured()
      const salt = Buffer.from("another salt")
      assert.deepStrictEqual(
        yield* derivations([
          [config, asks()],
          [config, asks({ salt })],
          [config, asks({ iterations: 4097 })],
          [config, asks({ salt })],
          // The same text in another value: whoever does not hold the value finds nothing.
          [yield* configured(), asks()]
        ]),
        [1, 2, 3, 3, 4]
      )
    })
  )

  it.effect("are not kept where the server has not proven that it knows the password (AUT-030)", () =>
    Effect.gen(function* () {
      const config = yield* configured()
      const lying = asks({ bend: (kind, text) => (kind === "final" ? `v=${"A".repeat(43)}=` : text) })
      assert.deepStrictEqual(
        yield* derivations([
          [config, lying],
          [config, asks()],
          [config, asks()]
        ]),
        [1, 2, 2]
      )
    })
  )

  it("are bounded in number, the oldest leave first, and printing a password shows none (AUT-030)", () => {
    const password = Redacted.make(secret)
    const keys = { clientKey: new Uint8Array(32).fill(0xab), serverKey: new Uint8Array(32).fill(0xcd) }
    const derivation = (at: number) => ({ salt: Uint8Array.of(at), iterations: 4096 })
    for (let at = 0; at <= ScramKeys.mostSalts; at++) ScramKeys.remember(password, derivation(at), keys)
    assert.isUndefined(ScramKeys.find(password, derivation(0)))
    for (let at = 1; at <= ScramKeys.mostSalts; at++) {
      assert.strictEqual(ScramKeys.find(password, derivation(at)), keys)
    }
    for (const shown of [inspect(password, { depth: 9, showHidden: true }), JSON.stringify(password)]) {
      assert.notMatch(shown, /171|ab/)
    }
  })
})
