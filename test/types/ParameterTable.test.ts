/** The page's table of what each type takes as a parameter, row by row. */
import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import { readFileSync } from "node:fs"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as Oid from "../../src/model/Oid.js"
import { JsonText } from "../../src/model/JsonText.js"
import { PgArray } from "../../src/model/PgArray.js"
import * as Parameters from "../../src/types/Parameters.js"
import type { Registry } from "../../src/types/Registry.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import { examples } from "../tools/typeTable.js"
import { decodeText, valueOf } from "./codecs.js"

const page = readFileSync(new URL("../../docs/types.md", import.meta.url), "utf8")
const section = page.slice(page.indexOf("\n## As parameters\n"))
/** The first cells of the table, without its head. */
const rows = [...section.slice(0, section.indexOf("\n## ", 5)).matchAll(/^\| ([^|]+?) +\|/gm)]
  .map(([, cell]) => cell!)
  .slice(2)

const oidOf = (name: string): number => {
  const oid = Object.values(Oid).find((oid) => typeof oid === "number" && lossless.nameOf(oid) === name)
  return typeof oid === "number" ? oid : assert.fail(`no type ${name}`)
}

const refusal = (name: string, value: unknown, registry: Registry): string | undefined => {
  const failure = Parameters.plan([oidOf(name)], registry).write(new ByteWriter(), [value])
  return failure === null ? undefined : failure.reason
}

/** Texts of types as the server prints them. */
const texts: ReadonlyMap<string, string> = new Map([
  ...examples.flatMap(([types, text]) => types.split(" ").map((name) => [name, text] as const)),
  ["pg_lsn", "0/0"],
  ["macaddr8", "08:00:2b:ff:fe:01:02:03"]
])

/** What the type gives for its text. */
const given = (name: string, registry: Registry): unknown =>
  valueOf(decodeText(registry.lookup(oidOf(name))!, texts.get(name)!))

interface Row {
  readonly types: ReadonlyArray<string>
  readonly takes: ReadonlyArray<unknown>
  /** Refused in the lossless preset. */
  readonly refuses: ReadonlyArray<unknown>
  /** Whether the familiar preset takes those. */
  readonly isFamiliar?: boolean
}

const row = (types: string, takes: ReadonlyArray<unknown>, refuses: ReadonlyArray<unknown>): Row => ({
  types: types.split(" "),
  takes,
  refuses
})

const nothing = (): void => {}

const checks: ReadonlyMap<string, ReadonlyArray<Row>> = new Map([
  [
    "`int2`, `int4`, `int8`, `oid`",
    [
      row("int2 int4 int8 oid", [7, 7n, "7"], [1.5, 2 ** 53, "x", true]),
      row("int8", [2 ** 53 - 1, 2n ** 53n], [-(2 ** 53)])
    ]
  ],
  ["`float4`, `float8`", [row("float4 float8", [1.5, -0, 8n, "1.5"], [2n ** 53n + 1n, true])]],
  [
    "`numeric`",
    [row("numeric", [BigDecimal.make(125n, 1), 7n, 0.1, 1e20, "1.50"], [2 ** 53, 2 ** 53 + 2, true])]
  ],
  ["`text` and its like", [{ ...row("text varchar bpchar", ["a"], [7, 7n, true]), isFamiliar: true }]],
  ["`bytea`", [row("bytea", [Uint8Array.of(0), "\\x0aff", "a\\000"], [7, "\\x0"])]],
  [
    "`json`, `jsonb`",
    [
      row(
        "json jsonb",
        [{ a: [1] }, 7, true, new JsonText("null")],
        [nothing, Symbol("s"), { a: Promise.resolve() }, [nothing]]
      ),
      row("json jsonb", ['"a"'], [])
    ]
  ],
  [
    "`date`, `timestamp`, `timestamptz`",
    [row("date timestamp timestamptz", [new Date(0), "now"], [7, new Date(NaN)])]
  ],
  [
    "`time`, `timetz`, `interval`",
    [row("time timetz interval", ["1"], [7]), row("interval", [{ days: 1, hours: 2 }], [{ day: 1 }])]
  ],
  ["`uuid`", [row("uuid", ["0".repeat(32), "00000000-0000-0000-0000-000000000000"], ["0", 7])]],
  ["arrays", [row("int4[] text[]", [[null], new PgArray([], []), "{}"], [7, "{", [[], {}]])]],
  ["`bool`", [row("bool", [true, false, "on", "f"], [1, "maybe"])]],
  [
    "`xid8`, `pg_lsn`",
    [row("xid8 pg_lsn", [7n], [-1n, 1.5]), row("xid8", [7, "7"], []), row("pg_lsn", ["0/7"], [7])]
  ],
  ["`xid`, `cid`", [row("xid cid", [7, 7n, "7"], [1.5, "x"])]],
  [
    "`regclass` and the other `reg…`",
    [
      row(
        "regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype",
        ["pg_class", 7],
        [1.5, {}]
      )
    ]
  ]
])

/** The names of the table's own row, and the arrays over all types, which have a row together. */
const named = new Set([...checks.values()].flatMap((rows) => rows.flatMap(({ types }) => types)))

describe("the page's table of parameters", () => {
  it("has the rows that are checked here, and one for the rest", () => {
    assert.deepStrictEqual(rows, [...checks.keys(), "any other type"])
  })

  for (const [name, rows] of checks)
    it(`lists what ${name} take, and what they refuse`, () => {
      for (const { isFamiliar, refuses, takes, types } of rows)
        for (const type of types) {
          for (const registry of [lossless, familiar]) {
            for (const value of takes) assert.isUndefined(refusal(type, value, registry), type)
            if (texts.has(type)) assert.isUndefined(refusal(type, given(type, registry), registry), type)
          }
          for (const value of refuses) {
            assert.isDefined(refusal(type, value, lossless), `${type} takes it`)
            assert.strictEqual(refusal(type, value, familiar) === undefined, isFamiliar === true, type)
          }
        }
    })

  it("is right about any other type: it takes its own values, and its text", () => {
    const others = [...texts.keys()].filter((name) => !named.has(name))
    assert.isAbove(others.length, 30)
    for (const name of others)
      for (const registry of [lossless, familiar])
        for (const value of [given(name, registry), texts.get(name)])
          assert.isUndefined(refusal(name, value, registry), name)
  })
})
