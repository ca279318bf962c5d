import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { ByteReader } from "../../../src/bytes/ByteReader.js"
import { PgTimestampTz } from "../../../src/model/PgTimestampTz.js"
import * as Arbitraries from "../../../src/testing/ArbitrariesReplication.js"
import { MalformedMessage } from "../../../src/wire/MalformedMessage.js"
import type { ChangeView } from "../../../src/wire/replication/ChangeView.js"
import type { PgOutputMessage, StreamingMode } from "../../../src/wire/replication/PgOutput.js"
import * as PgOutput from "../../../src/wire/replication/PgOutput.js"
import { TupleView } from "../../../src/wire/replication/TupleView.js"
import { bytes, int16, int32, malformed, type Part, refused, written } from "../bytes.js"

const time = new PgTimestampTz(0x0002_0304, 0x0506_0708)
const timeBytes = [0, 2, 3, 4, 5, 6, 7, 8]
const later = new PgTimestampTz(0x0002_0304, 0x0506_0709)
const laterBytes = [...timeBytes.slice(0, 7), 9]
const at = (low: number) => [0xff, 0, 0, 0, 0, 0, 0, low]
const lsn = (low: number) => 0xff00_0000_0000_0000n + BigInt(low)

/** Every message outside of a stream, written out by hand from the manual. */
const golden: ReadonlyArray<readonly [PgOutputMessage, Uint8Array]> = [
  [
    { _tag: "Begin", finalLsn: lsn(1), commitTime: time, xid: 0xffff_fffe },
    bytes("B", ...at(1), ...timeBytes, 255, 255, 255, 254)
  ],
  [
    { _tag: "Commit", commitLsn: lsn(1), endLsn: lsn(2), commitTime: time },
    bytes("C", 0, ...at(1), ...at(2), ...timeBytes)
  ],
  [{ _tag: "Origin", commitLsn: 0n, name: "a" }, bytes("O", ...new Uint8Array(8), "a", 0)],
  [
    {
      _tag: "Relation",
      xid: undefined,
      id: 0x8000_0001,
      namespace: "",
      name: "tä",
      identity: "index",
      columns: [
        { key: true, name: "id", typeOid: 23, typeModifier: -1 },
        { key: false, name: "", typeOid: 0xffff_ffff, typeModifier: 7 }
      ]
    },
    bytes(
      ...["R", 128, 0, 0, 1, 0, "tä", 0, "i", ...int16(2)],
      ...[1, "id", 0, ...int32(23), ...int32(-1)],
      ...[0, 0, 255, 255, 255, 255, ...int32(7)]
    )
  ],
  [
    { _tag: "Type", xid: undefined, oid: 16_384, namespace: "s", name: "mood" },
    bytes("Y", ...int32(16_384), "s", 0, "mood", 0)
  ],
  [
    {
      _tag: "Insert",
      xid: undefined,
      relationId: 5,
      new: [
        { _tag: "Null" },
        { _tag: "Text", bytes: bytes("ab") },
        { _tag: "Binary", bytes: bytes() },
        { _tag: "Unchanged" }
      ]
    },
    bytes("I", ...int32(5), "N", ...int16(4), "n", "t", ...int32(2), "ab", "b", ...int32(0), "u")
  ],
  [
    { _tag: "Update", xid: undefined, relationId: 5, old: undefined, new: [] },
    bytes("U", ...int32(5), "N", 0, 0)
  ],
  [
    {
      _tag: "Update",
      xid: undefined,
      relationId: 5,
      old: { kind: "key", tuple: [{ _tag: "Null" }] },
      new: [{ _tag: "Unchanged" }]
    },
    bytes("U", ...int32(5), "K", 0, 1, "n", "N", 0, 1, "u")
  ],
  [
    { _tag: "Update", xid: undefined, relationId: 5, old: { kind: "full", tuple: [] }, new: [] },
    bytes("U", ...int32(5), "O", 0, 0, "N", 0, 0)
  ],
  [
    { _tag: "Delete", xid: undefined, relationId: 5, old: { kind: "key", tuple: [{ _tag: "Null" }] } },
    bytes("D", ...int32(5), "K", 0, 1, "n")
  ],
  [
    { _tag: "Delete", xid: undefined, relationId: 5, old: { kind: "full", tuple: [] } },
    bytes("D", ...int32(5), "O", 0, 0)
  ],
  [
    {
      _tag: "Truncate",
      xid: undefined,
      options: { cascade: false, restartIdentity: true },
      relationIds: [1, 0xffff_ffff]
    },
    bytes("T", ...int32(2), 2, ...int32(1), ...int32(-1))
  ],
  [
    {
      _tag: "LogicalMessage",
      xid: undefined,
      transactional: true,
      lsn: lsn(9),
      prefix: "p",
      content: bytes(0, 255)
    },
    bytes("M", 1, ...at(9), "p", 0, ...int32(2), 0, 255)
  ],
  [{ _tag: "StreamStart", xid: 7, first: true }, bytes("S", ...int32(7), 1)],
  [{ _tag: "StreamStop" }, bytes("E")],
  [
    { _tag: "StreamCommit", xid: 7, commitLsn: lsn(1), endLsn: lsn(2), commitTime: time },
    bytes("c", ...int32(7), 0, ...at(1), ...at(2), ...timeBytes)
  ],
  [{ _tag: "StreamAbort", xid: 7, subxid: 8, detail: undefined }, bytes("A", ...int32(7), ...int32(8))],
  [
    { _tag: "StreamAbort", xid: 7, subxid: 8, detail: { lsn: lsn(3), time } },
    bytes("A", ...int32(7), ...int32(8), ...at(3), ...timeBytes)
  ],
  [
    { _tag: "BeginPrepare", prepareLsn: lsn(1), endLsn: lsn(2), prepareTime: time, xid: 7, gid: "g" },
    bytes("b", ...at(1), ...at(2), ...timeBytes, ...int32(7), "g", 0)
  ],
  [
    { _tag: "Prepare", prepareLsn: lsn(1), endLsn: lsn(2), prepareTime: time, xid: 7, gid: "g" },
    bytes("P", 0, ...at(1), ...at(2), ...timeBytes, ...int32(7), "g", 0)
  ],
  [
    { _tag: "StreamPrepare", prepareLsn: lsn(1), endLsn: lsn(2), prepareTime: time, xid: 7, gid: "g" },
    bytes("p", 0, ...at(1), ...at(2), ...timeBytes, ...int32(7), "g", 0)
  ],
  [
    { _tag: "CommitPrepared", commitLsn: lsn(1), endLsn: lsn(2), commitTime: time, xid: 7, gid: "g" },
    bytes("K", 0, ...at(1), ...at(2), ...timeBytes, ...int32(7), "g", 0)
  ],
  [
    {
      _tag: "RollbackPrepared",
      prepareEndLsn: lsn(1),
      endLsn: lsn(2),
      prepareTime: time,
      rollbackTime: later,
      xid: 7,
      gid: "g"
    },
    bytes("r", 0, ...at(1), ...at(2), ...timeBytes, ...laterBytes, ...int32(7), "g", 0)
  ]
]

const encode = (message: PgOutputMessage): Uint8Array => written((writer) => PgOutput.encode(writer, message))
/** A message made by hand, through the decoder too, which must agree. */
const body = (...parts: ReadonlyArray<Part>) => {
  const whole = bytes(...parts)
  const decoded = PgOutput.decode(whole, false)
  const message = new PgOutput.Decoder("parallel").next(whole, 0, whole.length)
  assert.strictEqual(message instanceof MalformedMessage, Either.isLeft(decoded))
  return decoded
}
const anywhere = fc.oneof(
  Arbitraries.message.map((message) => [message, false] as const),
  Arbitraries.messageInStream.map((message) => [message, true] as const)
)

describe("messages of pgoutput", () => {
  for (const [message, expected] of golden) {
    it(`writes and reads ${message._tag} as the manual lays it out (LOG-011, LOG-013)`, () => {
      assert.deepStrictEqual(encode(message), expected)
      assert.deepStrictEqual(Either.getOrThrow(PgOutput.decode(expected, false)), message)
    })
  }

  it("has golden bytes for every message", () => {
    const covered = new Set<string>(golden.map(([message]) => message._tag))
    fc.assert(
      fc.property(Arbitraries.message, (message) => covered.has(message._tag)),
      { numRuns: 1_000 }
    )
  })

  it.prop(
    "reads back whatever it writes, inside a chunk and outside",
    [anywhere],
    ([[message, inStream]]) => {
      assert.deepStrictEqual(Either.getOrThrow(PgOutput.decode(encode(message), inStream)), message)
    },
    { fastCheck: { numRuns: 1_000 } }
  )

  it("refuses every truncation of every message (L22)", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...golden.map(([message]) => [message, false] as const)), anywhere),
        ([message, inStream]) => {
          const whole = encode(message)
          for (let end = 0; end < whole.length; end++) {
            // The short form of an abort is a message too: which one is right depends on what was asked for.
            if (message._tag === "StreamAbort" && end === 9) continue
            malformed(PgOutput.decode(whole, inStream, 0, end))
          }
        }
      ),
      { numRuns: 300 }
    )
  })

  it("refuses bytes behind the last field of every message (LOG-010, L22)", () => {
    fc.assert(
      fc.property(anywhere, fc.uint8Array({ minLength: 1, maxLength: 5 }), ([message, inStream], more) => {
        malformed(PgOutput.decode(bytes(encode(message), more), inStream))
      }),
      { numRuns: 300 }
    )
  })

  it("refuses a message that there is not one of (LOG-009, L22)", () => {
    const known = new Set(golden.map(([, whole]) => whole[0]!))
    const decoder = new PgOutput.Decoder("parallel")
    for (let tag = 0; tag < 256; tag++) {
      if (known.has(tag)) continue
      const whole = bytes(tag, 0, 0)
      assert.strictEqual(malformed(PgOutput.decode(whole, false)).tag, tag)
      assert.instanceOf(decoder.next(whole, 0, whole.length), MalformedMessage)
      assert.isUndefined(PgOutput.kindOf(tag))
    }
    malformed(PgOutput.decode(bytes(), false))
    for (const none of [bytes(), bytes("E")]) {
      assert.deepInclude(decoder.next(none, 0, 0), { _tag: "MalformedMessage", tag: undefined })
    }
  })

  it("refuses unknown flags (LOG-009)", () => {
    for (const [message, whole] of golden) {
      const place = {
        Commit: 1,
        StreamCommit: 5,
        Prepare: 1,
        StreamPrepare: 1,
        CommitPrepared: 1,
        RollbackPrepared: 1
      }
      const offset = (place as Readonly<Record<string, number>>)[message._tag]
      if (offset === undefined) continue
      const flagged = whole.slice()
      flagged[offset] = 1
      malformed(PgOutput.decode(flagged, false))
    }
    malformed(body("M", 2, ...at(9), "p", 0, ...int32(0)))
    malformed(body("T", ...int32(0), 4))
    malformed(body("S", ...int32(7), 2))
  })

  it("refuses a position that must be there and is 0/0", () => {
    malformed(body("B", ...new Uint8Array(8), ...timeBytes, ...int32(7)))
    malformed(body("b", ...new Uint8Array(8), ...at(2), ...timeBytes, ...int32(7), "g", 0))
    malformed(body("K", 0, ...at(1), ...new Uint8Array(8), ...timeBytes, ...int32(7), "g", 0))
    refused((writer) => PgOutput.encode(writer, { _tag: "Begin", finalLsn: 0n, commitTime: time, xid: 7 }))
  })

  it("makes no room for what is only claimed (L22)", () => {
    malformed(body("I", ...int32(5), "N", 255, 255))
    malformed(body("T", ...int32(0x7fff_ffff), 0))
    malformed(body("T", ...int32(-1), 0))
    malformed(body("R", ...int32(5), 0, 0, "d", 255, 255))
    malformed(body("M", 0, ...at(9), 0, ...int32(0x7fff_ffff)))
    malformed(body("M", 0, ...at(9), 0, ...int32(-1)))
    malformed(body("I", ...int32(5), "N", 0, 1, "t", ...int32(0x7fff_ffff)))
    malformed(body("I", ...int32(5), "N", 0, 1, "t", ...int32(-1)))
    // A length that leads back would let the last column be read from the midst of the first.
    malformed(body("I", ...int32(5), "N", 0, 3, "t", ...int32(5), "t", ...int32(5), "t", ...int32(-10)))
    const view = new TupleView()
    const claim = bytes(255, 255, "n")
    view.read(new ByteReader(claim, 0, claim.length))
    assert.isBelow(view.kinds.length, 100)
  })

  it("refuses rows of an unknown kind, and columns too (L22)", () => {
    malformed(body("I", ...int32(5), "K", 0, 0))
    malformed(body("I", ...int32(5), "N", 0, 1, "x"))
    malformed(body("U", ...int32(5), "K", 0, 0, "O", 0, 0))
    malformed(body("U", ...int32(5), "X", 0, 0))
    malformed(body("D", ...int32(5), "N", 0, 0))
    malformed(body("R", ...int32(5), 0, 0, "x", 0, 0))
  })
})

const isView = (value: { readonly _tag: string }): value is ChangeView => value._tag === "Change"

/** What the decoder makes of a message: views as the messages they stand for. */
const next = (decoder: PgOutput.Decoder, whole: Uint8Array, start = 0, end = whole.length) => {
  const message = decoder.next(whole, start, end)
  return isView(message) ? message.toMessage() : message
}

const start = bytes("S", ...int32(7), 1)
const stop = bytes("E")

describe("Decoder", () => {
  it.prop(
    "reads what its plain twin reads, anywhere in a buffer and again and again (LOG-025, LOG-026, LOG-028, LOG-031)",
    [fc.array(Arbitraries.message, { maxLength: 8 }), fc.nat(5)],
    ([messages, gap]) => {
      const rows = messages.filter(({ _tag }) => !_tag.startsWith("Stream"))
      const decoder = new PgOutput.Decoder("parallel")
      for (const message of rows) {
        const whole = encode(message)
        const buffer = bytes(new Uint8Array(gap), whole, new Uint8Array(gap))
        assert.deepStrictEqual(next(decoder, buffer, gap, gap + whole.length), message)
      }
    },
    { fastCheck: { numRuns: 300 } }
  )

  it.prop(
    "refuses what its plain twin refuses",
    [
      fc.constantFrom("I", "U", "D", "T", "R"),
      fc.tuple(
        fc.constantFrom([], ["N", 0, 1], ["N", 0, 2], ["K", 0, 1], ["O", 0, 1, "n", "N", 0, 1], ["X", 0, 0]),
        fc.array(fc.oneof(fc.constantFrom(0, ...bytes("nutbx")), fc.nat(255)), { maxLength: 8 })
      ),
      fc.boolean()
    ],
    ([tag, [begun, random], inStream]) => {
      const decoder = new PgOutput.Decoder("parallel")
      if (inStream) decoder.next(start, 0, start.length)
      const whole = bytes(tag, ...(inStream ? int32(7) : []), ...int32(5), ...begun, ...random)
      const twin = PgOutput.decode(whole, inStream)
      const message = next(decoder, whole)
      if (Either.isLeft(twin)) assert.instanceOf(message, MalformedMessage)
      else if (!("xid" in twin.right) || twin.right.xid !== 0) assert.deepStrictEqual(message, twin.right)
    },
    { fastCheck: { numRuns: 1_000 } }
  )

  it.prop(
    "answers damaged changes as its plain twin does",
    [Arbitraries.message, fc.nat(200), fc.nat(255)],
    ([message, place, byte]) => {
      const whole = encode(message)
      if (whole.length > 1) whole[1 + (place % (whole.length - 1))] = byte
      const twin = PgOutput.decode(whole, false)
      const decoded = next(new PgOutput.Decoder("parallel"), whole)
      if (!isRow(message)) return
      if (Either.isLeft(twin)) assert.instanceOf(decoded, MalformedMessage)
      else assert.deepStrictEqual(decoded, twin.right)
    },
    { fastCheck: { numRuns: 1_000 } }
  )

  it("finds a transaction id inside a chunk and nowhere else (LOG-008, TRP-102)", () => {
    const decoder = new PgOutput.Decoder("on")
    const outside = bytes("I", ...int32(5), "N", 0, 0)
    const inside = bytes("I", ...int32(9), ...int32(5), "N", 0, 0)
    const insert = { _tag: "Insert", relationId: 5, new: [] } as const
    assert.deepStrictEqual(next(decoder, outside), { ...insert, xid: undefined })
    next(decoder, start)
    assert.isTrue(decoder.inStream)
    assert.deepStrictEqual(next(decoder, inside), { ...insert, xid: 9 })
    assert.deepStrictEqual(next(decoder, bytes("O", ...at(1), "a", 0)), {
      _tag: "Origin",
      commitLsn: lsn(1),
      name: "a"
    })
    next(decoder, stop)
    assert.deepStrictEqual(next(decoder, outside), { ...insert, xid: undefined })
  })

  it("lets chunks not nest, and nothing in them that ends or begins a transaction (LOG-042, LOG-045)", () => {
    const changes = new Set([
      "Insert",
      "Update",
      "Delete",
      "Truncate",
      "LogicalMessage",
      "Relation",
      "Type",
      "Origin"
    ])
    for (const [message, whole] of golden) {
      if (changes.has(message._tag) || message._tag === "StreamStop") continue
      const decoder = new PgOutput.Decoder("parallel")
      next(decoder, start)
      assert.instanceOf(next(decoder, whole), MalformedMessage, message._tag)
    }
    assert.instanceOf(next(new PgOutput.Decoder("on"), stop), MalformedMessage)
  })

  it("knows the length of an abort by what was asked for (LOG-007, LOG-051)", () => {
    const short = bytes("A", ...int32(7), ...int32(8))
    const long = bytes(short, ...at(3), ...timeBytes)
    const refuses = (streaming: StreamingMode, whole: Uint8Array) =>
      next(new PgOutput.Decoder(streaming), whole) instanceof MalformedMessage
    assert.deepStrictEqual(
      (["off", "on", "parallel"] as const).map((streaming) => [
        refuses(streaming, short),
        refuses(streaming, long)
      ]),
      [
        [false, true],
        [false, true],
        [true, false]
      ]
    )
  })

  it("takes two-phase messages whatever was asked for, and streams only when asked, but an abort (LOG-005, LOG-007)", () => {
    for (const [message, whole] of golden) {
      const failed = next(new PgOutput.Decoder("off"), whole) instanceof MalformedMessage
      assert.strictEqual(
        failed,
        message._tag === "StreamAbort" ? message.detail !== undefined : message._tag.startsWith("Stream"),
        message._tag
      )
    }
  })

  it("keeps nothing of the change before (LOG-026)", () => {
    const decoder = new PgOutput.Decoder("off")
    const counts = (...parts: ReadonlyArray<Part>) => {
      const whole = bytes(...parts)
      const view = decoder.next(whole, 0, whole.length)
      return isView(view) ? [view.oldKind, view.old.count, view.new.count] : view
    }
    assert.deepStrictEqual(counts("U", ...int32(5), "K", 0, 1, "n", "N", 0, 2, "n", "n"), [0x4b, 1, 2])
    assert.deepStrictEqual(counts("D", ...int32(5), "O", 0, 2, "n", "n"), [0x4f, 2, 0])
    assert.deepStrictEqual(counts("I", ...int32(5), "N", 0, 1, "n"), [0, 0, 1])
  })

  it("takes as many columns as a table can have (LOG-012)", () => {
    for (const columns of [1_600, 40_000]) {
      const nulls = "n".repeat(columns - 1)
      const whole = bytes("I", ...int32(5), "N", ...int16(columns), nulls, "t", ...int32(1), "x")
      assert.deepStrictEqual(
        next(new PgOutput.Decoder("off"), whole),
        Either.getOrThrow(PgOutput.decode(whole, false))
      )
    }
  })
})

const isRow = ({ _tag }: PgOutputMessage): boolean =>
  _tag === "Insert" || _tag === "Update" || _tag === "Delete"
