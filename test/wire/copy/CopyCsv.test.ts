import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import * as CopyCsv from "../../../src/wire/copy/CopyCsv.js"
import * as LineFormat from "../../../src/wire/copy/LineFormat.js"
import { bytes, cut } from "../bytes.js"
import { cuts, fieldsIn, isDefault, read, reading, table, type Fields } from "./records.js"

type Settings = LineFormat.CsvSettings & LineFormat.WayCsv

const format = (settings: Settings = {}, names: ReadonlyArray<string> = []) =>
  Either.getOrThrowWith(LineFormat.csv(settings, names), (reason) => new Error(reason))

interface Options {
  readonly settings?: Settings
  readonly names?: ReadonlyArray<string>
  readonly maxRecordBytes?: number
}

const reader = (width: number, { maxRecordBytes, names, settings }: Options = {}) =>
  new CopyCsv.Reader({ width, format: format(settings, names), names, maxRecordBytes })

const write = (
  records: ReadonlyArray<Fields>,
  settings: Settings = {},
  names?: ReadonlyArray<string>
): Uint8Array => {
  const writer = new ByteWriter()
  for (const fields of records)
    CopyCsv.write(writer, format(settings, names), fieldsIn(fields), 0, fields.length)
  assert.isNull(writer.failure)
  return writer.written()
}

const textOf = (records: ReadonlyArray<Fields>, settings?: Settings, names?: ReadonlyArray<string>): string =>
  new TextDecoder().decode(write(records, settings, names))

const { fails, records } = reading(reader)

/** As PostgreSQL 18 writes `(1, E'a\tb…'), (2, null), (null, ''), (3, 'x"y,z'), (5, E'\\N'), (6, 'ä😀')`. */
const golden = '1,"a\tb\\c\nd\re\b\f\v"\n2,\n,""\n3,"x""y,z"\n5,\\N\n6,ä😀\n'
const goldenRecords: ReadonlyArray<Fields> = [
  ["1", "a\tb\\c\nd\re\b\f\v"],
  ["2", null],
  [null, ""],
  ["3", 'x"y,z'],
  ["5", "\\N"],
  ["6", "ä😀"]
]

describe("CSV", () => {
  it("is read and written as the server writes it (FLW-077)", () => {
    assert.deepStrictEqual(records(2, golden), goldenRecords)
    assert.strictEqual(textOf(goldenRecords), golden)
  })

  it("has other characters where they are asked for, as the server does (FLW-077)", () => {
    const settings = { delimiter: ";", quote: "'", escape: "\\", nullText: "NULL" }
    const golden = "1;'a\tb\\\\c\nd'\n2;NULL\nNULL;\n3;x\"y,z\n5;\\N\n"
    const expected: ReadonlyArray<Fields> = [
      ["1", "a\tb\\c\nd"],
      ["2", null],
      [null, ""],
      ["3", 'x"y,z'],
      ["5", "\\N"]
    ]
    assert.deepStrictEqual(records(2, golden, { settings }), expected)
    assert.strictEqual(textOf(expected, settings), golden)
    assert.strictEqual(textOf([["it's"]], settings), "'it\\'s'\n")
    assert.deepStrictEqual(records(1, "'it\\'s \\\\ \\n'\n", { settings }), [["it's \\ \\n"]])
  })

  it("distinguishes NULL from an empty value by its quotes, and from a value that looks like it (FLW-077)", () => {
    assert.deepStrictEqual(records(2, ',""\n'), [[null, ""]])
    assert.deepStrictEqual(records(1, '\n""\n'), [[null], [""]])
    assert.strictEqual(textOf([[null], [""]]), '\n""\n')
    const settings = { nullText: "NULL" }
    assert.deepStrictEqual(records(3, 'NULL,"NULL",\n', { settings }), [[null, "NULL", ""]])
    assert.strictEqual(textOf([[null, "NULL", ""]], settings), 'NULL,"NULL",\n')
  })

  it("reads quotes wherever they begin and end, and spaces as data (FLW-077)", () => {
    assert.deepStrictEqual(records(2, 'a"b,c"d, e \n'), [["ab,cd", " e "]])
    assert.deepStrictEqual(records(2, '"a""","""b"\n'), [['a"', '"b']])
    assert.deepStrictEqual(records(1, '""""\n'), [['"']])
  })

  it("takes a line of backslash and point for a value, and always writes it in quotes (FLW-075, TRP-071)", () => {
    assert.deepStrictEqual(records(1, '1\n\\.\n2\n"\\."\n'), [["1"], ["\\."], ["2"], ["\\."]])
    assert.strictEqual(textOf([["\\."], ["\\.a"]]), '"\\."\n\\.a\n')
    assert.strictEqual(textOf([["\\.", "\\."]]), '"\\.","\\."\n')
  })

  it("writes the text for a default where one is meant, and a value that looks like it in quotes", () => {
    const writer = new ByteWriter()
    CopyCsv.write(writer, format({ defaultText: "D" }), fieldsIn([isDefault, "D", null, "", "Do"]), 0, 5)
    assert.strictEqual(new TextDecoder().decode(writer.written()), 'D,"D",,"",Do\n')
  })

  it("puts the values of chosen columns in quotes, but neither NULL nor a default nor the names of a header", () => {
    const names = ["a", "b"]
    const rows: ReadonlyArray<Fields> = [
      ["1", "x"],
      [null, 'y"']
    ]
    assert.strictEqual(textOf(rows, { forceQuote: ["a"] }, names), '"1",x\n,"y"""\n')
    assert.strictEqual(textOf(rows, { forceQuote: "*" }, names), '"1","x"\n,"y"""\n')
    const writer = new ByteWriter()
    const forced = format({ forceQuote: "*", defaultText: "D" }, names)
    CopyCsv.write(writer, forced, fieldsIn(names), 0, 2, true)
    CopyCsv.write(writer, forced, fieldsIn([isDefault, "1"]), 0, 2)
    assert.strictEqual(new TextDecoder().decode(writer.written()), 'a,b\nD,"1"\n')
  })

  it("takes the text for NULL for a value, or for NULL in quotes too, in the columns chosen, as the server does", () => {
    const names = ["a", "b", "c", "d"]
    const settings = { nullText: "N", forceNotNull: ["b", "d"], forceNull: ["c", "d"] }
    assert.deepStrictEqual(records(4, 'N,N,N,N\n"N","N","N","N"\n', { names, settings }), [
      [null, "N", null, "N"],
      ["N", "N", null, null]
    ])
    const empty = { forceNotNull: ["a"], forceNull: ["b"] }
    assert.deepStrictEqual(records(2, ',\n"",""\nx,"x"\n', { names: ["a", "b"], settings: empty }), [
      ["", null],
      ["", null],
      ["x", "x"]
    ])
    const named = { header: "match", nullText: "N", forceNull: "*" } as const
    assert.deepStrictEqual(records(1, '"N"\n"N"\n', { names: ["N"], settings: named }), [[null]])
  })

  it.prop(
    "gives back any records with any settings, however they are cut (FLW-077, FLW-081)",
    [
      table,
      cuts,
      fc.constantFrom<Settings>(
        {},
        { delimiter: ";" },
        { delimiter: "a", quote: "b" },
        { quote: "'", escape: "\\" },
        { quote: "'", escape: "," },
        { nullText: "N" },
        { nullText: "\\N", escape: "x" },
        { defaultText: "a" },
        { defaultText: "", nullText: "N" }
      )
    ],
    ([{ records, width }, cuts, settings]) => {
      const chunks = cut(write(records, settings), cuts)
      assert.deepStrictEqual(read(reader(width, { settings }), chunks), { records, failure: null })
    }
  )

  it("has lines that end in LF, CR LF or CR, and any of them in quotes", () => {
    const expected = [
      ["1", "a\nb\rc\r\nd"],
      ["2", null]
    ]
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = ['1,"a\nb\rc\r\nd"', "2,"].join(end)
      for (const sizes of [[1], [2], [3], [100]]) {
        for (const stream of [text, text + end]) {
          const seen = read(reader(2), cut(bytes(stream), sizes))
          assert.deepStrictEqual(seen, { records: expected, failure: null }, JSON.stringify(stream))
        }
      }
    }
    fails(1, "1\n2\r3\n", "malformed", /a carriage return where lines end in a line feed/, 2)
  })

  it("is refused with more or fewer fields than columns, naming the record", () => {
    fails(2, '1,2\n"3,4"\n', "malformed", /1 field where 2 columns are expected/, 2)
    fails(2, "1,2,3\n", "malformed", /more than 2 fields/, 1)
    fails(2, "1,2\n\n", "malformed", /1 field/, 2)
    fails(0, "1\n", "malformed", /more than 0 fields/, 1)
    assert.deepStrictEqual(records(0, "\n"), [[]])
  })

  it("is refused as cut short when a quote is never closed", () => {
    fails(1, '1\n"2\n', "truncated", /a quote is not closed/, 2)
    fails(2, '1,2\n"3', "truncated", /not closed/, 2)
  })

  it("passes over a header, with its byte order mark, or compares it", () => {
    const names = ["id", "na,me\n"]
    const text = 'id,"na,me\n"\n1,a\n'
    for (const header of [true, "match"] as const) {
      for (const stream of [text, `\ufeff${text}`]) {
        for (const sizes of [[1], [2], [100]]) {
          const seen = read(reader(2, { names, settings: { header } }), cut(bytes(stream), sizes))
          assert.deepStrictEqual(seen, { records: [["1", "a"]], failure: null })
        }
      }
    }
    fails(2, "id,name\n", "malformed", /name 2/, 0, { names, settings: { header: "match" } })
    assert.deepStrictEqual(records(1, "\ufeff1\n"), [["\ufeff1"]])
  })

  it("refuses a record beyond the limit, line ends in quotes counted", () => {
    const long = { maxRecordBytes: 10 }
    assert.deepStrictEqual(records(1, '"234\n6789"\n', long), [["234\n6789"]])
    fails(1, '1\n"234\n67890"\n', "too-large", /11 bytes or more, and maxRecordBytes is 10/, 2, long)
    assert.strictEqual(
      read(reader(1, long), cut(bytes('"', "\n".repeat(20)), [4]), true).failure?.kind,
      "too-large"
    )
  })

  it("joins a record of many chunks in time that grows with its size only", () => {
    const size = 4 << 20
    const { failure, records } = read(reader(1), cut(Buffer.from('"' + '""'.repeat(size) + '"\n1\n'), [101]))
    assert.isNull(failure)
    assert.deepStrictEqual(
      records.map(([value]) => value?.length),
      [size, 1]
    )
  })
})
