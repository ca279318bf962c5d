import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import type { Format } from "../../../src/model/Format.js"
import * as Arbitraries from "../../../src/testing/Arbitraries.js"
import * as Frame from "../../../src/wire/Frame.js"
import { Bind, Describe, Parse, ParameterDescription } from "../../../src/wire/messages/ExtendedQuery.js"
import { bytes, int16, int32, malformed, refused, written } from "../bytes.js"

const bind = (
  count: number,
  formats: ReadonlyArray<Format> = [],
  results: ReadonlyArray<Format> = []
): Bind => ({
  _tag: "Bind",
  portal: "",
  statement: "",
  parameterFormats: formats,
  parameters: new Array<null>(count).fill(null),
  resultFormats: results
})
const send = (message: Bind) => written((writer) => Bind.encode(writer, message))
const refuse = (message: Bind) => refused((writer) => Bind.encode(writer, message))

describe("Bind", () => {
  it("takes 65,535 parameters and refuses one more (MSG-002, TRP-034)", () => {
    const sent = send(bind(65_535))
    assert.deepStrictEqual(sent.subarray(5, 11), bytes(0, 0, 0, 0, 255, 255))
    assert.strictEqual(Either.getOrThrow(Bind.decode(sent, 5)).parameters.length, 65_535)
    assert.include(refuse(bind(65_536)), "65536 parameters")
    // What a wrapped count would look like: no parameters at all, and the values read as result formats.
    assert.include(refuse(bind(65_536 + 1)), "65537 parameters")
  })

  it("counts 40,000 parameters without a sign (MSG-002, TRP-035)", () => {
    const sent = send(bind(40_000, new Array<Format>(40_000).fill(1)))
    assert.deepStrictEqual(sent.subarray(7, 9), bytes(...int16(40_000)))
    const { parameterFormats, parameters } = Either.getOrThrow(Bind.decode(sent, 5))
    assert.deepStrictEqual([parameterFormats.length, parameters.length], [40_000, 40_000])
  })

  it("takes no format, one for all or one for each, and nothing else (MSG-001)", () => {
    for (const formats of [[], [1], [0, 1, 1]] as ReadonlyArray<ReadonlyArray<Format>>) send(bind(3, formats))
    send(bind(0, [1]))
    assert.include(refuse(bind(3, [1, 1])), "2 format codes for 3 values")
    refuse(bind(3, [0, 0, 0, 0]))
    refuse(bind(0, [0, 0]))
  })

  it("refuses more result formats than can be counted (MSG-002)", () => {
    refuse(bind(0, [], new Array<Format>(65_536).fill(0)))
  })

  it.prop("written in place is the same bytes as the message", [Arbitraries.bind], ([message]) => {
    const writer = new ByteWriter()
    const { parameterFormats, parameters, portal, resultFormats, statement } = message
    const mark = Bind.begin(writer, portal, statement, parameterFormats, parameters.length)
    for (const value of parameters) {
      if (value === null) Frame.nullValue(writer)
      else {
        const at = Frame.beginValue(writer)
        writer.raw(value)
        Frame.endValue(writer, at)
      }
    }
    assert.isTrue(Bind.finish(writer, mark, resultFormats))
    assert.deepStrictEqual(writer.written().slice(), send(message))
  })

  it("begun in place counts the parameters by their formats by default", () => {
    const writer = new ByteWriter()
    const mark = Bind.begin(writer, "", "s", [1, 1])
    Frame.nullValue(writer)
    Frame.nullValue(writer)
    assert.isTrue(Bind.finish(writer, mark, [1]))
    const { parameterFormats, parameters } = Either.getOrThrow(Bind.decode(writer.written(), 5))
    assert.deepStrictEqual(
      [parameterFormats, parameters],
      [
        [1, 1],
        [null, null]
      ]
    )
  })

  it("leaves nothing when a value in the middle cannot be written", () => {
    const writer = new ByteWriter()
    writer.uint8(7)
    const mark = Bind.begin(writer, "", "", [0])
    const at = Frame.beginValue(writer)
    writer.text("lone \ud800")
    Frame.endValue(writer, at)
    assert.isFalse(Bind.finish(writer, mark, []))
    assert.deepStrictEqual(writer.written(), bytes(7))
    assert.include(writer.failure ?? "", "lone surrogate")
  })

  it("refuses a value length below −1 and one past the end", () => {
    const body = (length: number) => bytes(0, 0, 0, 0, 0, 1, ...int32(length), "abc", 0, 0)
    assert.isTrue(Either.isRight(Bind.decode(body(3))))
    malformed(Bind.decode(body(-2)))
    malformed(Bind.decode(body(6)))
  })
})

describe("Parse", () => {
  it("takes 65,535 types and refuses one more (MSG-002)", () => {
    const parse = (count: number): Parse => ({
      _tag: "Parse",
      statement: "",
      sql: "",
      parameterTypes: new Array<number>(count).fill(23)
    })
    const sent = written((writer) => Parse.encode(writer, parse(65_535)))
    assert.deepStrictEqual(sent.subarray(7, 9), bytes(255, 255))
    assert.include(
      refused((writer) => Parse.encode(writer, parse(65_536))),
      "65536"
    )
  })

  it("sends type OIDs unsigned and refuses invalid ones (GEN-002)", () => {
    const parse = (oid: number): Parse => ({ _tag: "Parse", statement: "", sql: "", parameterTypes: [oid] })
    const sent = written((writer) => Parse.encode(writer, parse(0xffff_fffe)))
    assert.deepStrictEqual(sent.subarray(9), bytes(255, 255, 255, 254))
    for (const oid of [-1, 0x1_0000_0000, 1.5, NaN]) refused((writer) => Parse.encode(writer, parse(oid)))
  })
})

describe("Describe", () => {
  it("knows statements and portals only", () => {
    malformed(Describe.decode(bytes("X", 0)))
  })

  it("refuses a name longer than the server's bound for small requests (MSG-004)", () => {
    const describe = (name: string): Describe => ({ _tag: "Describe", target: "S", name })
    const room = 10_000 - 4 - 1 - 1
    assert.lengthOf(
      written((writer) => Describe.encode(writer, describe("n".repeat(room)))),
      10_001
    )
    refused((writer) => Describe.encode(writer, describe("n".repeat(room + 1))))
  })
})

describe("ParameterDescription", () => {
  it("reads its count and OIDs unsigned (MSG-020, GEN-002)", () => {
    const count = 65_535
    const body = bytes(255, 255, new Uint8Array(4 * count).fill(0xff))
    const { parameterTypes } = Either.getOrThrow(ParameterDescription.decode(body))
    assert.strictEqual(parameterTypes.length, count)
    assert.strictEqual(parameterTypes[count - 1], 0xffff_ffff)
  })

  it("refuses a count that does not match its bytes (F10)", () => {
    malformed(ParameterDescription.decode(bytes(255, 255, 0, 0, 0, 23)))
    malformed(ParameterDescription.decode(bytes(0, 2, 0, 0, 0, 23)))
    malformed(ParameterDescription.decode(bytes(0, 0, 0, 0, 0, 23)))
  })
})
