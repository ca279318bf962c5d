import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Bits from "../../../src/types/Bits.js"
import type { Codec } from "../../../src/types/Codec.js"
import * as Geometries from "../../../src/types/Geometries.js"
import * as Networks from "../../../src/types/Networks.js"
import * as Ranges from "../../../src/types/Ranges.js"
import * as Registry from "../../../src/types/Registry.js"
import * as SystemIds from "../../../src/types/SystemIds.js"
import * as TextSearch from "../../../src/types/TextSearch.js"
import * as Vectors from "../../../src/types/Vectors.js"
import { isClean, open, s } from "../connection/sessions.js"

/** Literals of each type; all of them go into one array too. */
const samples: Readonly<Record<string, ReadonlyArray<string>>> = {
  int4range: ["[1,5)", "empty", "(,)", "[1,)", "(,5)"],
  int8range: ["[-9223372036854775808,9007199254740993)", "empty"],
  numrange: ["(,5]", "(1.50,2.500]", "[-Infinity,NaN]", "empty"],
  tsrange: ['["2000-01-01 00:00:00","2024-02-29 12:34:56.789123"]', "[-infinity,infinity)", "(,)"],
  tstzrange: ['("1999-12-31 23:59:59.999999+00",)', "[,infinity]", "empty"],
  daterange: ["[2000-01-01,infinity)", "[2024-02-29,2024-03-01]", "(,)"],
  int4multirange: ["{}", "{[1,3),[5,7)}", "{(,)}"],
  int8multirange: ["{[1,9007199254740993)}", "{}"],
  nummultirange: ["{[1.5,2.50],(3,)}", "{}"],
  tsmultirange: ['{["2000-01-01 00:00:00","2000-01-02 00:00:00"),[2001-01-01,infinity)}', "{}"],
  tstzmultirange: ['{("1999-12-31 23:59:59.999999+00",)}', "{}"],
  datemultirange: ["{[2000-01-01,2000-02-01),[2001-01-01,)}", "{}"],
  inet: [
    "10.0.0.1",
    "10.0.0.1/8",
    "0.0.0.0/0",
    "::1",
    "2001:db8::1/64",
    "::ffff:1.2.3.4",
    "::5",
    "::1.2.3.4",
    "1::2:0:0:3:4"
  ],
  cidr: ["10/8", "10.0.0.1/32", "2001:db8::/32", "::/0", "::ffff:0:0/96", "::/96"],
  macaddr: ["08002b-010203", "ff:ff:ff:ff:ff:ff"],
  macaddr8: ["08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05"],
  "bit(5)": ["10101", "00000"],
  varbit: ["", "1", "10101010", "101010101"],
  pg_lsn: ["0/16B3748", "0/0", "FFFFFFFF/FFFFFFFF"],
  xid8: ["0", "18446744073709551615"],
  xid: ["0", "4294967295"],
  cid: ["0", "4294967295"],
  tid: ["(0,1)", "(4294967295,65535)"],
  pg_snapshot: ["10:20:10,14", "10:10:"],
  txid_snapshot: ["10:20:10,14", "10:10:"],
  regproc: ["now", "-"],
  regprocedure: ["sum(integer)", "-"],
  regoper: ["||/", "0"],
  regoperator: ["+(integer,integer)", "0"],
  regclass: ["pg_class", "-", "70000"],
  regtype: ["integer", "timestamp with time zone", "text[]"],
  regconfig: ["english", "simple"],
  regdictionary: ["simple"],
  regnamespace: ["pg_catalog"],
  regrole: ["postgres"],
  regcollation: ['"C"', '"default"'],
  point: ["(1,2)", "(-0,NaN)", "(Infinity,1e-300)"],
  line: ["{1,2,3}", "{-1,0,1e20}"],
  lseg: ["[(1,2),(3,4)]"],
  box: ["(1,2),(3,4)", "(0,0),(0,0)"],
  path: ["[(1,2),(3,4)]", "((1,2),(3,4),(5,6))"],
  polygon: ["((1,2),(3,4),(5,6))"],
  circle: ["<(1,2),3>", "<(0.1,-0.5),0>"],
  money: ["-1234.50", "0", "92233720368547758.07"],
  xml: ['<a b="c">ä</a>', "text"],
  jsonpath: ["$.a[*] ? (@ > 1)", "strict $"],
  refcursor: ["<unnamed portal 1>", ""],
  tsvector: ["a:1A,2 b", "'a''b\\\\ c':3B", ""],
  tsquery: [
    "a:*B & !(b | c)",
    "a <3> b",
    "a & (b & c) | 'x''y'",
    "a <-> (b <-> c)",
    "(a & b) <-> !c",
    "!!a",
    "a:*AD",
    ""
  ],
  int2vector: ["1 -2 3", ""],
  oidvector: ["1 4294967295", ""]
}

/** The lossless preset, but what would travel as text for the sake of strings is sent in binary. */
const inBinary = Registry.lossless.withAll(
  [Ranges, Networks, Bits, SystemIds, Vectors, Geometries, TextSearch]
    .flatMap((family): ReadonlyArray<Codec> => family.all)
    .map((codec) => ({ ...codec, parameterFormat: 1 as const }))
)

/** Types whose empty value the server takes as text only. */
const noEmptyInBinary = new Set(["int2vector", "oidvector", "tsquery"])

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const arrayOf = (type: string, literals: ReadonlyArray<string>): string =>
  `{${[...literals.map((text) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`), "NULL"].join(type === "box" ? ";" : ",")}}`

for (const [preset, types] of [
  ["lossless", Registry.lossless],
  ["familiar", Registry.familiar],
  ["binary-sending lossless", inBinary]
] as const) {
  describe(`the ${preset} preset, for the rest of the built-in types`, () => {
    for (const [type, all] of Object.entries(samples)) {
      const literals =
        types === inBinary && noEmptyInBinary.has(type) ? all.filter((literal) => literal !== "") : all
      it.scopedLive(
        `reads ${type} and its arrays alike as text and as binary, and the server knows what is sent back (TYP-010)`,
        () =>
          Effect.gen(function* () {
            const pg = yield* open({ types })
            const array = quoted(arrayOf(type, literals))
            yield* pg.simple(
              `set timezone = 'Europe/Berlin'; set client_min_messages = warning;
              create temp table v (at int, x ${type}, xs ${type}[]);
              ${literals.map((literal, at) => `insert into v values (${at}, ${quoted(literal)}, ${array})`).join(";")}`
            )
            const query = `select x, xs, array[xs, xs] as deep from v order by at`
            const binary = yield* pg.values(s(query))
            const text = (yield* pg.simple(query))[0]!.rows.map((row) => Object.values(row))
            assert.deepStrictEqual(binary, text)
            assert.strictEqual(binary.length, literals.length)

            for (const [at, row] of binary.entries()) {
              const [equal] = yield* pg.values(
                s(
                  `select x::text = $2::${type}::text, xs::text = $3::${type}[]::text, array[xs, xs]::text = $4::${type}[]::text
                  from v where at = $1`,
                  [at, ...row]
                )
              )
              assert.deepStrictEqual(equal, [true, true, true], literals[at])
            }
            yield* isClean(pg)
          })
      )
    }
  })
}
