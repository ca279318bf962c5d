import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { ByteReader } from "../../src/bytes/ByteReader.js"
import * as Oid from "../../src/model/Oid.js"
import { PgArray } from "../../src/model/PgArray.js"
import * as ColumnCodecs from "../../src/schema/ColumnCodecs.js"
import * as Containers from "../../src/schema/Containers.js"
import * as PgSchema from "../../src/schema/PgSchema.js"
import * as Presets from "../../src/schema/Presets.js"
import * as Readings from "../../src/schema/Readings.js"
import * as ExpectedRow from "../../src/schema/ExpectedRow.js"
import { int8AsNumber, int8AsString } from "../../src/types/Integers.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import { column } from "./columns.js"

/** Names of the codecs that are not the registry's, for one column `a`. */
const chosen = (schema: Schema.Schema.AnyNoContext, oid: number, registry = lossless) =>
  ColumnCodecs.of(
    Either.getOrThrow(ExpectedRow.of(Schema.Struct({ a: schema }).ast)),
    [column("a", oid)],
    registry
  )?.[0]

describe("the codec that a Schema's column is read by", () => {
  it("is the client's where that is the one", () => {
    assert.isUndefined(chosen(PgSchema.Int8, Oid.int8))
    assert.isUndefined(chosen(Readings.Int8AsString, Oid.int8, familiar))
    assert.isUndefined(chosen(Containers.array(PgSchema.Int8), Oid.int8Array))
    for (const [oid, schema] of Presets.lossless) assert.isUndefined(chosen(schema, oid))
    for (const [oid, schema] of Presets.familiar) assert.isUndefined(chosen(schema, oid, familiar))
  })

  it("is the Schema's where the client has another, arrays too", () => {
    assert.strictEqual(chosen(Readings.Int8AsString, Oid.int8), int8AsString)
    assert.strictEqual(chosen(Schema.NullOr(Readings.Int8AsNumber), Oid.int8), int8AsNumber)
    assert.strictEqual(chosen(PgSchema.Int8, Oid.int8, familiar), lossless.lookup(Oid.int8))
    assert.strictEqual(chosen(Containers.Tstzrange, Oid.tstzrange, familiar), lossless.lookup(Oid.tstzrange))
    assert.strictEqual(chosen(Containers.array(Readings.Int8AsString), Oid.int8Array)?.oid, Oid.int8Array)
  })

  it("is an array of the Schema's elements, with its bounds, also where the preset has another array", () => {
    const text = { "{0.10,NULL}": ["0.10", null], "[0:1]={1,2}": new PgArray(["1", "2"], [0]) }
    for (const registry of [familiar, lossless]) {
      const codec = chosen(Containers.array(Readings.NumericAsString), Oid.numericArray, registry)
      for (const [given, expected] of Object.entries(text)) {
        const bytes = Buffer.from(given)
        assert.deepStrictEqual(codec?.decodeText(new ByteReader(bytes), 0, bytes.length), expected)
      }
    }
    assert.strictEqual(
      chosen(Containers.array(PgSchema.Int4), Oid.int4Array, familiar),
      lossless.lookup(Oid.int4Array)
    )
  })

  it("is read by for columns without a field of their own", () => {
    const wanted = Either.getOrThrow(
      ExpectedRow.of(Schema.Record({ key: Schema.String, value: Readings.Int8AsString }).ast)
    )
    assert.deepStrictEqual(ColumnCodecs.of(wanted, [column("any", Oid.int8)], lossless), [int8AsString])
  })

  it("is the one that a Schema is made for with `as`", () => {
    assert.strictEqual(chosen(PgSchema.as(int8AsString, Schema.NumberFromString), Oid.int8), int8AsString)
  })

  it("is the client's where the Schema has no type, or two", () => {
    assert.isUndefined(chosen(Schema.String, Oid.int8))
    assert.isUndefined(chosen(PgSchema.as(Oid.int8, Schema.String), Oid.int8, familiar))
    assert.isUndefined(chosen(Schema.Union(PgSchema.Int8, Readings.Int8AsString), Oid.int8, familiar))
    assert.isUndefined(chosen(PgSchema.Record, Oid.record, familiar))
    assert.isUndefined(chosen(PgSchema.AnyText, Oid.text, familiar))
  })

  it("is the last column's of those with one name, and none of another type's", () => {
    const wanted = Either.getOrThrow(ExpectedRow.of(Schema.Struct({ a: Readings.Int8AsString }).ast))
    const columns = [column("a", Oid.int8), column("b", Oid.int8), column("a", Oid.int8)]
    assert.deepStrictEqual(ColumnCodecs.of(wanted, columns, lossless), [undefined, undefined, int8AsString])
    assert.isUndefined(ColumnCodecs.of(wanted, [column("a", Oid.int4)], lossless))
  })
})
