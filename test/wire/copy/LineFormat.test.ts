import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as LineFormat from "../../../src/wire/copy/LineFormat.js"

const reason = (either: Either.Either<unknown, string>): string => {
  if (Either.isRight(either)) throw new Error("accepted")
  return either.left
}

describe("settings of the formats of lines", () => {
  it("are the server's by default", () => {
    assert.deepStrictEqual(Either.getOrThrow(LineFormat.text()), {
      delimiter: 9,
      nullText: Uint8Array.of(92, 78),
      defaultText: undefined,
      header: false
    })
    assert.deepStrictEqual(Either.getOrThrow(LineFormat.csv()), {
      delimiter: 44,
      nullText: new Uint8Array(0),
      defaultText: undefined,
      quote: 34,
      escape: 34,
      forceQuote: undefined,
      forceNotNull: undefined,
      forceNull: undefined,
      header: false
    })
    assert.strictEqual(Either.getOrThrow(LineFormat.csv({ quote: "'" })).escape, 39)
  })

  it("are refused where the server refuses them", () => {
    for (const make of [LineFormat.text, LineFormat.csv]) {
      for (const delimiter of ["", "ab", "é", "\0"])
        assert.match(reason(make({ delimiter })), /one character of ASCII/)
      for (const delimiter of ["\n", "\r"]) assert.match(reason(make({ delimiter })), /line feed/)
      for (const nullText of ["a\nb", "\r", "\0", "\ud800"])
        assert.match(reason(make({ nullText })), /line ends/)
      assert.match(reason(make({ delimiter: "|", nullText: "a|b" })), /nullText must not contain any of "\|"/)
      assert.match(
        reason(make({ delimiter: "|", defaultText: "|D" })),
        /defaultText must not contain any of "\|"/
      )
      for (const defaultText of ["a\nb", "\0"])
        assert.match(reason(make({ defaultText })), /defaultText must not contain line ends/)
      assert.match(reason(make({ nullText: "-", defaultText: "-" })), /must be different/)
    }
    assert.match(reason(LineFormat.csv({ defaultText: 'a"' })), /defaultText must not contain/)
    for (const option of ["forceQuote", "forceNotNull", "forceNull"] as const)
      assert.match(
        reason(LineFormat.csv({ [option]: ["b"] }, ["a"])),
        new RegExp(`^${option} must name columns that are copied, got "b"`)
      )
    for (const delimiter of ["\\", ".", "a", "z", "0", "9"])
      assert.match(reason(LineFormat.text({ delimiter })), /small letter or a digit/)
    assert.match(reason(LineFormat.csv({ delimiter: '"' })), /must be different/)
    assert.match(reason(LineFormat.csv({ nullText: 'a"' })), /nullText must not contain any of/)
    assert.match(reason(LineFormat.csv({ quote: "''" })), /quote must be one character/)
    assert.match(reason(LineFormat.csv({ escape: "" })), /escape must be one character/)
  })

  it("choose columns by name, or all of them", () => {
    const { forceNotNull, forceNull, forceQuote } = Either.getOrThrow(
      LineFormat.csv({ forceQuote: "*", forceNotNull: ["b"], forceNull: [] }, ["a", "b"])
    )
    assert.deepStrictEqual(
      [forceQuote, forceNotNull, forceNull],
      [
        [true, true],
        [false, true],
        [false, false]
      ]
    )
  })

  it("are refused where what is written could not be read", () => {
    for (const nullText of ["\\", "\\\\\\", "a\\"])
      assert.match(reason(LineFormat.text({ nullText })), /backslash/)
    assert.isTrue(Either.isRight(LineFormat.text({ nullText: "\\\\" })))
    assert.match(reason(LineFormat.text({ nullText: "\\." })), /must not contain any of/)
    assert.match(reason(LineFormat.text({ defaultText: "D\\" })), /defaultText must not end in a backslash/)
    for (const settings of [{ nullText: "\\." }, { defaultText: "\\." }])
      assert.match(reason(LineFormat.csv(settings)), /which ends the data/)
  })
})
