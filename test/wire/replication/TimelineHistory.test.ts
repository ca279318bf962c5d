import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as TimelineHistory from "../../../src/wire/replication/TimelineHistory.js"

const encoder = new TextEncoder()
const decode = (text: string, timeline: number) => TimelineHistory.decode(encoder.encode(text), timeline)
const refusal = (text: string, timeline: number) =>
  Either.getOrThrow(Either.flip(decode(text, timeline))).reason

/** As PostgreSQL 18 has written it. */
const golden = "1\t0/3000148\tno recovery target specified\n\n2\t16/B374D848\tbefore 2000-01-01 00:00:00+00\n"

const entries = [
  { timeline: 1, end: 0x3000148n, reason: "no recovery target specified" },
  { timeline: 2, end: 0x16_b374_d848n, reason: "before 2000-01-01 00:00:00+00" }
]

describe("a history file", () => {
  it("is read and written as the server has it (REP-014)", () => {
    assert.deepStrictEqual(decode(golden, 3), Either.right(entries))
    assert.strictEqual(new TextDecoder().decode(TimelineHistory.encode(entries)), golden)
  })

  it("may have blank lines, comments, padded positions and other blanks (REP-014)", () => {
    const text =
      "\n# a remark\n  1  0/03000148 no recovery target specified\r\n\n2\t16/B374D848\tbefore 2000-01-01 00:00:00+00"
    assert.deepStrictEqual(decode(text, 3), Either.right(entries))
  })

  it("is empty for the first timeline, and for no other", () => {
    assert.deepStrictEqual(decode("", 1), Either.right([]))
    assert.strictEqual(refusal("# nothing\n", 2), "line 1: no timeline before timeline 2")
  })

  it("is refused where it is no history of its timeline (W02)", () => {
    assert.match(
      refusal("1\t0/3000148\tx\n1\t0/4000000\ty\n", 3),
      /line 2: timeline 1 does not follow timeline 1/
    )
    assert.match(refusal("2\t0/3000148\tx\n", 2), /timeline 2 in the history of timeline 2/)
    assert.match(refusal("1\t0/4000000\tx\n2\t0/3000000\ty\n", 3), /line 2: a position before/)
    assert.match(refusal("0\t0/4000000\tx\n", 3), /line 1/)
    for (const line of [
      "../../etc/passwd",
      "1",
      "1\t",
      "one\t0/1\tx",
      "1\t0/123456789\tx",
      "99999999999\t0/1\tx",
      "-1\t0/1\tx"
    ]) {
      assert.match(refusal(`${line}\n`, 3), /^line 1: /)
    }
  })

  it("is bounded (W02)", () => {
    const content = new Uint8Array(TimelineHistory.maxHistoryBytes + 1).fill(0x23)
    assert.isTrue(Either.isLeft(TimelineHistory.decode(content, 2)))
    assert.isTrue(Either.isRight(TimelineHistory.decode(encoder.encode(`${"#".repeat(1000)}\n1\t0/1\tx`), 2)))
  })

  it("keeps its reasons whatever bytes they have", () => {
    const content = Uint8Array.of(...encoder.encode("1\t0/1\t"), 0xff, 0xfe, 10)
    const [entry] = Either.getOrThrow(TimelineHistory.decode(content, 2))
    assert.strictEqual(entry!.reason, "\ufffd\ufffd")
  })

  it("reads what it has written", () => {
    const reason = fc
      .string({ unit: "grapheme", maxLength: 20 })
      .filter((text) => text.trim() === text && !/[\n\r]/.test(text))
    const history = fc
      .uniqueArray(fc.integer({ min: 1, max: 0xffff_fffe }), { minLength: 1, maxLength: 6 })
      .chain((timelines) =>
        fc.tuple(
          ...timelines
            .sort((a, b) => a - b)
            .map((timeline) =>
              fc.record({ timeline: fc.constant(timeline), end: fc.bigInt(0n, 2n ** 50n), reason })
            )
        )
      )
      .map((list) => {
        let end = 0n
        return list.map((entry) => ({ ...entry, end: (end += entry.end) }))
      })
    fc.assert(
      fc.property(history, (history) => {
        const last = history.at(-1)!.timeline
        assert.deepStrictEqual(
          TimelineHistory.decode(TimelineHistory.encode(history), last + 1),
          Either.right(history)
        )
      })
    )
  })

  it("has the end of each timeline, and the timeline that holds a position (REP-014)", () => {
    assert.strictEqual(TimelineHistory.endOf(entries, 2), 0x16_b374_d848n)
    assert.isUndefined(TimelineHistory.endOf(entries, 3))
    assert.strictEqual(TimelineHistory.timelineAt(entries, 3, 0x3000147n), 1)
    assert.strictEqual(TimelineHistory.timelineAt(entries, 3, 0x3000148n), 2)
    assert.strictEqual(TimelineHistory.timelineAt(entries, 3, 0x17_0000_0000n), 3)
  })

  it("has a name of its timeline, from which no path can be made (W02, REP-084)", () => {
    assert.strictEqual(TimelineHistory.fileName(2), "00000002.history")
    assert.strictEqual(TimelineHistory.fileName(0xabcdef01), "ABCDEF01.history")
    assert.strictEqual(TimelineHistory.timelineOfName("ABCDEF01.history"), 0xabcdef01)
    for (const name of [
      "../00000002.history",
      "0000002.history",
      "abcdef01.history",
      "00000002.history\n",
      ""
    ]) {
      assert.isUndefined(TimelineHistory.timelineOfName(name))
    }
  })
})
