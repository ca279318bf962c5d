import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as Arbitraries from "../../src/testing/Arbitraries.js"
import * as BackendMessage from "../../src/wire/BackendMessage.js"
import { FrameLengthError } from "../../src/wire/FrameLengthError.js"
import * as FrameLimits from "../../src/wire/FrameLimits.js"
import { Framer, longestRun } from "../../src/wire/Framer.js"
import { bodyEnd, type FrameRun } from "../../src/wire/FrameRun.js"
import { bytes, cut, frame, int16, int32, receive } from "./bytes.js"

const { session, startup, tokens } = FrameLimits.defaults

const framer = (limits = session) => new Framer(limits)

const run = (result: ReturnType<Framer["next"]>): FrameRun => {
  assert.isNotNull(result)
  assert.notInstanceOf(result, FrameLengthError)
  return result as FrameRun
}

const bodies = (frames: FrameRun): ReadonlyArray<Uint8Array> =>
  Array.from({ length: frames.count }, (_, index) =>
    Uint8Array.from(frames.bytes.subarray(frames.starts[index]!, bodyEnd(frames, index)))
  )

/** Every tag and every body of a stream, however it came. */
const frames = (chunks: Iterable<Uint8Array>, self = framer()) => {
  const all: Array<readonly [number, string]> = []
  for (const chunk of chunks) {
    self.push(chunk)
    for (let next = self.next(); next !== null; next = self.next()) {
      const some = run(next)
      for (const body of bodies(some)) all.push([some.tag, body.join()])
    }
  }
  return all
}

const encodeAll = (messages: ReadonlyArray<BackendMessage.BackendMessage>): Uint8Array => {
  const writer = new ByteWriter()
  for (const message of messages) assert.isTrue(BackendMessage.encode(writer, message), writer.failure ?? "")
  return writer.detach()
}

/** An answer as a server gives it: settings, a result with rows of several shapes, an error with text beyond ASCII. */
const conversation = bytes(
  frame("S", "client_encoding", 0, "UTF8", 0),
  frame(
    "T",
    ...int16(1),
    "é",
    0,
    ...int32(0),
    ...int16(0),
    ...int32(25),
    ...int16(-1),
    ...int32(-1),
    ...int16(0)
  ),
  frame("D", ...int16(1), ...int32(4), "añb"),
  frame("D", ...int16(1), ...int32(0)),
  frame("D", ...int16(1), ...int32(-1)),
  frame("C", "SELECT 3", 0),
  frame("1"),
  frame("d", "copy"),
  frame("d"),
  frame("E", "SFEHLER", 0, "VERROR", 0, "C22012", 0, "M🐘 durch null", 0, 0),
  frame("Z", "I")
)

describe("Framer", () => {
  it("gives the frames of one chunk in order, rows and copy data as runs (GEN-003, F04)", () => {
    const self = framer()
    self.push(conversation)
    const seen: Array<string> = []
    for (let next = self.next(); next !== null; next = self.next()) {
      const some = run(next)
      seen.push(String.fromCharCode(some.tag) + some.count)
      assert.strictEqual(some.bytes, conversation)
    }
    assert.deepStrictEqual(seen, ["S1", "T1", "D3", "C1", "1" + "1", "d2", "E1", "Z1"])
    assert.strictEqual(self.buffered, 0)
    assert.strictEqual(self.missing(), 0)
  })

  it("gives the same frames when the stream is cut at any byte (GEN-003, TRP-045, F03)", () => {
    const whole = frames([conversation])
    assert.lengthOf(whole, 11)
    for (let at = 0; at <= conversation.length; at++) {
      assert.deepStrictEqual(
        frames([conversation.slice(0, at), conversation.slice(at)]),
        whole,
        `cut at ${at}`
      )
    }
  })

  it("gives the same messages byte by byte (GEN-003, TRP-045, F03)", () => {
    const whole = receive([conversation])
    assert.isNull(whole.failure)
    const single = receive(cut(conversation, [1]))
    assert.deepStrictEqual(single.messages, whole.messages)
    assert.isNull(single.failure)
  })

  it.prop(
    "gives the same messages however the network cuts them (GEN-003, TRP-045, F03, F23)",
    [
      fc.array(Arbitraries.backendMessage, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })
    ],
    ([messages, sizes]) => {
      const received = receive(cut(encodeAll(messages), sizes))
      assert.isNull(received.failure)
      assert.deepStrictEqual(received.messages, messages)
      assert.strictEqual(received.framer.buffered, 0)
    }
  )

  it("joins frames in the same memory while it is asked to, and only then (F03)", () => {
    for (const reusesMemory of [true, false]) {
      for (let at = 1; at <= conversation.length; at++) {
        const self = framer()
        self.reusesMemory = reusesMemory
        assert.deepStrictEqual(frames(cut(conversation, [at]), self), frames([conversation]), `cut at ${at}`)
      }
      const self = framer()
      self.reusesMemory = reusesMemory
      const stream = bytes(frame("d", "one"), frame("d", "two"), frame("d", "three"))
      const seen: Array<ArrayBufferLike> = []
      for (const chunk of cut(stream, [1])) {
        self.push(chunk)
        for (let next = self.next(); next !== null; next = self.next()) seen.push(run(next).bytes.buffer)
      }
      // The first two are as long as each other, the third is longer.
      assert.strictEqual(seen[0] === seen[1], reusesMemory)
      assert.notStrictEqual(seen[1], seen[2])
    }
  })

  it("has memory of its own for a large frame, also while it uses memory again", () => {
    const self = framer()
    self.reusesMemory = true
    const seen = [1, 2].map((fill) => {
      const large = new Uint8Array(300_005).fill(fill)
      large.set([0x64, ...int32(300_004)])
      self.push(large.slice(0, 1000))
      assert.isNull(self.next())
      self.push(large.slice(1000))
      return run(self.next()).bytes
    })
    assert.notStrictEqual(seen[0]!.buffer, seen[1]!.buffer)
  })

  it("assembles text before it is decoded, so a character may be cut anywhere (GEN-004, TRP-046)", () => {
    const error = frame("E", "SERROR", 0, "C22012", 0, "M🐘", 0, 0)
    const at = error.indexOf(0xf0)
    for (const size of [at + 1, at + 2, at + 3]) {
      const [message] = receive([error.slice(0, size), error.slice(size)]).messages
      assert.strictEqual(message?._tag === "ErrorResponse" ? message.fields.text : undefined, "🐘")
    }
  })

  it("keeps large frames that come in large and in small pieces intact (GEN-003)", () => {
    const body = Uint8Array.from({ length: 200_000 }, (_, index) => index * 7)
    const stream = bytes(frame("d", body), frame("d", body.subarray(0, 5_000)), frame("Z", "I"))
    for (const sizes of [[1], [65_536], [3, 2_000, 1, 1, 40_000], [1_023, 1_024, 1_025], [17_000, 5]]) {
      const received = receive(cut(stream, sizes))
      assert.deepStrictEqual(
        received.messages.map(({ _tag }) => _tag),
        ["CopyData", "CopyData", "ReadyForQuery"]
      )
      const [first] = received.messages
      assert.isTrue(
        first?._tag === "CopyData" && Buffer.from(first.data).equals(Buffer.from(body)),
        `${sizes}`
      )
    }
  })

  it("refuses lengths below four and negative ones at once, for every tag and phase (MSG-010, MSG-011, TRP-038, F01)", () => {
    for (const limits of [startup, tokens, session, FrameLimits.frontend]) {
      for (const length of [0, 1, 2, 3, -1, -0x8000_0000]) {
        for (let tag = 0; tag < 256; tag++) {
          const self = framer(limits)
          self.push(bytes(tag, ...int32(length), 1, 2, 3))
          const failure = self.next()
          assert.instanceOf(failure, FrameLengthError)
          assert.strictEqual((failure as FrameLengthError).length, length)
          assert.strictEqual((failure as FrameLengthError).tag, tag)
          assert.strictEqual((failure as FrameLengthError).phase, limits.phase)
        }
      }
    }
  })

  it("refuses a bad length whose header comes byte by byte (MSG-010, F01, F03)", () => {
    const received = receive(cut(bytes("Z", ...int32(3), "I"), [1]))
    assert.instanceOf(received.failure, FrameLengthError)
    assert.strictEqual(received.framer.buffered, 5)
  })

  it("refuses the greatest length without waiting for a body (MSG-010, F02)", () => {
    for (const tag of "DdVENATtRSZKCGHW123Insvc\0") {
      const self = framer()
      self.push(bytes(tag, ...int32(0x7fff_ffff)))
      assert.instanceOf(self.next(), FrameLengthError)
    }
  })

  it("takes memory for what has arrived, not for what is announced (MSG-012, F02)", () => {
    const self = framer()
    const before = process.memoryUsage().arrayBuffers
    self.push(bytes("D", ...int32(FrameLimits.largeMessage), "some"))
    assert.isNull(self.next())
    assert.strictEqual(self.buffered, 9)
    assert.strictEqual(self.missing(), FrameLimits.largeMessage + 1 - 9)
    for (let count = 0; count < 10; count++) {
      self.push(bytes("more"))
      assert.isNull(self.next())
    }
    assert.strictEqual(self.buffered, 49)
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 1_000_000)
  })

  it("does not pay an object for each byte of a slow peer (MSG-012)", () => {
    const self = framer()
    const size = 100_000
    self.push(bytes("d", ...int32(size + 4)))
    assert.isNull(self.next())
    for (let sent = 0; sent < size - 1; sent++) {
      self.push(new Uint8Array([sent]))
      assert.isNull(self.next())
    }
    assert.strictEqual(self.missing(), 1)
    assert.isBelow(Reflect.get(self, "pieces").length, 20)
  })

  it("hands out the good rows before a bad one, then fails for good (MSG-010, FLW-096)", () => {
    const self = framer()
    self.push(bytes(frame("D", 0, 0), frame("D", 0, 0), "D", ...int32(2), frame("Z", "I")))
    assert.strictEqual(run(self.next()).count, 2)
    const failure = self.next()
    assert.instanceOf(failure, FrameLengthError)
    self.push(frame("Z", "I"))
    assert.strictEqual(self.next(), failure)
    assert.strictEqual(self.failure, failure)
  })

  it("keeps every row's place in a long run", () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => frame("D", ...int32(index)))
    const self = framer()
    self.push(bytes(...rows))
    const some = run(self.next())
    assert.deepStrictEqual(
      bodies(some).map((body) => body.join()),
      rows.map((row) => row.slice(5).join())
    )
  })

  it("gathers only rows and copy data in runs; of a client's frames only copy data", () => {
    for (let tag = 0; tag < 256; tag++) {
      const one = bytes(tag, 0, 0, 0, 8, 0, 0, 0, 0)
      for (const [limits, many] of [
        [session, "Dd"],
        [FrameLimits.frontend, "d"]
      ] as const) {
        const self = framer(limits)
        self.push(bytes(one, one))
        assert.strictEqual(run(self.next()).count, many.includes(String.fromCharCode(tag)) ? 2 : 1)
      }
    }
  })

  it("stops a run where the tag changes and where a row is cut", () => {
    const self = framer()
    const row = frame("D", 0, 0)
    self.push(bytes(row, row, frame("C", "SELECT 2", 0), row, row.subarray(0, 6)))
    assert.strictEqual(run(self.next()).count, 2)
    assert.strictEqual(run(self.next()).tag, 0x43)
    assert.strictEqual(run(self.next()).count, 1)
    assert.isNull(self.next())
    assert.strictEqual(self.buffered, 6)
    assert.strictEqual(self.missing(), 1)
  })

  it("bounds the length of a run and loses no frame by it", () => {
    const count = longestRun + 10
    const row = frame("D", 0, 0)
    const chunk = new Uint8Array(row.length * count)
    for (let index = 0; index < count; index++) chunk.set(row, index * row.length)
    const self = framer()
    self.push(chunk)
    assert.strictEqual(run(self.next()).count, longestRun)
    assert.strictEqual(run(self.next()).count, 10)
    assert.isNull(self.next())
  })

  it("holds on to nothing once it wants more", () => {
    const self = framer()
    self.push(frame("Z", "I"))
    const last = run(self.next())
    assert.isNull(self.next())
    assert.strictEqual(last.bytes.length, 0)
  })

  it("takes chunks before the last one is used up, in order", () => {
    const self = framer()
    self.push(frame("1"))
    self.push(new Uint8Array(0))
    self.push(frame("2"))
    self.push(frame("3"))
    const tags: Array<number> = []
    for (let next = self.next(); next !== null; next = self.next()) tags.push(run(next).tag)
    assert.deepStrictEqual(tags, [0x31, 0x32, 0x33])
  })

  it("measures a frame with the limits in force when its header is looked at", () => {
    const long = frame("N", "S".repeat(40_000))
    const self = framer(startup)
    self.push(bytes(frame("R", ...int32(0)), long))
    assert.strictEqual(run(self.next()).tag, 0x52)
    self.limits = session
    assert.strictEqual(run(self.next()).tag, 0x4e)

    const strict = framer(startup)
    strict.push(long)
    assert.instanceOf(strict.next(), FrameLengthError)
  })

  it("reports what an unfinished frame lacks: of its header first, then of its body", () => {
    const self = framer()
    self.push(bytes("Z", 0))
    assert.isNull(self.next())
    assert.deepStrictEqual([self.buffered, self.missing()], [2, 3])
    self.push(bytes(0, 0, 5))
    assert.isNull(self.next())
    assert.deepStrictEqual([self.buffered, self.missing()], [5, 1])
    self.push(bytes("I"))
    assert.strictEqual(run(self.next()).tag, 0x5a)
    assert.deepStrictEqual([self.buffered, self.missing()], [0, 0])
  })

  it.prop(
    "gives back every byte it has not handed out, and starts anew",
    [fc.integer({ min: 0, max: conversation.length }), fc.nat({ max: 12 }), fc.integer({ min: 1, max: 30 })],
    ([size, taken, piece]) => {
      const self = framer()
      const stream = conversation.slice(0, size)
      for (const chunk of cut(stream, [piece])) self.push(chunk)
      let used = 0
      for (let count = 0; count < taken; count++) {
        const next = self.next()
        if (next === null) break
        for (const body of bodies(run(next))) used += body.length + 5
      }
      assert.deepStrictEqual(self.takeRest(), stream.slice(used))
      assert.deepStrictEqual(self.takeRest(), new Uint8Array(0))
      assert.strictEqual(self.buffered, 0)
      assert.deepStrictEqual(frames([conversation], self), frames([conversation]))
    }
  )

  it("gives back what a failure left, its header included", () => {
    for (const sizes of [[100], [1], [3]]) {
      const stream = bytes("EFATAL:  sorry", 0)
      const self = framer(startup)
      for (const chunk of cut(stream, sizes)) {
        self.push(chunk)
        self.next()
      }
      assert.instanceOf(self.failure, FrameLengthError)
      assert.deepStrictEqual(self.takeRest(), stream)
    }
  })

  it("copies nothing of frames that lie whole in a chunk, so that a message copies what it keeps (GEN-005)", () => {
    const chunk = bytes(
      frame("d", "data"),
      frame("D", ...int16(1), ...int32(3), "row"),
      frame("K", ...int32(7), 1, 2, 3, 4),
      frame("R", ...int32(11), "challenge"),
      frame("V", ...int32(2), "ok")
    )
    const { messages } = receive([chunk])
    const before = JSON.stringify(messages)
    chunk.fill(0)
    assert.strictEqual(JSON.stringify(messages), before)
  })

  it("reads hostile bytes to an end: frames, more wanted, or one failure (F22)", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 40 }),
            Arbitraries.backendMessage.map((m) => encodeAll([m]))
          ),
          {
            maxLength: 6
          }
        ),
        (chunks) => {
          const { failure, framer, messages } = receive(chunks)
          const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
          assert.isAtMost(messages.length * 5, size)
          assert.isAtMost(framer.buffered, size)
          if (failure !== null) assert.isString(failure.message)
        }
      ),
      { numRuns: 500 }
    )
  })
})
