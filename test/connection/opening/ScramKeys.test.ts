import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { PgConfigInput } from "../../../src/config/PgConfig.js"
import * as Connect from "../../../src/connection/opening/Connect.js"
import { ConnectCache } from "../../../src/connection/opening/ConnectPlan.js"
import type { ConnectOptions } from "../../../src/connection/opening/ConnectOptions.js"
import * as ScramKeys from "../../../src/connection/opening/ScramKeys.js"
import * as Host from "../../../src/host/Host.js"
import { Transport } from "../../../src/net/Transport.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import type { ScramOptions } from "../../support/scramServer.js"
import { scramServer } from "../../support/scramServer.js"
import { sessionSettings } from "../core.js"

const keys = { clientKey: Uint8Array.of(1), serverKey: Uint8Array.of(2) }
const derivation = (salt: ReadonlyArray<number>, iterations = 4096) => ({
  salt: Uint8Array.from(salt),
  iterations
})

describe("the keys of a password", () => {
  it("are found again with the same salt and number of iterations only", () => {
    const password = Redacted.make("x")
    ScramKeys.remember(password, derivation([1, 2]), keys)
    assert.strictEqual(ScramKeys.find(password, derivation([1, 2])), keys)
    for (const other of [
      derivation([1, 3]),
      derivation([1]),
      derivation([1, 2, 0]),
      derivation([1, 2], 4097)
    ]) {
      assert.isUndefined(ScramKeys.find(password, other))
    }
  })

  it("belong to one Redacted value: another value with the same text has no keys", () => {
    const password = Redacted.make("x")
    ScramKeys.remember(password, derivation([1]), keys)
    assert.isUndefined(ScramKeys.find(Redacted.make("x"), derivation([1])))
  })

  it("are kept for few salts, the oldest out first", () => {
    const password = Redacted.make("x")
    const salts = Array.from({ length: ScramKeys.maxSalts + 1 }, (_, at) => derivation([at]))
    for (const salt of salts) {
      ScramKeys.remember(password, salt, keys)
      ScramKeys.remember(password, salt, keys)
    }
    assert.deepStrictEqual(
      salts.map((salt) => ScramKeys.find(password, salt) !== undefined),
      salts.map((_, at) => at > 0)
    )
  })

  it("are not to be seen on the password (AUT-030)", () => {
    const password = Redacted.make("x")
    ScramKeys.remember(password, derivation([1]), keys)
    assert.strictEqual(
      inspect(password, { depth: 5, showHidden: true }),
      inspect(Redacted.make("x"), { depth: 5, showHidden: true })
    )
  })
})

const password = "s3cr3t"
const settings = (input: PgConfigInput = {}): PgConfig.PgConfig =>
  Either.getOrThrow(PgConfig.make({ host: "db", sslMode: "disable", user: "app", password, ...input }))

interface Opening {
  readonly server?: Partial<ScramOptions>
  readonly config?: PgConfig.PgConfig
  readonly options?: ConnectOptions
}

/** Opens sessions one after the other: what came of each, and how many derivations there had been after it. */
const opened = (openings: ReadonlyArray<Opening>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const usual = settings()
    const told: Array<string> = []
    let derivations = 0
    const real = Host.make()
    const host = Host.make({
      pbkdf2Sha256: (...what) => {
        derivations++
        return real.pbkdf2Sha256(...what)
      }
    })
    const cache = new ConnectCache()
    for (const { config = usual, options, server } of openings) {
      const scram = scramServer({ password, ...server })
      const tag = yield* Effect.scoped(
        Effect.flatMap(
          ScriptedServer.make([
            [ScriptedServer.startup({ auth: ScriptedServer.sasl(scram) }), ScriptedServer.goodbye]
          ]),
          ({ transport }) =>
            // A scope of its own, closed before the server's, which may be waiting for the goodbye.
            Effect.scoped(Connect.connect(config, sessionSettings(), options, cache)).pipe(
              Effect.match({ onSuccess: () => "open", onFailure: (error) => error._tag }),
              Effect.provideService(Transport, transport),
              Effect.provideService(Host.Host, host)
            )
        )
      )
      told.push(`${tag} ${derivations}`)
    }
    return told
  })

const salt = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("a session by the same configuration", () => {
  it.effect("derives no key that the one before has derived (AUT-030)", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* opened([{}, {}, {}]), ["open 1", "open 1", "open 1"])
    })
  )

  it.effect("derives again for another salt, other iterations or another password (AUT-030)", () =>
    Effect.gen(function* () {
      const other = "0ther"
      const changed = yield* opened([
        {},
        { server: { salt: salt("another salt") } },
        { server: { iterations: 5000 } },
        { server: { password: other }, config: settings({ password: other }) },
        { server: { password: other }, options: { credentials: { password: Redacted.make(other) } } },
        {}
      ])
      assert.deepStrictEqual(changed, ["open 1", "open 2", "open 3", "open 4", "open 5", "open 5"])
    })
  )

  it.effect("has given credentials derived once for as long as they are the same value (AUT-030)", () =>
    Effect.gen(function* () {
      const credentials = { password: Redacted.make(password) }
      const fresh = Effect.sync(() => ({ password: Redacted.make(password) }))
      assert.deepStrictEqual(
        yield* opened([
          { options: { credentials } },
          { options: { credentials: Effect.succeed(credentials) } },
          { options: { credentials: fresh } },
          { options: { credentials: fresh } }
        ]),
        ["open 1", "open 1", "open 2", "open 3"]
      )
    })
  )

  it.effect(
    "still has the server prove itself, and refuses iterations out of bounds (AUT-021, AUT-025, AUT-030)",
    () =>
      Effect.gen(function* () {
        const forged = Buffer.alloc(32, 7).toString("base64")
        const told = yield* opened([
          {},
          { server: { bend: (kind, text) => (kind === "final" ? `v=${forged}` : text) } },
          {}
        ])
        assert.deepStrictEqual(told, ["open 1", "PgAuthError 1", "open 1"])
        const strict = settings({ scramMinIterations: 5000 })
        assert.deepStrictEqual(
          yield* opened([{ config: strict, server: { iterations: 5000 } }, { config: strict }]),
          ["open 1", "PgAuthError 1"]
        )
      })
  )

  it.effect("is not spared the work by a login that failed", () =>
    Effect.gen(function* () {
      const wrong = settings({ password: "wrong" })
      const forged = Buffer.alloc(32, 7).toString("base64")
      const lies = { bend: (kind: string, text: string) => (kind === "final" ? `v=${forged}` : text) }
      assert.deepStrictEqual(yield* opened([{ config: wrong }, { config: wrong }]), [
        "PgAuthError 1",
        "PgAuthError 2"
      ])
      assert.deepStrictEqual(yield* opened([{ server: lies }, {}]), ["PgAuthError 1", "open 2"])
    })
  )
})
