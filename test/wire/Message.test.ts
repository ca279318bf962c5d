import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Field from "../../src/wire/Field.js"
import * as Message from "../../src/wire/Message.js"
import { bytes, malformed, written } from "./bytes.js"

interface Pair {
  readonly _tag: "Pair"
  readonly first: number
  readonly second: string
}

describe("Message", () => {
  it("takes the order of the fields from their record, not from the interface or the value", () => {
    const message = Message.backend<Pair>("Pair", "x", { second: Field.cstring, first: Field.uint8 })
    const sent = written((writer) => message.encode(writer, { first: 7, second: "s", _tag: "Pair" }))
    assert.deepStrictEqual(sent, bytes("x", 0, 0, 0, 7, "s", 0, 7))
    assert.deepStrictEqual(Either.getOrThrow(message.decode(sent, 5)), {
      _tag: "Pair",
      first: 7,
      second: "s"
    })
  })

  it("does not compile with a field of another type, a field too few or one too many", () => {
    // @ts-expect-error a number is not text
    Message.backend<Pair>("Pair", "x", { first: Field.cstring, second: Field.cstring })
    // @ts-expect-error `second` is missing
    Message.backend<Pair>("Pair", "x", { first: Field.uint8 })
    // @ts-expect-error there is no `third`
    Message.backend<Pair>("Pair", "x", { first: Field.uint8, second: Field.cstring, third: Field.uint8 })
    // @ts-expect-error the name is another
    Message.backend<Pair>("Peer", "x", { first: Field.uint8, second: Field.cstring })
  })

  it("names the message and the reason when a body is wrong", () => {
    const message = Message.backend<Pair>("Pair", "x", { first: Field.uint8, second: Field.cstring })
    const short = malformed(message.decode(bytes(7, "s")))
    assert.deepStrictEqual([short.kind, short.tag, short.partial], ["Pair", 0x78, undefined])
    assert.match(short.message, /^malformed message Pair 'x': no terminator/)
    assert.match(malformed(message.decode(bytes(7, "s", 0, 0))).message, /1 bytes left over/)
  })

  it("without a body is one value, and refuses a body", () => {
    const message = Message.empty<{ readonly _tag: "Nothing" }>({ _tag: "Nothing" }, "n")
    assert.strictEqual(Either.getOrThrow(message.decode(bytes())), message.value)
    malformed(message.decode(bytes(0)))
  })
})
