/**
 * The table of types in `docs/types.md`: what each type becomes is seen by reading one text of it with both presets, how it
 * travels is asked of its codecs. Only the remarks are written by hand.
 */
import { ByteReader } from "../../src/bytes/ByteReader.js"
import * as Oid from "../../src/model/Oid.js"
import type { Codec } from "../../src/types/Codec.js"
import * as Registry from "../../src/types/Registry.js"

/** A text of each type, in the order of the table, and a note about it. */
export const examples: ReadonlyArray<readonly [types: string, text: string, remark?: string]> = [
  ["bool", "t"],
  ["int2 int4 oid", "1"],
  ["int8", "1", "familiar: digits"],
  ["float8", "0.1", "−0, NaN and the infinities too"],
  ["float4", "0.1", "0.1 is 0.10000000149011612; familiar: the digits that the server prints"],
  [
    "numeric",
    "0.10",
    "digits and scale, NaN, infinities; familiar arrays hold numbers, which may lose digits"
  ],
  ["money", "$1.00", "as the server's locale prints it"],
  ["text varchar name", "a"],
  ["bpchar", "a ", "the padding of `char(n)` stays"],
  ["char", "a", "one byte: `\\377` above 127, empty for zero"],
  ["bytea", "\\x00", "a copy"],
  ["json jsonb", '{"a":1}', "what `JSON.parse` gives, not always an object"],
  ["jsonpath xml refcursor", "$"],
  ["uuid", "00000000-0000-0000-0000-000000000000", "in lower case"],
  ["date", "2024-02-29", "a day, no instant; familiar: midnight on the host's clock"],
  ["time", "12:00:00"],
  ["timetz", "12:00:00+02"],
  [
    "timestamp",
    "2024-02-29 12:00:00",
    "what a clock shows, with microseconds; familiar: when the host's clock shows it"
  ],
  ["timestamptz", "2024-02-29 12:00:00+00", "an instant, with microseconds; familiar: milliseconds"],
  ["interval", "1 mon", "months, days, microseconds; familiar: such as `{ days: 1, hours: 2 }`"],
  ["inet", "::1"],
  ["cidr", "10.0.0.0/8"],
  ["macaddr macaddr8", "08:00:2b:01:02:03", "two digits and colons"],
  ["bit varbit", "101"],
  ["int4range int8range numrange daterange tsrange tstzrange", "empty", "of what the subtype gives"],
  ["int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange", "{}"],
  ["point", "(1,2)", "familiar: `{ x, y }`"],
  ["circle", "<(1,2),3>", "familiar: `{ x, y, radius }`"],
  ["line", "{1,2,3}"],
  ["lseg", "[(1,2),(3,4)]"],
  ["box", "(3,4),(1,2)"],
  ["path", "((1,2),(3,4))"],
  ["polygon", "((1,2),(3,4))"],
  ["tsvector", "'a':1"],
  ["tsquery", "'a' & 'b'"],
  ["pg_lsn xid8", "0", "unsigned"],
  ["xid cid", "0", "unsigned"],
  ["tid", "(0,1)"],
  ["pg_snapshot txid_snapshot", "1:1:"],
  ["int2vector oidvector", "1 2", "counts from 0"],
  [
    "regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype",
    "pg_class",
    "the name, quoted and qualified as the search path demands"
  ],
  ["void", "", "empty"]
]

/** Types that no column of a table can have, and that are strings. */
const unseen: ReadonlySet<string> = new Set(["unknown", "cstring", "record"])

/** Of types that share a row, but not the text. */
const textOf: ReadonlyMap<string, string> = new Map([
  ["pg_lsn", "0/0"],
  ["macaddr8", "08:00:2b:ff:fe:01:02:03"]
])

const codecOf = (registry: Registry.Registry, name: string): Codec => {
  const codec = byName(registry).get(name)
  if (codec === undefined) throw new Error(`the registry has no type ${name}`)
  return codec
}

/** The registry's types, without the arrays over them. */
const byName = (registry: Registry.Registry): ReadonlyMap<string, Codec> =>
  new Map(
    Object.values(Oid).flatMap((oid) => {
      const codec = typeof oid === "number" ? registry.lookup(oid) : undefined
      return codec === undefined || codec.name.endsWith("[]") ? [] : [[codec.name, codec] as const]
    })
  )

/** What a value is, in a word. */
const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return `array of ${kindOf(value[0])}s`
  if (typeof value !== "object" || value === null) return typeof value
  const name = value.constructor.name
  return name === "Object" ? "object" : `\`${name}\``
}

const kindRead = (codec: Codec, text: string): string => {
  const bytes = new TextEncoder().encode(text)
  const reader = new ByteReader(bytes)
  const value = codec.decodeText(reader, 0, bytes.length)
  if (reader.failure !== null) throw new Error(`the example of ${codec.name}: ${reader.failure}`)
  return kindOf(value)
}

const isReadInBinary = ({ decodeBinary }: Codec): boolean => decodeBinary !== undefined

const isSentInBinary = ({ encodeBinary, parameterFormat }: Codec): boolean =>
  encodeBinary !== undefined && parameterFormat !== 0

/** One word where the presets agree. */
const formatsOf = (lossless: Codec, familiar: Codec, isBinary: (codec: Codec) => boolean): string => {
  const word = (codec: Codec): string => (isBinary(codec) ? "binary" : "text")
  const [one, other] = [word(lossless), word(familiar)]
  return one === other ? one : `${one}; familiar ${other}`
}

const cellsOf = (name: string, text: string): ReadonlyArray<string> => {
  const lossless = codecOf(Registry.lossless, name)
  const familiar = codecOf(Registry.familiar, name)
  const example = textOf.get(name) ?? text
  const [exact, other] = [kindRead(lossless, example), kindRead(familiar, example)]
  return [
    exact,
    exact === other ? "the same" : other,
    formatsOf(lossless, familiar, isReadInBinary),
    formatsOf(lossless, familiar, isSentInBinary)
  ]
}

/** Rows of an example, one for each of its types that differs from the others. */
const rowsOf = ([types, text, remark = ""]: (typeof examples)[number]): ReadonlyArray<
  ReadonlyArray<string>
> => {
  const rows = new Map<string, { readonly names: Array<string>; readonly cells: ReadonlyArray<string> }>()
  for (const name of types.split(" ")) {
    const cells = cellsOf(name, text)
    const row = rows.get(cells.join()) ?? { names: [], cells }
    row.names.push(name === "char" ? '`"char"`' : `\`${name}\``)
    rows.set(cells.join(), row)
  }
  return [...rows.values()].map(({ cells, names }) => [names.join(", "), ...cells, remark])
}

/** As Prettier writes a table. */
const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const line = (cells: ReadonlyArray<string>): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  const [head, ...body] = rows
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n")
}

/** Throws when the registry has a type without an example. */
export const typeTable = (): string => {
  const shown = new Set(examples.flatMap(([types]) => types.split(" ")))
  for (const name of byName(Registry.lossless).keys()) {
    if (!shown.has(name) && !unseen.has(name))
      throw new Error(`no example of ${name} in test/tools/typeTable.ts`)
  }
  return aligned([
    ["PostgreSQL type", "`lossless`", "`familiar`", "Results", "Parameters", "Remarks"],
    ...examples.flatMap(rowsOf)
  ])
}
