import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { PgTimestampTz } from "../../../src/model/PgTimestampTz.js"
import * as Arbitraries from "../../../src/testing/ArbitrariesReplication.js"
import type { ClientWalMessage, ServerWalMessage } from "../../../src/wire/replication/WalMessage.js"
import * as WalMessage from "../../../src/wire/replication/WalMessage.js"
import * as View from "../../../src/wire/replication/WalView.js"
import { bytes, frame, malformed, refused, written } from "../bytes.js"
import { ofPgOutput, payloads } from "./captures.js"

const one = [0, 0, 0, 0, 0, 0, 0, 1]
const high = [0xff, 0, 0, 0, 0, 0, 0, 2]
const time = new PgTimestampTz(1, -2)
const timeBytes = [0, 0, 0, 1, 255, 255, 255, 254]

const fromServer: ReadonlyArray<readonly [ServerWalMessage, Uint8Array]> = [
  [
    { _tag: "XLogData", start: 1n, end: 0xff00_0000_0000_0002n, time, data: bytes("B", 0) },
    bytes("w", ...one, ...high, ...timeBytes, "B", 0)
  ],
  [
    { _tag: "PrimaryKeepalive", end: 0xff00_0000_0000_0002n, time, replyRequested: true },
    bytes("k", ...high, ...timeBytes, 1)
  ],
  [
    { _tag: "PrimaryStatus", written: 1n, oldestCommitting: 0xff00_0000_0000_0002n, next: 1n, time },
    bytes("s", ...one, ...high, ...one, ...timeBytes)
  ]
]

const fromClient: ReadonlyArray<readonly [ClientWalMessage, Uint8Array]> = [
  [
    {
      _tag: "StandbyStatus",
      written: 0xff00_0000_0000_0002n,
      flushed: 1n,
      applied: 0n,
      time,
      replyRequested: true
    },
    bytes("r", ...high, ...one, ...new Uint8Array(8), ...timeBytes, 1)
  ],
  [
    {
      _tag: "HotStandbyFeedback",
      time,
      xmin: 0xffff_ffff,
      xminEpoch: 1,
      catalogXmin: 2,
      catalogXminEpoch: 0x8000_0000
    },
    bytes("h", ...timeBytes, 255, 255, 255, 255, 0, 0, 0, 1, 0, 0, 0, 2, 128, 0, 0, 0)
  ],
  [{ _tag: "PrimaryStatusRequest", time }, bytes("p", ...timeBytes)]
]

const encodeServer = (message: ServerWalMessage) =>
  written((writer) => WalMessage.encodeServer(writer, message))
const encodeClient = (message: ClientWalMessage) =>
  written((writer) => WalMessage.encodeClient(writer, message))

describe("the messages in a stream of the log", () => {
  for (const [message, expected] of fromServer) {
    it(`writes and reads the server's ${message._tag} as the manual lays it out (REP-030, REP-042)`, () => {
      assert.deepStrictEqual(encodeServer(message), expected)
      assert.deepStrictEqual(Either.getOrThrow(WalMessage.decodeServer(expected)), message)
    })
  }

  for (const [message, expected] of fromClient) {
    it(`writes and reads the client's ${message._tag} as the manual lays it out (REP-041, REP-042, REP-055)`, () => {
      assert.deepStrictEqual(encodeClient(message), expected)
      assert.deepStrictEqual(Either.getOrThrow(WalMessage.decodeClient(expected)), message)
    })
  }

  it("has the length that the server demands of a status and of feedback (REP-041)", () => {
    assert.deepStrictEqual(
      fromClient.map(([message]) => encodeClient(message).length),
      [34, 25, 9]
    )
    assert.deepStrictEqual(
      fromServer.slice(1).map(([message]) => encodeServer(message).length),
      [18, 33]
    )
  })

  it("puts a payload into its frame", () => {
    const [status, payload] = fromClient[0]!
    assert.deepStrictEqual(
      written((writer) => WalMessage.encodeClientFrame(writer, status)),
      frame("d", payload)
    )
    const [keepalive, other] = fromServer[1]!
    assert.deepStrictEqual(
      written((writer) => WalMessage.encodeServerFrame(writer, keepalive)),
      frame("d", other)
    )
  })

  it("refuses to write invalid positions, and leaves nothing behind", () => {
    for (const written of [-1n, 2n ** 64n]) {
      const status = { ...fromClient[0]![0], written } as ClientWalMessage
      refused((writer) => WalMessage.encodeClient(writer, status))
      refused((writer) => WalMessage.encodeClientFrame(writer, status))
    }
  })

  it.prop(
    "reads back whatever it writes",
    [Arbitraries.serverWalMessage, Arbitraries.clientWalMessage],
    ([server, client]) => {
      assert.deepStrictEqual(Either.getOrThrow(WalMessage.decodeServer(encodeServer(server))), server)
      assert.deepStrictEqual(Either.getOrThrow(WalMessage.decodeClient(encodeClient(client))), client)
    },
    { fastCheck: { numRuns: 500 } }
  )

  it("refuses every truncation and what is longer", () => {
    for (const [message, whole] of fromServer) {
      const least = message._tag === "XLogData" ? View.headerSize : whole.length
      for (let end = 0; end < least; end++) malformed(WalMessage.decodeServer(whole, 0, end))
      if (message._tag !== "XLogData") malformed(WalMessage.decodeServer(bytes(whole, 0)))
    }
    for (const [, whole] of fromClient) {
      for (let end = 0; end < whole.length; end++) malformed(WalMessage.decodeClient(whole, 0, end))
      malformed(WalMessage.decodeClient(bytes(whole, 0)))
    }
  })

  it("refuses a payload that no server sends (REP-040)", () => {
    const known = new Set(fromServer.map(([, whole]) => whole[0]!))
    for (let tag = 0; tag < 256; tag++) {
      if (known.has(tag)) continue
      const whole = bytes(tag, new Uint8Array(32))
      assert.strictEqual(malformed(WalMessage.decodeServer(whole)).tag, tag)
      assert.strictEqual(new View.WalView().read(whole, 0, whole.length)?.tag, tag)
    }
  })

  it("takes no flag but 0 and 1", () => {
    const keepalive = bytes("k", ...one, ...timeBytes, 2)
    malformed(WalMessage.decodeServer(keepalive))
    assert.isNotNull(new View.WalView().read(keepalive, 0, keepalive.length))
  })
})

/** What the view shows, as the message it stands for. */
const shown = (view: View.WalView, buffer: Uint8Array): ServerWalMessage => {
  const { end, replyRequested, start, time } = view
  switch (view.tag) {
    case View.xLogData:
      return { _tag: "XLogData", start, end, time, data: buffer.slice(view.dataStart, view.dataEnd) }
    case View.primaryKeepalive:
      return { _tag: "PrimaryKeepalive", end, time, replyRequested }
    default:
      return { _tag: "PrimaryStatus", written: end, oldestCommitting: 0n, next: 0n, time }
  }
}

/** The same message without what the view does not show. */
const asShown = (message: ServerWalMessage): ServerWalMessage =>
  message._tag === "PrimaryStatus" ? { ...message, oldestCommitting: 0n, next: 0n } : message

describe("WalView", () => {
  it.prop(
    "shows what its plain twin reads, anywhere in a buffer",
    [Arbitraries.serverWalMessage, fc.nat(9)],
    ([message, at]) => {
      const whole = encodeServer(message)
      const buffer = bytes(new Uint8Array(at).fill(0xee), whole, 0xee)
      const view = new View.WalView()
      assert.isNull(view.read(buffer, at, at + whole.length))
      assert.deepStrictEqual(shown(view, buffer), asShown(message))
    },
    { fastCheck: { numRuns: 500 } }
  )

  it.prop(
    "refuses what its plain twin refuses",
    [
      fc.constantFrom("w", "k", "s", "x"),
      fc
        .constantFrom(17, 24, 32)
        .chain((size) => fc.uint8Array({ minLength: size - 2, maxLength: size + 1 })),
      fc.nat(3)
    ],
    ([tag, body, last]) => {
      const whole = bytes(tag, body, last)
      const failure = new View.WalView().read(whole, 0, whole.length)
      assert.strictEqual(failure === null, Either.isRight(WalMessage.decodeServer(whole)))
    },
    { fastCheck: { numRuns: 1_000 } }
  )

  it("refuses every truncation and what is longer", () => {
    const view = new View.WalView()
    for (const [message, whole] of fromServer) {
      const isOpen = message._tag === "XLogData"
      const longer = bytes(whole, 0)
      for (let end = 0; end <= longer.length; end++) {
        const isWhole = isOpen ? end >= View.headerSize : end === whole.length
        assert.strictEqual(view.read(longer, 0, end) === null, isWhole, `${message._tag} of ${end} bytes`)
      }
      assert.isNotNull(view.read(whole, 0, whole.length + 1))
    }
  })

  it("reads what real walsenders send, positions unsigned and times to the microsecond (REP-037, REP-042)", () => {
    const view = new View.WalView()
    let auxiliary = 0
    for (const capture of ofPgOutput(true)) {
      for (const payload of payloads(capture)) {
        assert.isNull(view.read(payload, 0, payload.length))
        assert.deepStrictEqual(
          shown(view, payload),
          asShown(Either.getOrThrow(WalMessage.decodeServer(payload)))
        )
        assert.strictEqual(view.start, view.end)
        assert.match(view.time.toString(), /^2026-/)
        if (view.start === 0n) auxiliary++
      }
    }
    assert.isAbove(auxiliary, 0)
  })
})
