import fc from "fast-check"
import { assert, describe, it, vi } from "@effect/vitest"
import { Prepared, StatementCache } from "../../../src/connection/session/StatementCache.js"
import * as Statement from "../../../src/model/Statement.js"
import * as Integers from "../../../src/types/Integers.js"
import * as Registry from "../../../src/types/Registry.js"
import * as Values from "../../../src/types/Values.js"
import { column, int4 } from "../core.js"

const statement = (index: number) => Statement.make(`select ${index}`)
const prepared = (name: string, types: ReadonlyArray<number> = []) =>
  new Prepared(name, types, [int4("x")], Registry.lossless)

/** A cache that has been asked for these statements, each put when it was not known. */
const used = (capacity: number, uses: ReadonlyArray<number>): StatementCache => {
  const cache = new StatementCache(capacity, "ep_")
  for (const use of uses) {
    if (cache.get(statement(use)) === undefined) cache.put(statement(use), prepared(`s${use}`))
  }
  return cache
}

const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

describe("the statements of a connection", () => {
  it("make room least recently used first, and each that goes is closed once", () => {
    const cache = used(40, [...upTo(40), 0, 2])
    cache.put(statement(40), prepared("s40"))
    cache.put(statement(41), prepared("s41"))
    assert.deepStrictEqual([cache.get(statement(1)), cache.get(statement(3))], [undefined, undefined])
    assert.strictEqual(cache.get(statement(0))?.name, "s0")
    assert.deepStrictEqual([cache.size, cache.takeStale(), cache.takeStale()], [40, ["s1", "s3"], []])
  })

  it("are closed only when no portal of theirs is open any more (FLW-021)", () => {
    const cache = used(1, [0])
    cache.opened("first", "s0")
    cache.opened("second", "s0")
    cache.put(statement(1), prepared("s1"))
    cache.put(statement(2), prepared("s2"))
    assert.deepStrictEqual(cache.takeStale(), ["s1"])
    cache.closed("first")
    assert.deepStrictEqual(cache.takeStale(), [])
    cache.closed("second")
    assert.deepStrictEqual([cache.takeStale(), cache.takeStale()], [["s0"], []])
  })

  it("behave as a plain list does that is searched from its old end", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(45), { maxLength: 200 }), (uses) => {
        const cache = used(32, uses)
        let model: ReadonlyArray<number> = []
        const gone: Array<string> = []
        for (const use of uses) {
          model = [...model.filter((other) => other !== use), use]
          if (model.length > 32) {
            gone.push(`s${model[0]!}`)
            model = model.slice(1)
          }
        }
        assert.deepStrictEqual(cache.takeStale(), gone)
        assert.deepStrictEqual(
          upTo(46).filter((index) => cache.get(statement(index)) !== undefined),
          [...model].sort((a, b) => a - b)
        )
      })
    )
  })

  it("are distinguished by their text and the types stated for it", () => {
    const cache = new StatementCache(10, "ep_")
    const asInt = Statement.make("select $1", [1], [23])
    cache.put(asInt, prepared("a", [23]))
    assert.isUndefined(cache.get(Statement.make("select $1", [1])))
    assert.isUndefined(cache.get(Statement.make("select $1", [1], [25])))
    assert.strictEqual(cache.get(Statement.make("select $1", [99], [23]))?.name, "a")
  })

  it("are distinguished by the caller's name and by how their columns are named", () => {
    const cache = new StatementCache(10, "ep_")
    const upper = (name: string) => name.toUpperCase()
    const lower = (name: string) => name.toLowerCase()
    const asked = [
      statement(1),
      { ...statement(1), columnNames: upper },
      { ...statement(1), columnNames: lower },
      Statement.named(statement(1), "mine"),
      { ...statement(2), columnNames: upper }
    ]
    asked.forEach((each, index) => cache.put(each, prepared(`s${index}`)))
    assert.deepStrictEqual(
      asked.map((each) => cache.get(each)?.name),
      ["s0", "s1", "s2", "s3", "s4"]
    )
    assert.strictEqual(cache.get({ ...statement(1), columnNames: upper })?.name, "s1")
    assert.isUndefined(cache.get({ ...statement(2), columnNames: lower }))
  })

  it("take what is found out later, unless another has taken their place, and keep their age", () => {
    const cache = used(2, [1, 2])
    const known = cache.get(statement(1))!
    cache.get(statement(2))
    const fresh = prepared("s1")
    cache.replace(statement(1), known, fresh)
    assert.deepStrictEqual([cache.size, cache.takeStale()], [2, []])
    cache.put(statement(3), prepared("s3"))
    assert.deepStrictEqual(cache.takeStale(), ["s1"], "it is the oldest still")
    cache.replace(statement(1), fresh, prepared("late"))
    assert.isUndefined(cache.get(statement(1)))
    const second = cache.get(statement(2))!
    const better = prepared("s2")
    cache.replace(statement(2), second, better)
    assert.strictEqual(cache.get(statement(2)), better)
  })

  it("have names no other of the session has had, and that no user chooses (FLW-024, MSG-003)", () => {
    const cache = new StatementCache(10, "ep_")
    const names = new Set(upTo(1000).map(() => cache.nextName()))
    assert.strictEqual(names.size, 1000)
    for (const name of names) assert.match(name, /^ep_[0-9a-z]{1,8}$/)
  })

  it("without a capacity have no names, but can be given one, and their descriptions are kept", () => {
    const cache = new StatementCache(0, "ep_")
    assert.deepStrictEqual([cache.nextName(), cache.uniqueName(), cache.uniqueName()], ["", "ep_1", "ep_2"])
    cache.put(statement(1), prepared(""))
    assert.strictEqual(cache.get(statement(1))?.name, "")
    for (const index of upTo(40)) cache.put(statement(index), prepared(""))
    assert.deepStrictEqual([cache.size, cache.takeStale()], [32, []])
  })

  it("are replaced by a newer description of the same, and the older name is closed", () => {
    const cache = used(10, [1])
    cache.put(statement(1), prepared("newer"))
    assert.deepStrictEqual([cache.get(statement(1))?.name, cache.takeStale()], ["newer", ["s1"]])
  })

  it("can be forgotten, once, and not in place of one that came later", () => {
    const cache = used(10, [1])
    const old = cache.get(statement(1))!
    cache.put(statement(1), prepared("newer"))
    cache.takeStale()
    cache.forget(statement(1), old)
    assert.deepStrictEqual([cache.get(statement(1))?.name, cache.takeStale()], ["newer", []])
    const newer = cache.get(statement(1))!
    cache.forget(statement(1), newer)
    cache.forget(statement(1), newer)
    assert.deepStrictEqual([cache.get(statement(1)), cache.takeStale()], [undefined, ["newer"]])
  })

  it.each(["DISCARD ALL", "DEALLOCATE ALL"])(
    "are all forgotten after %s, and none is closed (FLW-027)",
    (tag) => {
      const cache = used(33, upTo(34))
      cache.heard(tag)
      assert.deepStrictEqual([cache.size, cache.takeStale(), cache.get(statement(5))], [0, [], undefined])
    }
  )

  it.each(["DISCARD PLANS", "DISCARD TEMP", "DEALLOCATE", "DELETE 3", "DROP TABLE"])(
    "stay after %s",
    (tag) => {
      const cache = used(10, [1])
      cache.heard(tag)
      assert.strictEqual(cache.size, 1)
    }
  )
})

describe("what is known of a statement", () => {
  it("has binary results where the type has a reader for it, and its columns state the format (MSG-017)", () => {
    const known = new Prepared("s", [], [int4("a"), column("b", 600_001)], Registry.lossless)
    assert.deepStrictEqual(known.result.formats, [1, 0])
    assert.deepStrictEqual(
      known.columns.map(({ format }) => format),
      [1, 0]
    )
  })

  it("compiles each decoder once", () => {
    const { result } = new Prepared("s", [], [], Registry.lossless)
    assert.strictEqual(result.decoder("object"), result.decoder("object"))
    assert.strictEqual(result.decoder("array"), result.decoder("array"))
    assert.notStrictEqual<unknown>(result.decoder("array"), result.decoder("object"))
  })

  it("is read in another way on request, computed once for each way", () => {
    const known = new Prepared("s", [], [int4("a"), int4("b")], Registry.lossless)
    const reading = { codecs: vi.fn(() => [undefined, Values.asText(Integers.int4)]) }
    const result = known.readBy(reading)
    assert.deepStrictEqual(result.formats, [1, 0])
    assert.deepStrictEqual(
      result.columns.map(({ format }) => format),
      [1, 0]
    )
    assert.strictEqual(known.readBy(reading), result)
    assert.lengthOf(reading.codecs.mock.calls, 1)
    assert.strictEqual(known.readBy({ codecs: () => undefined }), known.result)
  })
})
