import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import { ByteReader } from "../../src/bytes/ByteReader.js"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as Oid from "../../src/model/Oid.js"
import * as Presets from "../../src/schema/Presets.js"
import * as PgType from "../../src/schema/PgType.js"
import type { Registry } from "../../src/types/Registry.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import * as Recode from "../../src/types/Recode.js"
import { decodeText } from "../types/codecs.js"

const oids = Object.values(Oid).filter((value) => typeof value === "number")

const isJson: ReadonlySet<number> = new Set([Oid.json, Oid.jsonb, Oid.jsonArray, Oid.jsonbArray])

const presets: ReadonlyArray<readonly [string, Registry, ReadonlyMap<number, Schema.Schema.AnyNoContext>]> = [
  ["lossless", lossless, Presets.lossless],
  ["familiar", familiar, Presets.familiar]
]

/** Server text of every type whose binary form random bytes rarely are; elements of arrays too. */
const texts: ReadonlyMap<number, ReadonlyArray<string>> = new Map([
  [Oid.numeric, ["0.10", "-12345678901234567890.5", "NaN", "Infinity", "-Infinity"]],
  [Oid.json, ['{"a":[1,null]}', "null", '"x"']],
  [Oid.jsonb, ['{"a":[1,null]}', "[]"]],
  [Oid.timestamptz, ["2024-02-29 12:34:56.789123+00", "infinity", "-infinity"]],
  [Oid.timestamp, ["2024-02-29 12:34:56.789123", "infinity", "4713-01-01 00:00:00 BC"]],
  [Oid.date, ["2024-02-29", "infinity", "-infinity"]],
  [Oid.time, ["24:00:00", "00:00:00.000001"]],
  [Oid.timetz, ["12:34:56.789+05:30"]],
  [Oid.interval, ["1 year 2 mons -3 days +04:05:06.789", "00:00:00", "infinity"]],
  [Oid.uuid, ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]],
  [Oid.inet, ["10.0.0.1/8", "::1"]],
  [Oid.cidr, ["10.0.0.0/8"]],
  [Oid.macaddr, ["08:00:2b:01:02:03"]],
  [Oid.macaddr8, ["08:00:2b:01:02:03:04:05"]],
  [Oid.bit, ["101"]],
  [Oid.varbit, ["", "1"]],
  [Oid.tid, ["(0,1)"]],
  [Oid.xid8, ["18446744073709551615"]],
  [Oid.pgLsn, ["16/B374D848"]],
  [Oid.pgSnapshot, ["10:20:10,14,15"]],
  [Oid.txidSnapshot, ["10:20:10"]],
  [Oid.int2vector, ["1 2 3", ""]],
  [Oid.oidvector, ["1 4294967295"]],
  [Oid.int4range, ["[1,5)", "empty", "(,)"]],
  [Oid.int8range, ["[9007199254740993,)"]],
  [Oid.numrange, ["(0.1,0.20]"]],
  [Oid.tsrange, ['["2024-02-29 12:00:00",infinity]']],
  [Oid.tstzrange, ['["2024-02-29 12:00:00+00",)']],
  [Oid.daterange, ["[2024-02-29,2024-03-01)"]],
  [Oid.int4multirange, ["{[1,3),[5,7)}", "{}"]],
  [Oid.int8multirange, ["{[1,3)}"]],
  [Oid.nummultirange, ["{[0.1,0.2]}"]],
  [Oid.tsmultirange, ['{["2024-02-29 12:00:00",)}']],
  [Oid.tstzmultirange, ['{["2024-02-29 12:00:00+00",)}']],
  [Oid.datemultirange, ["{[2024-02-29,2024-03-01)}"]],
  [Oid.point, ["(1,2)"]],
  [Oid.line, ["{1,2,3}"]],
  [Oid.lseg, ["[(1,2),(3,4)]"]],
  [Oid.box, ["(3,4),(1,2)"]],
  [Oid.path, ["((1,2),(3,4))", "[(1,2)]"]],
  [Oid.polygon, ["((1,2),(3,4))"]],
  [Oid.circle, ["<(1,2),3>"]],
  [Oid.tsvector, ["'a':1A 'cat':3"]],
  [Oid.tsquery, ["'a' & !'b'", ""]],
  [Oid.int4Array, ["{}", "{1,NULL}", "{{1,2},{3,4}}", "[0:1]={1,2}", "[2:3][1:1]={{1},{2}}"]],
  [Oid.int8Array, ["{9007199254740993}"]],
  [Oid.numericArray, ["{0.10,NULL,12}"]],
  [Oid.textArray, ['{a,"b c",NULL}', "{{a}}"]],
  [Oid.timestamptzArray, ['{"2024-02-29 12:34:56+00",NULL,infinity}']],
  [Oid.jsonbArray, ['{"[1]","null"}', '{{"[1]"}}']],
  [Oid.pointArray, ['{"(1,2)",NULL}']],
  [Oid.int4rangeArray, ['{"[1,5)",empty}']]
])

describe.each(presets)("the Schemas of the %s preset", (_name, registry, schemas) => {
  it("are there for every codec, and for nothing else", () => {
    const known = oids.filter((oid) => registry.lookup(oid) !== undefined)
    assert.deepStrictEqual([...schemas.keys()].sort(), known.sort())
  })

  it("name the type they are for, and the codec of their values", () => {
    for (const [oid, schema] of schemas) {
      const [type, ...others] = PgType.of(schema.ast) ?? []
      assert.deepStrictEqual([type?.oid, type?.name, others], [oid, registry.nameOf(oid), []])
      // Each registry reads records by its own types.
      const codec = oid === Oid.record || oid === Oid.recordArray ? undefined : registry.lookup(oid)
      if (isJson.has(oid)) assert.isTrue(Recode.isSame(type?.codec, codec), registry.nameOf(oid))
      else assert.strictEqual(type?.codec, codec, registry.nameOf(oid))
    }
  })

  it("write a string of a JSON value as that, and not as its text", () => {
    for (const oid of [Oid.json, Oid.jsonb, Oid.jsonArray, Oid.jsonbArray]) {
      const [type] = PgType.of(schemas.get(oid)!.ast) ?? []
      const writer = new ByteWriter()
      type!.codec!.encodeText(writer, oid === Oid.json || oid === Oid.jsonb ? "1" : ["1"])
      const text = new TextDecoder().decode(writer.written())
      assert.include(text.replaceAll("\\", ""), '"1"', registry.nameOf(oid))
    }
  })

  it("take every value their codec makes of text", () => {
    for (const [oid, each] of texts) {
      const takes = Schema.decodeUnknownEither(schemas.get(oid)!)
      for (const text of each) {
        const decoded = decodeText(registry.lookup(oid)!, text)
        assert.property(decoded, "value", `${registry.nameOf(oid)} ${text}`)
        const value = (decoded as { readonly value: unknown }).value
        assert.deepStrictEqual(takes(value), Either.right(value), `${registry.nameOf(oid)} ${text}`)
      }
    }
  })

  it("take every value their codec makes of random bytes", () => {
    const cases = [...schemas].flatMap(([oid, schema]) => {
      const codec = registry.lookup(oid)!
      const takes = Schema.is(Schema.typeSchema(schema))
      return [codec.decodeText, codec.decodeBinary ?? codec.decodeText].map(
        (decode) => [codec.name, decode, takes] as const
      )
    })
    const made = new Set<string>()
    fc.assert(
      fc.property(
        fc.oneof(
          ...[1, 2, 4, 8, 12, 16, 24, 32].map((length) =>
            fc.uint8Array({ minLength: length, maxLength: length })
          ),
          fc.uint8Array({ maxLength: 40 })
        ),
        (bytes) => {
          for (const [name, decode, takes] of cases) {
            const reader = new ByteReader(bytes)
            const value = decode(reader, 0, bytes.length)
            if (reader.failure !== null) continue
            made.add(name)
            assert.isTrue(takes(value), name)
          }
        }
      ),
      { numRuns: 150 }
    )
    assert.isAbove(made.size, 20)
  })
})
