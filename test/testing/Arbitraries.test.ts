import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Arbitraries from "../../src/testing/Arbitraries.js"
import * as BackendMessage from "../../src/wire/BackendMessage.js"
import * as FrontendMessage from "../../src/wire/FrontendMessage.js"

const tags = Array.from({ length: 256 }, (_, tag) => tag)
const sample = <A extends { readonly _tag: string }>(messages: fc.Arbitrary<A>): ReadonlySet<string> =>
  new Set(fc.sample(messages, { numRuns: 4_000, seed: 1 }).map(({ _tag }) => _tag))

describe("Arbitraries", () => {
  it("make every message a server may send", () => {
    const made = sample(Arbitraries.backendMessage)
    for (const tag of tags) {
      const kind = BackendMessage.kindOf(tag)
      if (kind !== undefined && kind !== "Authentication") assert.include([...made], kind)
    }
    assert.strictEqual([...made].filter((kind) => kind.startsWith("Authentication")).length, 11)
  })

  it("make every message a client may send", () => {
    const made = sample(Arbitraries.frontendMessage)
    for (const tag of tags) {
      const kind = FrontendMessage.kindOf(tag)
      if (kind !== undefined) assert.include([...made], kind)
    }
    assert.includeMembers(
      [...made],
      [
        "StartupMessage",
        "SSLRequest",
        "GSSENCRequest",
        "CancelRequest",
        "SASLInitialResponse",
        "SASLResponse",
        "GSSResponse"
      ]
    )
  })

  it("make text the wire can carry", () => {
    for (const text of fc.sample(Arbitraries.text, 2_000)) {
      assert.isTrue(text.isWellFormed() && !text.includes("\0"))
    }
  })
})
