import { assert, describe, it } from "@effect/vitest"
import { FrameLengthError } from "../../src/wire/FrameLengthError.js"
import * as FrameLimits from "../../src/wire/FrameLimits.js"
import { Framer } from "../../src/wire/Framer.js"
import { bytes, int32 } from "./bytes.js"

/** Whether a framer in this phase waits for a body of this length. */
const allows = (limits: FrameLimits.FrameLimits, tag: string, length: number): boolean => {
  const framer = new Framer(limits)
  framer.push(bytes(tag, ...int32(length)))
  return !(framer.next() instanceof FrameLengthError)
}

const { session, startup, tokens } = FrameLimits.defaults

describe("FrameLimits", () => {
  it("believes little before authentication (CON-075, F02)", () => {
    assert.isFalse(allows(startup, "R", 7))
    assert.isTrue(allows(startup, "R", 8))
    assert.isTrue(allows(startup, "R", 2_000))
    assert.isFalse(allows(startup, "R", 2_001))
    assert.isFalse(allows(startup, "v", 7))
    assert.isTrue(allows(startup, "v", 2_000))
    assert.isFalse(allows(startup, "v", 2_001))
    assert.isFalse(allows(startup, "E", 7))
    assert.isTrue(allows(startup, "E", 30_000))
    assert.isFalse(allows(startup, "E", 30_001))
    assert.isTrue(allows(startup, "N", 30_000))
    for (const tag of "DdVTtSKZC") assert.isFalse(allows(startup, tag, 2_001), tag)
  })

  it("allows longer requests only while tokens are exchanged, and bounds them (CON-075)", () => {
    assert.isTrue(allows(tokens, "R", 65_535))
    assert.isFalse(allows(tokens, "R", 65_536))
    assert.isFalse(allows(tokens, "v", 2_001))
    assert.isFalse(allows(tokens, "E", 30_001))
  })

  it("allows 30,000 bytes to all but data, reports and descriptions in a session (MSG-010)", () => {
    const long = "dDEVNATt"
    for (let code = 0; code < 256; code++) {
      if (long.includes(String.fromCharCode(code))) continue
      assert.strictEqual(session.most[code], 30_000)
    }
    for (const tag of "SZKC123Insc") {
      assert.isTrue(allows(session, tag, 30_000))
      assert.isFalse(allows(session, tag, 30_001))
    }
    for (const tag of "dDV") {
      assert.isTrue(allows(session, tag, 0x3fff_ffff))
      assert.isFalse(allows(session, tag, 0x4000_0000))
    }
    for (const tag of "ENATt") {
      assert.isTrue(allows(session, tag, 16 * 1024 * 1024))
      assert.isFalse(allows(session, tag, 16 * 1024 * 1024 + 1))
    }
  })

  it("lets the large bounds be set, within what the protocol can carry (MSG-010, F02)", () => {
    const small = FrameLimits.make({ maxMessage: 100_000, maxReport: 50_000 }).session
    assert.isTrue(allows(small, "D", 100_000))
    assert.isFalse(allows(small, "D", 100_001))
    assert.isTrue(allows(small, "E", 50_000))
    assert.isFalse(allows(small, "E", 50_001))
    assert.isTrue(allows(small, "Z", 30_000))
    const tiny = FrameLimits.make({ maxMessage: 1, maxReport: -5 }).session
    assert.isTrue(allows(tiny, "D", 30_000))
    assert.isTrue(allows(tiny, "E", 30_000))
    const huge = FrameLimits.make({ maxMessage: Number.MAX_SAFE_INTEGER }).session
    assert.isTrue(allows(huge, "D", 0x7fff_fffe))
    assert.isFalse(allows(huge, "D", 0x7fff_ffff))
  })

  it("knows what a server takes of a client", () => {
    for (const tag of "QPBFd") assert.strictEqual(FrameLimits.frontend.most[tag.charCodeAt(0)], 0x3fff_fffe)
    for (const tag of "CDEHSXcf") assert.strictEqual(FrameLimits.frontend.most[tag.charCodeAt(0)], 10_000)
  })
})
