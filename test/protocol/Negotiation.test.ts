import { describe, expect, it } from "vitest"
import { step, table } from "../../src/protocol/Negotiation.js"
import { lines, ofTable } from "./arrows.js"

const answers = (state: "TlsRequested" | "GssRequested"): ReadonlyArray<string> =>
  Array.from({ length: 256 }, (_, byte) => byte).flatMap((byte) => {
    const arrow = step(state, byte)
    return arrow === undefined ? [] : [`${String.fromCharCode(byte)} -> ${arrow.to} ${arrow.emit}`]
  })

describe("the answer to a request for encryption", () => {
  it("is S, N or E for TLS; of the other bytes none is an answer", () => {
    expect(answers("TlsRequested")).toEqual([
      "E -> Failed giveUp",
      "N -> Plain continuePlain",
      "S -> Encrypted upgradeTls"
    ])
  })

  it("is G, N or E for GSS; of the other bytes none is an answer", () => {
    expect(answers("GssRequested")).toEqual([
      "E -> Failed giveUp",
      "G -> Encrypted upgradeGss",
      "N -> Plain continuePlain"
    ])
  })

  it("ends the matter", () => {
    expect(ofTable(table)).toEqual(
      lines(`
        TlsRequested S -> Encrypted upgradeTls
        TlsRequested N -> Plain continuePlain
        TlsRequested E -> Failed giveUp
        GssRequested G -> Encrypted upgradeGss
        GssRequested N -> Plain continuePlain
        GssRequested E -> Failed giveUp
      `)
    )
    expect([table.Encrypted, table.Plain, table.Failed]).toEqual([{}, {}, {}])
  })
})
