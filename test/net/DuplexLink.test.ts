import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as DuplexLink from "../../src/net/DuplexLink.js"
import { TestDuplex } from "../support/duplex.js"
import { owner, turns } from "../support/peer.js"

const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })

const make = () => {
  const duplex = new TestDuplex({ writableHighWaterMark: 10 })
  return { duplex, link: DuplexLink.make(duplex, "in memory") }
}

describe("DuplexLink", () => {
  it.effect("what the stream still held when it failed comes before the failure (CON-134)", () =>
    Effect.gen(function* () {
      const { duplex, link } = make()
      const heard = owner()
      link.listen(heard.handlers)
      link.pause()
      duplex.push("one ")
      duplex.push("two")
      duplex.destroy(reset)
      yield* turns(3)
      assert.isFalse(heard.ended())
      link.resume()
      assert.strictEqual((yield* heard.end)?.code, "ECONNRESET")
      assert.strictEqual(heard.received().toString(), "one two")
    })
  )

  it.effect("a failure before the first owner waits for it, with the bytes before it", () =>
    Effect.gen(function* () {
      const { duplex, link } = make()
      duplex.push("last word")
      duplex.destroy(reset)
      yield* turns(3)
      const heard = owner()
      link.listen(heard.handlers)
      assert.strictEqual((yield* heard.end)?.code, "ECONNRESET")
      assert.strictEqual(heard.received().toString(), "last word")
    })
  )

  it.effect("the brake also holds what is delivered after a failure", () =>
    Effect.gen(function* () {
      const { duplex, link } = make()
      const heard = owner(() => link.pause())
      duplex.push("last word")
      duplex.destroy(reset)
      yield* turns(3)
      link.listen(heard.handlers)
      yield* turns(3)
      assert.strictEqual(heard.size(), 9)
      link.resume()
      assert.strictEqual((yield* heard.end)?.code, "ECONNRESET")
    })
  )

  it.effect("a stream destroyed from outside before its end is a failure", () =>
    Effect.gen(function* () {
      const { duplex, link } = make()
      const heard = owner()
      link.listen(heard.handlers)
      duplex.destroy()
      const failure = yield* heard.end
      assert.strictEqual(failure?.code, "ERR_STREAM_PREMATURE_CLOSE")
    })
  )

  it.effect("an error after the end, or after destroy, is no uncaught exception", () =>
    Effect.gen(function* () {
      const first = make()
      const heard = owner()
      first.link.listen(heard.handlers)
      first.duplex.push(null)
      assert.isUndefined(yield* heard.end)
      first.duplex.emit("error", reset)
      const second = make()
      second.link.listen(owner().handlers)
      second.link.destroy()
      second.duplex.emit("error", reset)
      yield* turns(3)
    })
  )

  it.effect("write answers as the stream's buffer stands, and the drain is passed on (GEN-006)", () =>
    Effect.gen(function* () {
      const { duplex, link } = make()
      const heard = owner()
      link.listen(heard.handlers)
      duplex.hold = true
      assert.isTrue(link.write(Buffer.from("12345")))
      assert.isFalse(link.write(Buffer.from("67890")))
      assert.strictEqual(heard.drains(), 0)
      duplex.hold = false
      duplex.release?.()
      yield* turns(3)
      assert.strictEqual(heard.drains(), 1)
      assert.strictEqual(Buffer.concat(duplex.written).toString(), "1234567890")
    })
  )

  it.effect("one write of the owner is one write of the stream, without a copy (GEN-007)", () =>
    Effect.gen(function* () {
      const { duplex, link } = make()
      const bytes = new Uint8Array([1, 2, 3])
      link.write(bytes)
      assert.strictEqual(duplex.written.length, 1)
      assert.strictEqual(duplex.written[0]?.buffer, bytes.buffer)
    })
  )

  describe("pieces that are not copied", () => {
    const lending = (writableHighWaterMark: number) => {
      const duplex = new TestDuplex({ writableHighWaterMark })
      const link = DuplexLink.make(duplex, "in memory", { lends: true })
      const heard = owner()
      link.listen(heard.handlers)
      return { duplex, heard, writeParts: link.writeParts! }
    }
    const parts = ["12", "345", "6"].map((text) => Buffer.from(text))
    const sizes = ["larger", "smaller"] as const

    it.effect("leave in one write of the stream, and may change at once when it has taken them", () =>
      Effect.gen(function* () {
        const { duplex, heard, writeParts } = lending(100)
        assert.isTrue(writeParts(parts))
        yield* turns(3)
        assert.deepStrictEqual(duplex.written, parts)
        assert.strictEqual(duplex.written[1]?.buffer, parts[1]?.buffer)
        assert.strictEqual(duplex.writes, 1)
        assert.strictEqual(heard.drains(), 0)
      })
    )

    for (const size of sizes) {
      it.effect(`drain once, when the stream has let them go, in a buffer ${size} than they are`, () =>
        Effect.gen(function* () {
          const { duplex, heard, writeParts } = lending(size === "larger" ? 100 : 4)
          duplex.hold = true
          assert.isFalse(writeParts(parts))
          yield* turns(3)
          assert.strictEqual(heard.drains(), 0)
          duplex.release?.()
          yield* turns(3)
          assert.strictEqual(heard.drains(), 1)
        })
      )
    }

    it.effect("drain behind a write that was before them", () =>
      Effect.gen(function* () {
        const { duplex, heard, writeParts } = lending(100)
        duplex.hold = true
        duplex.write("0")
        assert.isFalse(writeParts(parts))
        duplex.release?.()
        yield* turns(3)
        assert.strictEqual(heard.drains(), 0)
        duplex.release?.()
        yield* turns(3)
        assert.strictEqual(heard.drains(), 1)
        assert.strictEqual(Buffer.concat(duplex.written).toString(), "0123456")
      })
    )

    it("go nowhere behind the end", () => {
      const { duplex, writeParts } = lending(100)
      duplex.end()
      assert.isTrue(writeParts(parts))
      assert.deepStrictEqual(duplex.written, [])
    })

    it("are not for a stream that may pass their memory on", () => {
      assert.isUndefined(make().link.writeParts)
    })
  })

  it.effect("end comes behind what was written, and what is written later goes nowhere", () =>
    Effect.gen(function* () {
      const { duplex, link } = make()
      link.listen(owner().handlers)
      duplex.hold = true
      link.write(Buffer.from("goodbye"))
      link.end()
      assert.isTrue(link.write(Buffer.from("too late")))
      yield* turns(3)
      assert.isFalse(duplex.ended)
      duplex.hold = false
      duplex.release?.()
      yield* turns(3)
      assert.isTrue(duplex.ended)
      assert.strictEqual(Buffer.concat(duplex.written).toString(), "goodbye")
    })
  )

  it.effect("a failed write the stream kept to itself becomes the failure of the end", () =>
    Effect.gen(function* () {
      const duplex = new TestDuplex()
      const broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE" })
      const link = DuplexLink.make(duplex, "in memory", { failedWrite: () => broken })
      const heard = owner()
      link.listen(heard.handlers)
      duplex.push(null)
      assert.strictEqual((yield* heard.end)?.code, "EPIPE")
    })
  )
})
