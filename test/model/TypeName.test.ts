import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import * as TypeName from "../../src/model/TypeName.js"

describe("the name of a type", () => {
  it.each<readonly [text: string, oid: number]>([
    ["int4", Oid.int4],
    ["integer", Oid.int4],
    ["INTEGER", Oid.int4],
    ["pg_catalog.int4", Oid.int4],
    ['"pg_catalog"."int4"', Oid.int4],
    ["_int8", Oid.int8Array],
    ["pg_catalog._int8", Oid.int8Array],
    ["bigint[]", Oid.int8Array],
    ["int8[][]", Oid.int8Array],
    ["int8 [3]", Oid.int8Array],
    ["int8 array", Oid.int8Array],
    ["integer array[4]", Oid.int4Array],
    ["double  precision", Oid.float8],
    ["float", Oid.float8],
    ["float(24)", Oid.float4],
    ["float(25)", Oid.float8],
    ["varchar(10)", Oid.varchar],
    ["character varying(10)[]", Oid.varcharArray],
    ["numeric(10, 2)", Oid.numeric],
    ["numeric(2,-3)", Oid.numeric],
    ["decimal", Oid.numeric],
    ["char", Oid.bpchar],
    ['"char"', Oid.charInternal],
    ["bit varying(3)", Oid.varbit],
    ["time(3) with time zone", Oid.timetz],
    ["timestamp with time zone", Oid.timestamptz],
    ["timestamp(0) without time zone[]", Oid.timestampArray],
    ["interval day to second(3)", Oid.interval],
    ["interval", Oid.interval]
  ])("%s is a built-in type", (text, oid) => {
    assert.deepStrictEqual(TypeName.of(text), {
      oid,
      name: Oid.nameOf(oid),
      verbatim: Oid.nameOf(oid)
    })
  })

  it.each<readonly [text: string, catalogue: ReadonlyArray<string>, others: ReadonlyArray<string>]>([
    ["mood", ["mood", "zz.mood"], ["Mood", "moody", "mood[]"]],
    ["zz.mood", ["mood", "zz.mood"], ["yy.mood"]],
    ['"zz"."mood"', ["mood", "zz.mood"], ["yy.mood"]],
    ["Mood", ["mood", "Mood", "zz.Mood"], ["MOOD"]],
    ['"Mood"', ["Mood"], ["mood"]],
    ['zz."Mood"[]', ["zz.Mood[]", "Mood[]"], ["zz.Mood", "mood[]"]],
    ["_mood", ["mood[]", "_mood"], ["mood"]],
    ['"my ""type"""', ['my "type"'], ["my type"]],
    ["my-type", ["my-type"], ["my"]],
    ["zz.int4", ["zz.int4", "int4"], ["int8"]]
  ])("%s is a type of the catalogue in any spelling", (text, catalogue, others) => {
    const name = TypeName.of(text)
    assert.isUndefined(name.oid)
    for (const each of catalogue) assert.isTrue(TypeName.isOf(name, each), each)
    for (const each of others) assert.isFalse(TypeName.isOf(name, each), each)
  })

  it("is compared with another in the case of its letters", () => {
    assert.isTrue(TypeName.differsInCase(TypeName.of("mood"), "Mood"))
    assert.isTrue(TypeName.differsInCase(TypeName.of("zz.mood"), "Mood"))
    assert.isFalse(TypeName.differsInCase(TypeName.of("mood"), "mood"))
    assert.isFalse(TypeName.differsInCase(TypeName.of("mood"), "colour"))
  })

  it.each(["", ".", "a.", '"a" b', '"open', "a..b", "a(b)"])(
    "%j is no form of a name, and stays as it is",
    (text) => {
      assert.deepStrictEqual(TypeName.of(text), { name: text, verbatim: text, oid: undefined })
    }
  )
})
