import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as PgConfig from "../../src/config/PgConfig.js"
import { Authenticator } from "../../src/connection/opening/Authenticate.js"
import type { Encryption } from "../../src/connection/session/ConnectFacts.js"
import * as Host from "../../src/host/Host.js"

const certificate = (name: string): Uint8Array =>
  new Uint8Array(
    new X509Certificate(readFileSync(new URL(`../fixtures/tls/${name}.crt`, import.meta.url))).raw
  )

const tls = (name: string): Encryption => ({
  _tag: "Tls",
  protocol: "TLSv1.3",
  cipher: "",
  verified: "none",
  certificate: certificate(name),
  alpn: true,
  certificateShown: false
})

const both = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]
const plain = ["SCRAM-SHA-256"]

/** The mechanism that is chosen, and the header of its first message. */
const begun = (encryption: Encryption, offered: ReadonlyArray<string>, binding: string) =>
  Effect.gen(function* () {
    const config = yield* PgConfig.fromConnectionString(`channel_binding=${binding}`)
    const authenticator = new Authenticator({
      config,
      credentials: { user: "app", password: Redacted.make("x") },
      entry: config.hosts[0],
      encryption,
      local: false,
      gss: undefined,
      tokens: undefined
    })
    const { data, mechanism } = yield* authenticator.beginSasl(offered)
    const text = new TextDecoder().decode(data ?? new Uint8Array(0))
    return `${mechanism} ${text.slice(0, text.indexOf(",,") + 2)}`
  }).pipe(Effect.provideService(Host.Host, Host.make()))

describe("the first message of SCRAM", () => {
  for (const [name, encryption, offered, binding, expected] of [
    [
      "is bound where both can (AUT-015, AUT-018, TRP-028)",
      tls("good"),
      both,
      "prefer",
      "SCRAM-SHA-256-PLUS p=tls-server-end-point,,"
    ],
    [
      "is bound with another hash of the certificate too (AUT-041)",
      tls("sha384"),
      both,
      "require",
      "SCRAM-SHA-256-PLUS p=tls-server-end-point,,"
    ],
    [
      "reports that the client supports it, where the server does not offer it (AUT-018)",
      tls("good"),
      plain,
      "prefer",
      "SCRAM-SHA-256 y,,"
    ],
    [
      "never reports this where the server offers it (AUT-019, AUT-042, TRP-028)",
      tls("ed25519"),
      both,
      "prefer",
      "SCRAM-SHA-256 n,,"
    ],
    [
      "is not bound where binding is switched off (AUT-018, AUT-045)",
      tls("good"),
      both,
      "disable",
      "SCRAM-SHA-256 n,,"
    ],
    ["is not bound without TLS (AUT-018)", { _tag: "None" }, plain, "prefer", "SCRAM-SHA-256 n,,"],
    ["is not bound to a channel of GSS (AUT-018)", { _tag: "Gss" }, plain, "prefer", "SCRAM-SHA-256 n,,"]
  ] as ReadonlyArray<readonly [string, Encryption, ReadonlyArray<string>, string, string]>) {
    it.effect(name, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* begun(encryption, offered, binding), expected)
      })
    )
  }

  for (const [name, encryption, offered] of [
    ["the server offers no binding (AUT-046, AUT-072)", tls("good"), plain],
    ["the certificate defines no hash (AUT-042, TRP-027)", tls("ed25519"), both],
    ["there is no TLS (AUT-046)", { _tag: "None" }, plain],
    ["binding is offered without TLS (AUT-044)", { _tag: "None" }, both],
    ["only a token is asked for (AUT-068)", tls("good"), ["OAUTHBEARER"]]
  ] as ReadonlyArray<readonly [string, Encryption, ReadonlyArray<string>]>) {
    it.effect(`is never sent when binding is required and ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(begun(encryption, offered, "require"))
        assert.strictEqual(error._tag, "PgAuthError")
      })
    )
  }
})
