import { assert, describe, it } from "@effect/vitest"
import { step, table } from "../../src/protocol/Negotiation.js"
import { lines, ofTable } from "./arrows.js"

const answers = (state: "TlsRequested" | "GssRequested"): ReadonlyArray<string> =>
  Array.from({ length: 256 }, (_, byte) => byte).flatMap((byte) => {
    const arrow = step(state, byte)
    return arrow === undefined ? [] : [`${String.fromCharCode(byte)} -> ${arrow.to} ${arrow.emit}`]
  })

describe("the answer to a request for encryption", () => {
  it("is S, N or E for TLS; of the other bytes none is an answer", () => {
    assert.deepStrictEqual(answers("TlsRequested"), [
      "E -> Failed giveUp",
      "N -> Plain continuePlain",
      "S -> Encrypted upgradeTls"
    ])
  })

  it("is G, N or E for GSS; of the other bytes none is an answer", () => {
    assert.deepStrictEqual(answers("GssRequested"), [
      "E -> Failed giveUp",
      "G -> Encrypted upgradeGss",
      "N -> Plain continuePlain"
    ])
  })

  it("ends the matter", () => {
    assert.deepStrictEqual(
      ofTable(table),
      lines(`
        TlsRequested S -> Encrypted upgradeTls
        TlsRequested N -> Plain continuePlain
        TlsRequested E -> Failed giveUp
        GssRequested G -> Encrypted upgradeGss
        GssRequested N -> Plain continuePlain
        GssRequested E -> Failed giveUp
      `)
    )
    assert.deepStrictEqual([table.Encrypted, table.Plain, table.Failed], [{}, {}, {}])
  })
})
