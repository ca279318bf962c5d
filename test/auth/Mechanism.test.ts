import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Mechanism from "../../src/auth/Mechanism.js"

const plus = "SCRAM-SHA-256-PLUS"
const plain = "SCRAM-SHA-256"
const bearer = "OAUTHBEARER"

const usual: Mechanism.Circumstances = { channelBinding: "prefer", tls: true, bindingAvailable: true }

const outcome = (
  offered: ReadonlyArray<string>,
  circumstances: Partial<Mechanism.Circumstances> = {}
): string =>
  Either.match(Mechanism.choose(offered, { ...usual, ...circumstances }), {
    onLeft: ({ reason }) => reason,
    onRight: ({ binding, mechanism }) => `${mechanism} ${binding}`
  })

describe("Mechanism.choose", () => {
  it("binds to the channel where it can, whatever the order of the list (AUT-015, AUT-018, AUT-045)", () => {
    assert.strictEqual(outcome([plus, plain]), `${plus} bound`)
    assert.strictEqual(outcome([bearer, plain, plus], { oauth: true }), `${plus} bound`)
    assert.strictEqual(outcome([plus, plain], { channelBinding: "require" }), `${plus} bound`)
  })

  it("reports to a server that offered no channel binding that the client supports it (AUT-018, A09)", () => {
    assert.strictEqual(outcome([plain]), `${plain} not-offered`)
  })

  it("never reports this when channel binding was offered (AUT-019, AUT-042, TRP-028)", () => {
    for (const channelBinding of ["disable", "prefer"] as const) {
      for (const bindingAvailable of [true, false]) {
        assert.notInclude(outcome([plus, plain], { channelBinding, bindingAvailable }), "not-offered")
      }
    }
    assert.strictEqual(outcome([plus, plain], { bindingAvailable: false }), `${plain} unsupported`)
  })

  it("speaks of no binding without TLS or when it is switched off (AUT-018)", () => {
    assert.strictEqual(outcome([plain], { tls: false }), `${plain} unsupported`)
    assert.strictEqual(outcome([plain], { channelBinding: "disable" }), `${plain} unsupported`)
    assert.strictEqual(outcome([plus, plain], { channelBinding: "disable" }), `${plain} unsupported`)
  })

  it("refuses whatever cannot be bound when binding is required (AUT-046, AUT-068, AUT-072, TRP-025, TRP-027, A08)", () => {
    const channelBinding = "require"
    assert.strictEqual(outcome([plain], { channelBinding }), "method-refused")
    assert.strictEqual(outcome([bearer], { channelBinding, oauth: true }), "method-refused")
    assert.strictEqual(outcome([plain], { channelBinding, tls: false }), "method-refused")
    assert.strictEqual(outcome([plus, plain], { channelBinding, bindingAvailable: false }), "method-refused")
    assert.strictEqual(
      outcome([plus, bearer], { channelBinding, scram: false, oauth: true }),
      "method-refused"
    )
    assert.strictEqual(outcome([], { channelBinding }), "method-refused")
    const unencrypted = Mechanism.choose([plain], { ...usual, channelBinding, tls: false })
    assert.match(Either.getOrThrow(Either.flip(unencrypted)).detail, /not TLS/)
  })

  it("takes an offer of binding without TLS for an attack (AUT-044)", () => {
    for (const channelBinding of ["disable", "prefer", "require"] as const) {
      assert.strictEqual(outcome([plus, plain], { channelBinding, tls: false }), "server-unproven")
    }
  })

  it("falls back to a bearer token only where one may be used (AUT-015)", () => {
    assert.strictEqual(outcome([bearer], { oauth: true }), `${bearer} unsupported`)
    assert.strictEqual(outcome([bearer]), "method-unsupported")
    assert.strictEqual(outcome([plus, plain, bearer], { scram: false, oauth: true }), `${bearer} unsupported`)
    assert.strictEqual(outcome([plain], { scram: false }), "method-unsupported")
  })

  it("passes over unknown names and lists them when nothing else is there (AUT-015)", () => {
    assert.strictEqual(outcome(["GS2-KRB5", plain]), `${plain} not-offered`)
    const refused = Either.getOrThrow(Either.flip(Mechanism.choose(["GS2-KRB5", "PLA\x1bIN"], usual)))
    assert.match(refused.detail, /GS2-KRB5, PLA\?IN/)
    assert.strictEqual(outcome([]), "method-unsupported")
    assert.strictEqual(outcome(["scram-sha-256"]), "method-unsupported")
  })
})
