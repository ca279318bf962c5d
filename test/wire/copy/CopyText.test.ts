import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import * as CopyText from "../../../src/wire/copy/CopyText.js"
import * as LineFormat from "../../../src/wire/copy/LineFormat.js"
import { bytes, cut } from "../bytes.js"
import { cuts, fieldsIn, isDefault, read, reading, table, type Fields } from "./records.js"

const format = (settings: LineFormat.TextSettings & LineFormat.WayText = {}) =>
  Either.getOrThrowWith(LineFormat.text(settings), (reason) => new Error(reason))

interface Options {
  readonly settings?: LineFormat.TextSettings
  readonly names?: ReadonlyArray<string>
  readonly maxRecordBytes?: number
}

const reader = (width: number, { maxRecordBytes, names, settings }: Options = {}) =>
  new CopyText.Reader({ width, format: format(settings), names, maxRecordBytes })

const write = (
  records: ReadonlyArray<Fields>,
  settings: LineFormat.TextSettings & LineFormat.WayText = {}
): ByteWriter => {
  const writer = new ByteWriter()
  for (const fields of records) CopyText.write(writer, format(settings), fieldsIn(fields), 0, fields.length)
  return writer
}

const textOf = (
  records: ReadonlyArray<Fields>,
  settings?: LineFormat.TextSettings & LineFormat.WayText
): string => new TextDecoder().decode(write(records, settings).written())

const { fails, records } = reading(reader)

/** As PostgreSQL 18 writes `(1, E'a\tb…'), (2, null), (null, ''), (3, 'x"y,z'), (4, E'\\.'), (5, E'\\N'), (6, 'ä😀')`. */
const golden = '1\ta\\tb\\\\c\\nd\\re\\b\\f\\v\n2\t\\N\n\\N\t\n3\tx"y,z\n4\t\\\\.\n5\t\\\\N\n6\tä😀\n'
const goldenRecords: ReadonlyArray<Fields> = [
  ["1", "a\tb\\c\nd\re\b\f\v"],
  ["2", null],
  [null, ""],
  ["3", 'x"y,z'],
  ["4", "\\."],
  ["5", "\\N"],
  ["6", "ä😀"]
]

describe("the text format", () => {
  it("is read and written as the server writes it (FLW-076)", () => {
    assert.deepStrictEqual(records(2, golden), goldenRecords)
    assert.strictEqual(textOf(goldenRecords), golden)
  })

  it("has another delimiter and another NULL where they are asked for, as the server does (FLW-076)", () => {
    const settings = { delimiter: ";", nullText: "NULL" }
    const golden = "2;NULL\nNULL;\n4;\\\\.\n"
    const expected = [
      ["2", null],
      [null, ""],
      ["4", "\\."]
    ]
    assert.deepStrictEqual(records(2, golden, { settings }), expected)
    assert.strictEqual(textOf(expected, settings), golden)
    assert.strictEqual(textOf([["a;b\tc"]], settings), "a\\;b\\tc\n")
  })

  it("reads every escape, and any other byte after a backslash as itself (FLW-076)", () => {
    const cases: ReadonlyArray<readonly [string, string | null]> = [
      ["\\b\\f\\n\\r\\t\\v\\\\", "\b\f\n\r\t\v\\"],
      ["\\101\\60\\7\\0601", "A0\u0007" + "01"],
      ["\\08", "\0" + "8"],
      ["\\x41\\x4aZ\\x4g\\xG\\x", "AJZ\u0004gxGx"],
      ["\\303\\244\\xc3\\xA4", "ää"],
      ["\\501", "A"],
      ['\\\t\\a\\"\\8\\ä', '\ta"8ä'],
      ["\\\n\\\r", "\n\r"],
      ["\\N", null],
      ["\\N\\N", "NN"],
      ["x\\N", "xN"]
    ]
    for (const [text, value] of cases) assert.deepStrictEqual(records(1, `${text}\n`), [[value]], text)
  })

  it("distinguishes an empty value from NULL, also when NULL is written as nothing (FLW-076)", () => {
    assert.deepStrictEqual(records(2, "\t\n\\N\t\n"), [
      ["", ""],
      [null, ""]
    ])
    assert.deepStrictEqual(records(2, "\t\na\t\n", { settings: { nullText: "" } }), [
      [null, null],
      ["a", null]
    ])
    assert.match(write([["a", ""]], { nullText: "" }).failure ?? "", /empty text would be read as NULL/)
  })

  it("writes a value that looks like NULL so that it is read as a value (FLW-076)", () => {
    for (const nullText of ["NULL", "n", "0", "-", "é", "\\N"]) {
      const settings = { nullText }
      const text = textOf([[nullText, null]], settings)
      assert.deepStrictEqual(records(2, text, { settings }), [[nullText, null]])
    }
    assert.strictEqual(textOf([["NULL"]], { nullText: "NULL" }), "\\116\\125\\114\\114\n")
  })

  it("writes the text for a default, and a value that looks like it so that it is read as a value", () => {
    const writer = new ByteWriter()
    const settings = { defaultText: "D" }
    CopyText.write(writer, format(settings), fieldsIn([isDefault, "D", null, "Do", "\\D"]), 0, 5)
    assert.strictEqual(new TextDecoder().decode(writer.written()), "D\t\\104\t\\N\tDo\t\\\\D\n")
    assert.deepStrictEqual(records(1, "\\104\n"), [["D"]])
    assert.strictEqual(textOf([["\\D"]], { defaultText: "\\D" }), "\\\\D\n")
    assert.match(write([[""]], { defaultText: "" }).failure ?? "", /empty text would be read as a default/)
    const twisted = { nullText: "A", defaultText: "\\101" }
    assert.match(write([["A"]], twisted).failure ?? "", /equals nullText or defaultText/)
  })

  it.prop(
    "gives back any records with any settings, however they are cut (FLW-076, FLW-081)",
    [
      table,
      cuts,
      fc.constantFrom<LineFormat.TextSettings & LineFormat.WayText>(
        {},
        { delimiter: "," },
        { delimiter: "N", nullText: "-" },
        { delimiter: "'", nullText: "a" },
        { delimiter: "|", nullText: "N" },
        { nullText: "\\\\N" },
        { nullText: "0" },
        { defaultText: "a" },
        { defaultText: "\\N", nullText: "N" }
      )
    ],
    ([{ records, width }, cuts, settings]) => {
      const chunks = cut(write(records, settings).written(), cuts)
      assert.deepStrictEqual(read(reader(width, { settings }), chunks), { records, failure: null })
    }
  )

  it("ends at a line of backslash and point, and what comes behind it means nothing (FLW-075)", () => {
    for (const [end, expected] of [
      ["\n", [["1"]]],
      ["\r\n", [["1"]]],
      ["\r", [["1"]]]
    ] as const) {
      const text = `1${end}\\.${end}2${end}\0\\`
      for (const sizes of [[1], [2], [3], [100]]) {
        assert.deepStrictEqual(read(reader(1), cut(bytes(text), sizes)), { records: expected, failure: null })
      }
    }
    assert.deepStrictEqual(records(1, "\\.\n1\n"), [])
    assert.deepStrictEqual(records(1, "1\n\\."), [["1"]])
    assert.deepStrictEqual(records(1, "\\\\.\n"), [["\\."]])
    fails(1, "1\na\\.\n", "malformed", /alone on its line/, 2)
    fails(1, "\\.a\n", "malformed", /alone on its line/, 1)
  })

  it("has lines that end in LF, CR LF or CR, as the first one does, and the last needs no end", () => {
    const expected = [
      ["1", "a"],
      ["2", null],
      ["3", ""]
    ]
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = ["1\ta", "2\t\\N", "3\t"].join(end)
      for (const sizes of [[1], [2], [3], [100]]) {
        for (const stream of [text, text + end]) {
          const seen = read(reader(2), cut(bytes(stream), sizes))
          assert.deepStrictEqual(seen, { records: expected, failure: null }, JSON.stringify(stream))
        }
      }
    }
    assert.deepStrictEqual(records(1, "\n\n"), [[""], [""]])
    assert.deepStrictEqual(records(1, ""), [])
  })

  it("is refused with line ends of several kinds", () => {
    fails(1, "1\n2\r3\n", "malformed", /a carriage return where lines end in a line feed/, 2)
    fails(1, "1\n2\r\n", "malformed", /where lines end in a line feed/, 2)
    fails(1, "1\r\n2\n", "malformed", /a line feed where lines end in carriage return and line feed/, 2)
    fails(1, "1\r\n2\r3\r\n", "malformed", /a carriage return where/, 2)
    fails(1, "1\r2\n", "malformed", /a line feed where lines end in a carriage return/, 2)
    fails(1, "1\n2\r", "malformed", /a carriage return/, 2)
  })

  it("is refused with more or fewer fields than columns, naming the record", () => {
    fails(2, "1\t2\n3\n", "malformed", /1 field where 2 columns are expected/, 2)
    fails(2, "1\t2\t3\n", "malformed", /more than 2 fields where 2 columns are expected/, 1)
    fails(1, "1\n2\t\n", "malformed", /more than 1 fields/, 2)
    fails(3, "1\t2\n", "malformed", /2 fields where 3 columns/, 1)
    fails(2, "1\t2\n\n", "malformed", /1 field/, 2)
    fails(0, "1\n", "malformed", /more than 0 fields/, 1)
    assert.deepStrictEqual(records(0, "\n\n"), [[], []])
  })

  it("is refused as cut short when its last line lacks something", () => {
    fails(2, "1\t2\n3", "truncated", /1 field/, 2)
    fails(1, "1\n2\\", "truncated", /a backslash ends the data/, 2)
  })

  it("passes over a header, with its byte order mark, or compares it", () => {
    const names = ["id", "na\tme"]
    const text = "id\tna\\tme\n1\ta\n"
    for (const header of [true, "match"] as const) {
      for (const stream of [text, `\ufeff${text}`]) {
        for (const sizes of [[1], [2], [100]]) {
          const seen = read(reader(2, { names, settings: { header } }), cut(bytes(stream), sizes))
          assert.deepStrictEqual(seen, { records: [["1", "a"]], failure: null })
        }
      }
    }
    const match = { names, settings: { header: "match" } } as const
    fails(2, "id\tName\n1\ta\n", "malformed", /name 2 differs from the name of its column/, 0, match)
    fails(2, "\\N\tna\\tme\n", "malformed", /name 1/, 0, match)
    fails(2, "id\n1\ta\n", "malformed", /1 field where 2/, 0, match)
    assert.deepStrictEqual(records(2, "anything\n1\ta\n", { settings: { header: true } }), [["1", "a"]])
    assert.deepStrictEqual(records(1, "", { settings: { header: true } }), [])
  })

  it("takes a byte order mark for data where there is no header", () => {
    assert.deepStrictEqual(records(1, "\ufeff1\n"), [["\ufeff1"]])
  })

  it("refuses a record beyond the limit as soon as it has grown to it", () => {
    const long = { maxRecordBytes: 10 }
    assert.deepStrictEqual(records(1, "0123456789\n", long), [["0123456789"]])
    fails(1, "1\n01234567890\n", "too-large", /11 bytes or more, and maxRecordBytes is 10/, 2, long)
    const seen = read(reader(1, long), cut(bytes("x".repeat(20)), [4]), true)
    assert.strictEqual(seen.failure?.kind, "too-large")
    fails(1, "01234567890\n", "too-large", /maxRecordBytes is/, 0, { ...long, settings: { header: true } })
  })

  it("joins a record of many chunks in time that grows with its size only", () => {
    const size = 4 << 20
    const { failure, records } = read(reader(1), cut(Buffer.from("\\".repeat(size * 2) + "\n1\n"), [101]))
    assert.isNull(failure)
    assert.deepStrictEqual(
      records.map(([value]) => value?.length),
      [size, 1]
    )
  })
})
