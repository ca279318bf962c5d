import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import { inspect } from "node:util"
import { Printed } from "../../src/model/Printed.js"

class Word extends Printed {
  constructor(readonly text: string) {
    super()
  }

  toString(): string {
    return this.text
  }
}

class Name extends Word {}

describe("Printed", () => {
  it("is equal by its text, within one class", () => {
    assert.strictEqual(Equal.equals(new Word("one"), new Word("one")), true)
    assert.strictEqual(Hash.hash(new Word("one")), Hash.hash(new Word("one")))
    assert.strictEqual(Equal.equals(new Word("one"), new Word("two")), false)
    assert.strictEqual(Equal.equals(new Word("one"), new Name("one")), false)
  })

  it("shows its text to JSON and to people", () => {
    assert.strictEqual(JSON.stringify({ word: new Word("one") }), '{"word":"one"}')
    assert.strictEqual(inspect({ word: new Word("one") }), "{ word: one }")
  })
})
