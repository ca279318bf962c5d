import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { TransportFailure } from "../../../src/model/PgError.js"
import * as Probe from "../../../src/connection/opening/Probe.js"
import * as SystemFailure from "../../../src/net/SystemFailure.js"
import type { Link } from "../../../src/net/Transport.js"

/** What becomes of a probe whose handshake ends so, and whether its link was ended. */
const outcome = (handshake: Effect.Effect<Link, TransportFailure>) =>
  Effect.map(Effect.either(Probe.shakingHands(handshake)), Either.isRight)

describe("a probe by TLS", () => {
  it.effect("ends what it has opened, so that the server logs nothing", () =>
    Effect.gen(function* () {
      let ends = 0
      const link = { end: () => void ends++ } as unknown as Link
      assert.isTrue(yield* outcome(Effect.succeed(link)))
      assert.strictEqual(ends, 1)
    })
  )

  it.effect("takes a handshake for answered that fails by what the server has sent, and no other", () =>
    Effect.gen(function* () {
      const found: Record<string, boolean> = {}
      for (const code of [
        "CERT_HAS_EXPIRED",
        "ERR_TLS_CERT_ALTNAME_INVALID",
        "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
        "EPROTO",
        "EFFECT_POSTGRES_NO_CERTIFICATE_REQUEST",
        "ECONNREFUSED",
        "ECONNRESET",
        "EHOSTUNREACH",
        "ETIMEDOUT"
      ]) {
        found[code] = yield* outcome(Effect.fail(SystemFailure.make(code, "")))
      }
      assert.deepStrictEqual(found, {
        CERT_HAS_EXPIRED: true,
        ERR_TLS_CERT_ALTNAME_INVALID: true,
        ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: true,
        EPROTO: true,
        EFFECT_POSTGRES_NO_CERTIFICATE_REQUEST: true,
        ECONNREFUSED: false,
        ECONNRESET: false,
        EHOSTUNREACH: false,
        ETIMEDOUT: false
      })
    })
  )
})
