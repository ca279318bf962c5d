import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import fc from "fast-check"
import * as Inbound from "../../../src/connection/session/Inbound.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"
import { SimpleRequest } from "../../../src/connection/statement/Query.js"
import type { BackendMessage } from "../../../src/wire/BackendMessage.js"
import {
  answered,
  columns,
  complete,
  encode,
  error,
  harness,
  int4,
  notice,
  parameter,
  ready,
  row,
  text
} from "../core.js"

/** A conversation of every kind of message that three exchanges in flight may receive. */
const conversation: ReadonlyArray<BackendMessage> = [
  ...answered(1, 2, 3),
  parameter("TimeZone", "UTC"),
  error("22012"),
  notice("01000"),
  ready(),
  columns(text("a"), int4("b")),
  row("x", "1"),
  row(null, "2"),
  complete("SELECT 2"),
  complete("SET"),
  ready("T")
]

const valid = encode(...conversation)

interface Mutation {
  readonly at: number
  readonly byte: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(valid.length - 1),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))
})

/** Two queries of a known statement and a text of two statements, answered by `bytes`, and then the link ends. */
const converse = async (bytes: Uint8Array) => {
  const harnessed = harness()
  await harnessed.know("select x")
  const first = harnessed.query("select x")
  const second = harnessed.query("select x")
  const third = harnessed.submit<ReadonlyArray<QueryResult>>(
    (outcome) => new SimpleRequest("a; b", "object", outcome)
  )
  Inbound.receive(harnessed.core, bytes)
  Inbound.ended(harnessed.core, undefined)
  return { first, second, third, core: harnessed.core }
}

describe("what a broken or hostile server may send", () => {
  it("is answered as it was meant when nothing is broken", async () => {
    const { first, second, third } = await converse(valid.slice())
    assert.deepStrictEqual(first.value?.rows, [{ x: 1 }, { x: 2 }, { x: 3 }])
    assertSubset(second.failure, { _tag: "PgServerError", code: "22012" })
    // The third is sent when the two before it are answered; its answer came too early.
    assert.strictEqual(third.count, 1)
  })

  it("gives a result or a typed error to every waiter once, whatever byte is changed or cut off (TRP-130, F22)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.nat(valid.length),
        async (mutations, length) => {
          const bytes = valid.slice(0, length)
          for (const { at, byte } of mutations) if (at < bytes.length) bytes[at] = byte
          const { core, first, second, third } = await converse(bytes)
          for (const told of [first, second, third]) {
            assert.strictEqual(told.count, 1)
            if (told.failure !== undefined) {
              assert.include(
                ["PgServerError", "PgProtocolError", "PgCodecError", "PgClosedError"],
                told.failure._tag
              )
            }
          }
          assert.isDefined(core.ended)
          assert.isAtMost(core.framer.buffered, valid.length)
        }
      ),
      { numRuns: 400 }
    )
  })
})
