import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Registry from "../../../src/types/Registry.js"
import { isClean, open, s } from "./sessions.js"

/** Literals of each type; the first three must be fit for an array together with NULL. */
const samples: Readonly<Record<string, ReadonlyArray<string>>> = {
  bool: ["t", "f", "true"],
  int2: ["0", "-32768", "32767"],
  int4: ["0", "-2147483648", "2147483647"],
  int8: ["9007199254740993", "-9223372036854775808", "9223372036854775807", "0"],
  oid: ["0", "26", "4294967295"],
  float4: ["1.5", "-0", "3.4028235e38", "NaN", "Infinity", "1e-45"],
  float8: ["0.1", "-0", "1.7976931348623157e308", "NaN", "-Infinity", "5e-324"],
  numeric: ["0.10", "-12345678901234567890.123456789", "1e-20", "NaN", "Infinity", "-Infinity", "0", "10000"],
  text: ["", "NULL", 'a"b\\c,{d}', "😀 ä\u0301", " "],
  varchar: ["x", "null", "{}"],
  "bpchar(4)": ["ab", "abcd", ""],
  name: ["pg_class", 'Weird "name"', "x"],
  '"char"': ["a", "\\377", ""],
  bytea: ["\\x", "\\x00ff5c27", "\\x6162"],
  json: ['{"a": [1, null, "x"]}', "true", '"s"'],
  jsonb: ['{"a": [1, null, "x"]}', "[]", '"s"'],
  uuid: [
    "00000000-0000-0000-0000-000000000000",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "ffffffff-ffff-ffff-ffff-ffffffffffff"
  ],
  date: ["2024-03-31", "1999-12-31", "0001-01-01", "0044-03-15 BC", "infinity", "-infinity", "5874897-12-31"],
  time: ["00:00:00", "23:59:59.999999", "24:00:00"],
  timetz: ["00:00:00+00", "23:59:59.999999-15:59:59", "12:34:56+05:30"],
  timestamp: [
    "2000-01-01 00:00:00",
    "1999-12-31 23:59:59.999999",
    "2024-03-31 02:30:00",
    "infinity",
    "-infinity",
    "0044-03-15 12:00:00 BC"
  ],
  timestamptz: [
    "2000-01-01 00:00:00+00",
    "1999-12-31 23:59:59.999999+00",
    "1800-01-01 05:53:28+05:53:28",
    "infinity",
    "-infinity"
  ],
  interval: ["0", "1 year 2 mons -3 days 04:05:06.7", "-00:00:00.000001", "infinity"]
}

/** What cannot be written back as it was read: node-postgres' forms hold less than the type does. */
const oneWay = new Set(["timestamp", "timestamptz", "date", "interval", "float4", "numeric", "json", "jsonb"])

for (const [preset, types] of [
  ["lossless", Registry.lossless],
  ["familiar", Registry.familiar]
] as const) {
  describe(`the ${preset} preset`, () => {
    for (const [type, all] of Object.entries(samples)) {
      // A Date ends before the type does.
      const literals = preset === "familiar" ? all.filter((literal) => literal !== "5874897-12-31") : all
      it.scopedLive(
        `reads ${type} and its arrays alike as text and as binary, and writes what it has read`,
        () =>
          Effect.gen(function* () {
            const pg = yield* open({ types })
            yield* pg.simple(
              `set timezone = 'Europe/Berlin'; create temp table v (at int, x ${type}, xs ${type}[])`
            )
            // A json keeps its spaces, which reading it does not.
            const same = type === "json" ? "jsonb" : type
            for (const [at, literal] of literals.entries()) {
              const array = at === 0 ? literals.slice(0, 3) : [literal]
              yield* pg.query(
                s(
                  `insert into v values ($1, $2::text::${type}, (select array_agg(u::${type}) || null::${type} from unnest($3::text[]) u))`,
                  [at, literal, array]
                )
              )
            }
            const shapes = `x, xs, '{}'::${type}[] as none, array[xs, xs] as deep, '[0:0]={NULL}'::${type}[] as low, null::${type} as nothing`
            const query = `select ${shapes} from v order by at`
            const binary = yield* pg.values(s(query))
            const text = (yield* pg.simple(query))[0]!.rows.map((row) => Object.values(row))
            assert.deepStrictEqual(binary, text)

            for (const [at, row] of binary.entries()) {
              const literal = literals[at]!
              if (preset === "familiar" && oneWay.has(type)) continue
              const [equal] = yield* pg.values(
                s(
                  `select x::${same}::text = $2::${type}::${same}::text,
                    xs::${same}[]::text = $3::${type}[]::${same}[]::text,
                    cardinality($4::${type}[]) = 0,
                    array[xs, xs]::${same}[]::text = $5::${type}[]::${same}[]::text,
                    $6::${type} is null
                  from v where at = $1`,
                  [at, row[0], row[1], row[2], row[3], row[5]]
                )
              )
              assert.deepStrictEqual(equal, [true, true, true, true, true], literal)
            }
            yield* isClean(pg)
          })
      )
    }
  })
}
