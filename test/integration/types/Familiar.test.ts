/**
 * The familiar preset against node-postgres's own parsers: from the server's text they have to make the same as the preset
 * makes of that text and of the binary form, for every type that they have a parser for. Intended differences
 * are listed in docs/types.md.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inspect, isDeepStrictEqual } from "node:util"
import { getTypeParser } from "pg-types"
import * as Oid from "../../../src/model/Oid.js"
import { PgCodecError } from "../../../src/model/PgError.js"
import * as Registry from "../../../src/types/Registry.js"
import * as Texts from "../../../src/types/Texts.js"
import { open, s } from "../connection/sessions.js"
import { shared } from "../support/server.js"
import { makeTable, withinDate } from "./differential.js"
import { inText } from "./readers.js"
import { samples } from "./samples.js"
import type { Sample } from "./samples/sample.js"

/** What they do with a type they do not know. */
const parserOf: (oid: number) => (text: string) => unknown = getTypeParser
const noParse = parserOf(0)
const isParsed = (oid: number): boolean => parserOf(oid) !== noParse

/** Its OID and its array's. */
const oidsOf = (sample: Sample): readonly [one: number, many: number] => {
  const name = sample.type.replace(/\(.*|"/g, "")
  const [oid] = Object.values(Oid).filter((oid) => typeof oid === "number" && Oid.nameOf(oid) === name)
  const [arrayOid] = Object.values(Oid).filter(
    (oid) => typeof oid === "number" && Oid.nameOf(oid) === `${name}[]`
  )
  return [oid as number, arrayOid as number]
}

/** The server's text of everything. */
const asPrinted = Registry.Registry.make(
  Object.values(Oid).flatMap((oid) =>
    typeof oid === "number" ? [Texts.textOnly(Oid.nameOf(oid), oid, 0)] : []
  )
)

/** Without the methods that they give to intervals. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  return typeof value === "object" && value?.constructor.name === "PostgresInterval" ? { ...value } : value
}

/** What is compared of a type, where not everything is. */
const compared: Readonly<Record<string, string>> = {
  date: withinDate,
  timestamp: withinDate,
  timestamptz: withinDate,
  interval: "row(x, xs)::text !~ 'infinity'"
}

const compare = (sample: Sample, seed: number) =>
  Effect.gen(function* () {
    const raw = yield* open({ types: asPrinted })
    const binary = yield* open({ types: Registry.familiar })
    const text = yield* open({ types: inText(Registry.familiar) })
    const table = yield* makeTable(binary, sample, shared.version, 60, seed)
    const oids = oidsOf(sample)
    for (const [place, column] of (["x", "xs"] as const).entries()) {
      if (!isParsed(oids[place]!)) continue
      const query = s(
        `select ${column} from ${table} where ${column} is not null and ${compared[sample.type] ?? "true"} order by at`
      )
      const theirs = (yield* raw.values(query))
        .flat()
        .map((value) => [value, plain(parserOf(oids[place]!)(String(value)))] as const)
      const ours = [(yield* binary.values(query)).flat(), (yield* text.values(query)).flat()]
      for (const [at, [source, expected]] of theirs.entries()) {
        for (const values of ours) {
          if (isDeepStrictEqual(values[at], expected)) continue
          assert.fail(`${source} is ${inspect(values[at])} and not ${inspect(expected)}`)
        }
      }
    }
  })

for (const zone of ["UTC", "America/Sao_Paulo"]) {
  describe(`the familiar preset, the host in ${zone}`, () => {
    const before = process.env["TZ"]
    beforeAll(() => {
      process.env["TZ"] = zone
    })
    afterAll(() => {
      if (before === undefined) delete process.env["TZ"]
      else process.env["TZ"] = before
    })

    for (const [at, sample] of samples.entries()) {
      if (!oidsOf(sample).some(isParsed)) continue
      it.scopedLive(`reads ${sample.type} as node-postgres does`, () => compare(sample, at))
    }
  })
}

describe("the familiar preset, where node-postgres loses values", () => {
  it.scopedLive("gives infinite intervals, arrays of every type, and no invalid Date", () =>
    Effect.gen(function* () {
      const pg = yield* open({ types: Registry.familiar })
      const [row] = yield* pg.values(
        s("select interval 'infinity', interval '-infinity', '{1,01}'::varbit[], '{a,\"b c\"}'::name[]")
      )
      assert.deepStrictEqual(row, [Infinity, -Infinity, ["1", "01"], ["a", "b c"]])
      assert.deepStrictEqual(plain(parserOf(Oid.interval)("infinity")), {})
      assert.isFalse(isParsed(Oid.varbitArray) || isParsed(Oid.nameArray))

      const beyond = yield* Effect.flip(pg.values(s("select date '5874897-12-31'")))
      assert.instanceOf(beyond, PgCodecError)
      assert.deepStrictEqual(parserOf(Oid.date)("5874897-12-31"), new Date(NaN))
    })
  )
})
