import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import {
  isArray,
  isObject,
  type Json,
  JsonNumber,
  parse
} from "../../../src/replication/plugins/ExactJson.js"

/** As `JSON.parse` would have it. */
const loose = (value: Json | undefined): unknown =>
  value instanceof JsonNumber
    ? Number(value.digits)
    : isArray(value)
      ? value.map(loose)
      : isObject(value)
        ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, loose(each)]))
        : value

const parsed = (text: string): unknown => {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return {}
  }
}
const parsedHere = (text: string): unknown => {
  const value = parse(text)
  return value === undefined ? {} : { value: loose(value) }
}

describe("JSON", () => {
  it("keeps the digits of its numbers", () => {
    for (const digits of ["9007199254740993", "2.50", "-0", "1e400", "0.1E-2"]) {
      assert.deepStrictEqual(parse(` ${digits}\n`), new JsonNumber(digits))
    }
  })

  it.prop(
    "is otherwise what JSON.parse makes of it",
    [
      fc.json({ maxDepth: 4 }).filter((text) => !text.includes("__proto__")),
      fc.constantFrom(undefined, 1, "\t")
    ],
    ([text, space]) => {
      const printed = JSON.stringify(JSON.parse(text), null, space)
      assert.deepStrictEqual(parsedHere(printed), parsed(printed))
    },
    { fastCheck: { numRuns: 300 } }
  )

  it.prop(
    "is refused where JSON.parse refuses it",
    [fc.string({ unit: fc.constantFrom(...'{}[],:" \\nut01e-."ab'), maxLength: 12 })],
    ([text]) => assert.deepStrictEqual(parsedHere(text), parsed(text)),
    { fastCheck: { numRuns: 2_000 } }
  )

  it.prop(
    "has names as in SQL for strings only where they are asked for, and is else the same",
    [fc.json({ maxDepth: 3 }).filter((text) => !text.includes("__proto__"))],
    ([text]) => {
      const lenient = parse(text, { sqlNames: true })
      assert.deepStrictEqual(loose(lenient), JSON.parse(text))
      for (const name of ['"Odd"."Mo""od"', '"a""b"', '"Odd".mood', '"Odd"."T"(3)', '"T"(10,2)']) {
        assert.deepStrictEqual(parse(`[${name}, ${text}]`, { sqlNames: true }), [name, lenient!])
        assert.isUndefined(parse(`[${name}, ${text}]`))
      }
    },
    { fastCheck: { numRuns: 100 } }
  )

  it("knows no name that means something to JavaScript", () => {
    const value = parse('{"__proto__": 1, "constructor": "c"}')
    assert.deepStrictEqual(isObject(value) ? Object.keys(value) : [], ["__proto__", "constructor"])
  })

  it("takes long strings, and refuses nesting that no plugin has", () => {
    const long = "x".repeat(5_000_000)
    assert.strictEqual(parse(JSON.stringify(long)), long)
    assert.isUndefined(parse("[".repeat(100_000)))
    assert.isUndefined(parse("[".repeat(100) + "]".repeat(100)))
  })
})
