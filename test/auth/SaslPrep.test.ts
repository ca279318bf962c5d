import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { readFileSync } from "node:fs"
import * as SaslPrep from "../../src/auth/SaslPrep.js"
import * as StringPrep from "../../src/auth/StringPrep.js"
import { readTables, stringPrepModule } from "./generateStringPrep.js"

const prepare = (text: string): string => Buffer.from(SaslPrep.prepare(text)).toString()
const source = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

/** Text of any code points; `unit: "binary"` takes seconds to set up. */
const anyText = fc
  .array(fc.integer({ min: 1, max: 0x10ffff }))
  .map((codes) => String.fromCodePoint(...codes.filter((code) => code < 0xd800 || code > 0xdfff)))

describe("SaslPrep", () => {
  it.each([
    ["a soft hyphen goes (AUT-033, AUT-038)", "I\u00adX", "IX"],
    ["ASCII stays", "user", "user"],
    ["case stays", "USER", "USER"],
    ["a feminine ordinal becomes a (AUT-035)", "\u00aa", "a"],
    ["a Roman numeral becomes letters (AUT-035)", "\u2168", "IX"]
  ])("gives what RFC 4013 prints: %s", (_, password, expected) => {
    assert.strictEqual(prepare(password), expected)
  })

  it.each([
    ["no-break space becomes a space (AUT-033, AUT-038)", "a\u00a0b", "a b"],
    ["a zero width space becomes a space, not nothing (AUT-033)", "a\u200bb", "a b"],
    ["an ideographic space becomes a space (AUT-033)", "\u3000a", " a"],
    ["a ligature becomes letters (AUT-035, AUT-038)", "\ufb01x", "fix"],
    ["full-width digits become ASCII (AUT-035, AUT-038)", "\uff11\uff12", "12"],
    ["a combining sequence is composed (AUT-035)", "e\u0301", "\u00e9"],
    [
      "joiners, variation selectors and byte order marks go (AUT-033)",
      "\ufeffa\u200db\ufe0fc\u2060é",
      "abcé"
    ],
    [
      "marks that meet once something between is gone are composed (AUT-033, AUT-035)",
      "e\u00ad\u0301",
      "\u00e9"
    ],
    ["Hangul is composed (AUT-035)", "\u1112\u1161\u11ab", "\ud55c"],
    ["text from right to left stays", "\u05d0\u05d1", "\u05d0\u05d1"],
    ["digits between letters from right to left stay", "\u05d01\u05d1", "\u05d01\u05d1"]
  ])("prepares as the server does: %s (TRP-023, A13)", (_, password, expected) => {
    assert.strictEqual(prepare(password), expected)
  })

  it.each([
    ["an emoji younger than Unicode 3.2 (TRP-024)", "\u{1f600}\u00aa"],
    ["a control character beside other letters (TRP-024)", "\u0007\u00aa"],
    ["a control character beyond ASCII", "\u0085\u00aa"],
    ["a private character", "\ue000\u00aa"],
    ["a noncharacter", "\ufdd0\u00aa"],
    ["a tag", "\u{e0041}\u00aa"],
    ["the replacement character", "\ufffd\u00aa"],
    ["an interlinear anchor", "\ufff9\u00aa"],
    ["an ideographic description", "\u2ff0\u00aa"],
    ["a direction mark", "\u200e\u00aa"],
    ["a deprecated format character", "\u206a\u00aa"],
    ["letters of both directions", "\u05d0\u00aa\u05d1"],
    ["letters from right to left that do not end the text", "\u0627\uff11"],
    ["letters from right to left that do not begin the text", "\uff11\u0627"],
    ["RFC 4013's own example of that", "\u06271"],
    ["nothing but what is mapped to nothing (AUT-034)", "\u00ad\u200d"]
  ])("falls back to the password as it is for %s (AUT-036, AUT-037, A13)", (_, password) => {
    assert.strictEqual(prepare(password), password)
  })

  it("looks for what is forbidden before normalising, as PostgreSQL does and RFC 4013 does not (AUT-036)", () => {
    // U+0340 is prohibited although it would become U+0300.
    assert.strictEqual(prepare("a\u0340"), "a\u0340")
    // U+FDFA is Arabic, but its normal form has spaces: the direction is that of the text before.
    assert.strictEqual(prepare("\ufdfa"), "\ufdfa".normalize("NFKC"))
    // U+00BC has no direction before and becomes 1⁄4 after.
    assert.strictEqual(prepare("\u00bc"), "1\u20444")
  })

  it("leaves ASCII alone, control characters and zero included (AUT-032, A13)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (password) => {
        assert.strictEqual(prepare(password), password)
      })
    )
  })

  it("leaves bytes that are not UTF-8 alone (AUT-032)", () => {
    for (const bytes of [
      [0xff, 0x41],
      [0xc2, 0xa0, 0xc2],
      [0xed, 0xa0, 0x80],
      [0xc0, 0xa0]
    ]) {
      const password = Uint8Array.from(bytes)
      assert.deepStrictEqual(SaslPrep.prepare(password), password)
    }
  })

  it("prepares bytes that are UTF-8 like their text (AUT-032)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (password) => {
        assert.deepStrictEqual(SaslPrep.prepare(Buffer.from(password)), SaslPrep.prepare(password))
      })
    )
    assert.deepStrictEqual(SaslPrep.prepare(Buffer.from("\ufeffé")), Uint8Array.from(Buffer.from("é")))
  })

  it("gives either the text as it was or a normal form (AUT-037)", () => {
    fc.assert(
      fc.property(anyText, (password) => {
        const result = prepare(password)
        assert.isTrue(result === password || result === result.normalize("NFKC"))
      }),
      { numRuns: 50 }
    )
  })

  it("takes a password of a megabyte (AUT-039, A13)", () => {
    assert.strictEqual(prepare("\ufb01".repeat(350_000)), "fi".repeat(350_000))
  })

  it("takes a lone surrogate for the replacement character", () => {
    assert.strictEqual(prepare("\ud800\u00aa"), "\ufffd\u00aa")
  })
})

describe("StringPrep", () => {
  const tables = source("stringprepTables.txt")

  it("is what its generator makes of the tables", () => {
    assert.strictEqual(source("../../src/auth/StringPrep.ts"), stringPrepModule(tables))
  })

  it("finds exactly the code points of the tables (AUT-033, AUT-036)", () => {
    const lists = readTables(tables)
    const union = (names: ReadonlyArray<string>) => {
      const flags = new Uint8Array(0x110000)
      for (const name of names) for (const [from, to] of lists.get(name)!) flags.fill(1, from, to + 1)
      return flags
    }
    const forbidden = [...lists.keys()].filter((name) => name.startsWith("C.") || name === "A.1")
    const expected = [
      [StringPrep.space, union(["C.1.2"])],
      [StringPrep.nothing, union(["B.1"])],
      [StringPrep.forbidden, union(forbidden)],
      [StringPrep.rightToLeft, union(["D.1"])],
      [StringPrep.leftToRight, union(["D.2"])]
    ] as const
    for (const [ranges, flags] of expected) {
      let wrong = 0
      for (let code = 0; code < 0x110000; code++)
        if (StringPrep.has(ranges, code) !== (flags[code] === 1)) wrong++
      assert.strictEqual(wrong, 0)
    }
  })

  it("agrees with the runtime's Unicode where the two can be compared", () => {
    // What is unassigned today was unassigned in 3.2; private, surrogate and noncharacters do not change.
    const always = /^[\p{Cn}\p{Co}\p{Cs}]$/u
    let missing = 0
    for (let code = 0x80; code < 0x110000; code++) {
      if (!StringPrep.has(StringPrep.forbidden, code) && always.test(String.fromCodePoint(code))) missing++
    }
    assert.strictEqual(missing, 0)
  })
})
