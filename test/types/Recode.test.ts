import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Oid from "../../src/model/Oid.js"
import * as Arrays from "../../src/types/Arrays.js"
import * as Integers from "../../src/types/Integers.js"
import * as Recode from "../../src/types/Recode.js"
import * as Numerics from "../../src/types/Numerics.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import * as Texts from "../../src/types/Texts.js"

const names = { name: "x", oid: 70_000, arrayOid: 70_001 }
const { int8, int8AsNumber, int8AsString } = Integers

describe("two codecs", () => {
  it("read alike when both of their readers are the same, whatever they are called", () => {
    const same: ReadonlyArray<
      readonly [Parameters<typeof Recode.isSame>[0], typeof int8 | undefined, boolean]
    > = [
      [undefined, undefined, true],
      [int8, int8, true],
      [int8, undefined, false],
      [undefined, int8, false],
      [{ ...int8, ...names }, int8, true],
      [{ ...int8, decodeText: int8.decodeText, decodeBinary: undefined }, int8, false],
      [{ ...int8AsString, decodeBinary: int8.decodeBinary! } as never, int8, false]
    ]
    for (const [self, that, expected] of same) assert.strictEqual(Recode.isSame(self, that), expected)
  })

  it("read arrays alike when their elements and their bounds are read alike", () => {
    const kept = Arrays.over(int8, "kept")
    assert.isTrue(Recode.isSame(kept, Arrays.over({ ...int8 }, "kept")))
    assert.isFalse(Recode.isSame(kept, Arrays.over(int8, "dropped")))
    assert.isFalse(Recode.isSame(kept, Arrays.over(int8AsNumber, "kept")))
    assert.isFalse(Recode.isSame(kept, int8))
    assert.isFalse(Recode.isSame(int8, kept))
  })

  it("write alike when both of their writers are the same, arrays by their elements", () => {
    assert.isTrue(Recode.isSameWriter(undefined, undefined))
    assert.isTrue(Recode.isSameWriter(int8AsNumber, int8))
    assert.isFalse(Recode.isSameWriter(int8, undefined))
    assert.isFalse(Recode.isSameWriter(undefined, int8))
    assert.isFalse(Recode.isSameWriter({ ...int8, encodeBinary: undefined }, int8))
    assert.isFalse(Recode.isSameWriter({ ...int8, encodeText: Texts.text.encodeText }, int8))
    const kept = Arrays.over(int8, "kept")
    assert.isTrue(Recode.isSameWriter(kept, Arrays.over(int8AsNumber, "dropped")))
    assert.isFalse(Recode.isSameWriter(kept, Arrays.over(Texts.text, "kept")))
    assert.isFalse(Recode.isSameWriter(kept, int8))
    assert.isFalse(Recode.isSameWriter(int8, kept))
  })
})

describe("a value that one codec has read", () => {
  it("is read by another by way of the server's text, where nothing was lost", () => {
    const read = Recode.from(int8, int8AsNumber, Oid.int8)!
    assert.deepStrictEqual(read(7n), Either.right(7))
    assert.deepStrictEqual(read(2n ** 53n), Either.left("an int8 of 2^53 or beyond may not fit a number"))
    assert.isTrue(Either.isLeft(read("seven")))
    assert.deepStrictEqual(Recode.from(int8AsString, int8, Oid.int8)!("7"), Either.right(7n))
    assert.deepStrictEqual(Recode.from(Texts.text, int8, Oid.text)!("7"), Either.right(7n))
    assert.strictEqual(Recode.from(int8, { ...int8 }, Oid.int8)!(7n).pipe(Either.getOrThrow), 7n)
  })

  it("is not read by another where digits, bounds or the text are lost", () => {
    const to = Numerics.numeric
    assert.isUndefined(Recode.from(Numerics.numericAsNumber, to, Oid.numeric))
    assert.isUndefined(Recode.from(lossless.lookup(Oid.jsonb)!, Texts.text, Oid.jsonb))
    assert.isUndefined(Recode.from(lossless.lookup(Oid.float4)!, Texts.text, Oid.float4))
    const many = Arrays.over(int8AsNumber, "kept")
    assert.isUndefined(Recode.from(Arrays.over(int8, "dropped"), many, Oid.int8Array))
    assert.isUndefined(Recode.from(Arrays.over(Numerics.numericAsNumber, "kept"), many, Oid.numericArray))
    assert.deepStrictEqual(
      Recode.from(Arrays.over(int8, "kept"), many, Oid.int8Array)!([1n, null]),
      Either.right([1, null])
    )
    const time = familiar.lookup(Oid.time)!
    assert.isDefined(Recode.from(time, lossless.lookup(Oid.time)!, Oid.time))
  })
})
