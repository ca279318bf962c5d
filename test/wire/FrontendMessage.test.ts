import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Arbitraries from "../../src/testing/Arbitraries.js"
import * as FrontendMessage from "../../src/wire/FrontendMessage.js"
import type { MalformedMessage } from "../../src/wire/MalformedMessage.js"
import type { PendingAnswer } from "../../src/wire/messages/Authentication.js"
import { bytes, int32, malformed, refused, written } from "./bytes.js"

type Message = FrontendMessage.FrontendMessage

/** Every message beside its bytes, written out by hand from the manual. */
const golden: ReadonlyArray<readonly [Message, Uint8Array]> = [
  [{ _tag: "SSLRequest" }, bytes(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f)],
  [{ _tag: "GSSENCRequest" }, bytes(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30)],
  [
    { _tag: "CancelRequest", processId: 0x0102_0304, secretKey: bytes(9, 8, 7, 255) },
    bytes(0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 1, 2, 3, 4, 9, 8, 7, 255)
  ],
  [
    { _tag: "StartupMessage", version: 0x0003_0000, parameters: [["user", "é"]] },
    bytes(0, 0, 0, 17, 0, 3, 0, 0, "user", 0, 0xc3, 0xa9, 0, 0)
  ],
  [{ _tag: "StartupMessage", version: 0x0003_0002, parameters: [] }, bytes(0, 0, 0, 9, 0, 3, 0, 2, 0)],
  [{ _tag: "PasswordMessage", password: "pw" }, bytes("p", 0, 0, 0, 7, "pw", 0)],
  [
    { _tag: "SASLInitialResponse", mechanism: "SCRAM-SHA-256", data: bytes("n,,") },
    bytes("p", 0, 0, 0, 25, "SCRAM-SHA-256", 0, 0, 0, 0, 3, "n,,")
  ],
  [
    { _tag: "SASLInitialResponse", mechanism: "X", data: null },
    bytes("p", 0, 0, 0, 10, "X", 0, 255, 255, 255, 255)
  ],
  [{ _tag: "SASLResponse", data: bytes("c=") }, bytes("p", 0, 0, 0, 6, "c=")],
  [{ _tag: "GSSResponse", data: bytes(1, 0, 2) }, bytes("p", 0, 0, 0, 7, 1, 0, 2)],
  [{ _tag: "Query", sql: "select 1" }, bytes("Q", 0, 0, 0, 13, "select 1", 0)],
  [
    { _tag: "Parse", statement: "s", sql: "select $1", parameterTypes: [0xffff_ffff, 0] },
    bytes("P", 0, 0, 0, 26, "s", 0, "select $1", 0, 0, 2, 255, 255, 255, 255, 0, 0, 0, 0)
  ],
  [
    {
      _tag: "Bind",
      portal: "p",
      statement: "s",
      parameterFormats: [1, 0, 0],
      parameters: [bytes(5), null, bytes()],
      resultFormats: [1]
    },
    bytes(
      ...["B", 0, 0, 0, 35, "p", 0, "s", 0],
      ...[0, 3, 0, 1, 0, 0, 0, 0],
      ...[0, 3, 0, 0, 0, 1, 5, 255, 255, 255, 255, 0, 0, 0, 0],
      ...[0, 1, 0, 1]
    )
  ],
  [{ _tag: "Describe", target: "S", name: "s" }, bytes("D", 0, 0, 0, 7, "Ss", 0)],
  [{ _tag: "Describe", target: "P", name: "" }, bytes("D", 0, 0, 0, 6, "P", 0)],
  [{ _tag: "Execute", portal: "p", maxRows: 256 }, bytes("E", 0, 0, 0, 10, "p", 0, 0, 0, 1, 0)],
  [{ _tag: "Close", target: "P", name: "p" }, bytes("C", 0, 0, 0, 7, "Pp", 0)],
  [{ _tag: "Flush" }, bytes("H", 0, 0, 0, 4)],
  [{ _tag: "Sync" }, bytes("S", 0, 0, 0, 4)],
  [
    {
      _tag: "FunctionCall",
      functionOid: 0x8000_0001,
      argumentFormats: [1],
      arguments: [bytes(1, 2), null],
      resultFormat: 1
    },
    bytes(
      ...["F", 0, 0, 0, 26, 128, 0, 0, 1, 0, 1, 0, 1],
      ...[0, 2, 0, 0, 0, 2, 1, 2, 255, 255, 255, 255, 0, 1]
    )
  ],
  [{ _tag: "CopyData", data: bytes("1\n") }, bytes("d", 0, 0, 0, 6, "1\n")],
  [{ _tag: "CopyDone" }, bytes("c", 0, 0, 0, 4)],
  [{ _tag: "CopyFail", reason: "no" }, bytes("f", 0, 0, 0, 7, "no", 0)],
  [{ _tag: "Terminate" }, bytes("X", 0, 0, 0, 4)]
]

const untagged: ReadonlySet<string> = new Set([
  "SSLRequest",
  "GSSENCRequest",
  "CancelRequest",
  "StartupMessage"
])
const openEnded: ReadonlySet<string> = new Set(["CancelRequest", "SASLResponse", "GSSResponse", "CopyData"])
const pending: { readonly [kind: string]: PendingAnswer } = {
  PasswordMessage: "password",
  SASLInitialResponse: "sasl-initial",
  SASLResponse: "sasl",
  GSSResponse: "gss"
}

const encode = (message: Message): Uint8Array => written((writer) => FrontendMessage.encode(writer, message))
const refuse = (message: Message): string => refused((writer) => FrontendMessage.encode(writer, message))
/** Reads as the server that waits for this kind of message. */
const decode = (kind: string, whole: Uint8Array): Either.Either<Message, MalformedMessage> =>
  untagged.has(kind)
    ? FrontendMessage.decodeStartup(whole)
    : FrontendMessage.decode(whole[0]!, whole, 5, whole.length, pending[kind])

/** Changes the length of a frame or packet and its length word. */
const resize = (kind: string, whole: Uint8Array, size: number): Uint8Array => {
  const resized = new Uint8Array(size)
  resized.set(whole.subarray(0, size))
  const at = untagged.has(kind) ? 0 : 1
  if (size >= at + 4) resized.set(int32(size - at), at)
  return resized
}

describe("FrontendMessage", () => {
  for (const [message, expected] of golden) {
    const ids = untagged.has(message._tag) ? "CON-001" : message._tag in pending ? "AUT-002" : "FLW-101"
    it(`writes and reads ${message._tag} as the manual lays it out (${ids}, F23)`, () => {
      assert.deepStrictEqual(encode(message), expected)
      assert.deepStrictEqual(Either.getOrThrow(decode(message._tag, expected)), message)
    })
  }

  it("has golden bytes for every message", () => {
    const covered = new Set<string>(golden.map(([message]) => message._tag))
    fc.assert(
      fc.property(Arbitraries.frontendMessage, (message) => covered.has(message._tag)),
      { numRuns: 2_000 }
    )
  })

  it.prop(
    "reads back whatever it writes (F23)",
    [Arbitraries.frontendMessage],
    ([message]) => {
      assert.deepStrictEqual(Either.getOrThrow(decode(message._tag, encode(message))), message)
    },
    { fastCheck: { numRuns: 1_000 } }
  )

  it("refuses every truncation of every message", () => {
    fc.assert(
      fc.property(Arbitraries.frontendMessage, (message) => {
        fc.pre(!openEnded.has(message._tag))
        const whole = encode(message)
        for (let size = untagged.has(message._tag) ? 0 : 5; size < whole.length; size++) {
          malformed(decode(message._tag, resize(message._tag, whole, size)))
        }
      }),
      { numRuns: 500 }
    )
  })

  it("refuses bytes after the last field of every message (F12)", () => {
    fc.assert(
      fc.property(Arbitraries.frontendMessage, (message) => {
        fc.pre(!openEnded.has(message._tag))
        const whole = encode(message)
        malformed(decode(message._tag, resize(message._tag, whole, whole.length + 1)))
      }),
      { numRuns: 500 }
    )
  })

  it("refuses a zero byte in every text a user may give (CON-003, MSG-008)", () => {
    const bad = "a\0b"
    const messages: ReadonlyArray<Message> = [
      { _tag: "StartupMessage", version: 0x0003_0000, parameters: [["user", bad]] },
      { _tag: "StartupMessage", version: 0x0003_0000, parameters: [["database", bad]] },
      {
        _tag: "StartupMessage",
        version: 0x0003_0000,
        parameters: [
          ["user", "u"],
          ["options", bad]
        ]
      },
      { _tag: "StartupMessage", version: 0x0003_0000, parameters: [[bad, "on"]] },
      { _tag: "PasswordMessage", password: bad },
      { _tag: "SASLInitialResponse", mechanism: bad, data: null },
      { _tag: "Query", sql: bad },
      { _tag: "Parse", statement: "", sql: bad, parameterTypes: [] },
      { _tag: "Parse", statement: bad, sql: "", parameterTypes: [] },
      { _tag: "Bind", portal: bad, statement: "", parameterFormats: [], parameters: [], resultFormats: [] },
      { _tag: "Bind", portal: "", statement: bad, parameterFormats: [], parameters: [], resultFormats: [] },
      { _tag: "Describe", target: "S", name: bad },
      { _tag: "Execute", portal: bad, maxRows: 0 },
      { _tag: "Close", target: "P", name: bad },
      { _tag: "CopyFail", reason: bad }
    ]
    for (const message of messages) assert.include(refuse(message), "zero byte")
  })

  it("refuses text that UTF-8 cannot carry, instead of changing it", () => {
    for (const sql of ["\ud800", "a\udc00b", "select '\ud83d'"]) {
      assert.include(refuse({ _tag: "Query", sql }), "lone surrogate")
    }
  })

  it("takes byte p only while an answer is awaited, and as what is awaited (AUT-002)", () => {
    const body = bytes("X", 0, 255, 255, 255, 255)
    malformed(FrontendMessage.decode(0x70, body))
    malformed(FrontendMessage.decode(0x70, body, 0, body.length, "password"))
    const kind = (awaited: PendingAnswer) =>
      Either.getOrThrow(FrontendMessage.decode(0x70, body, 0, body.length, awaited))._tag
    assert.deepStrictEqual(
      [kind("sasl-initial"), kind("sasl"), kind("gss")],
      ["SASLInitialResponse", "SASLResponse", "GSSResponse"]
    )
  })

  it("keeps the tags of the two directions apart (MSG-009)", () => {
    assert.deepStrictEqual(
      [..."DECSH"].map((tag) => FrontendMessage.kindOf(tag.charCodeAt(0))),
      ["Describe", "Execute", "Close", "Sync", "Flush"]
    )
    for (const tag of "TZKNAIVWG") malformed(FrontendMessage.decode(tag.charCodeAt(0), bytes()))
  })

  it("returns the length of an untagged packet before all of it has come", () => {
    assert.isUndefined(FrontendMessage.packetSize(bytes(0, 0, 0)))
    assert.strictEqual(FrontendMessage.packetSize(bytes(0, 0, 0, 8)), 8)
    assert.strictEqual(FrontendMessage.packetSize(bytes(0, 0, 0, 7)), -1)
    assert.strictEqual(FrontendMessage.packetSize(bytes(0x27, 0x15, 0, 0)), -1)
    assert.strictEqual(FrontendMessage.packetSize(bytes(9, 9, ...int32(10_004)), 2), 10_004)
    assert.strictEqual(FrontendMessage.packetSize(bytes(...int32(10_005))), -1)
  })

  it("refuses a packet whose length word is not its length", () => {
    malformed(FrontendMessage.decodeStartup(bytes(0, 0, 0, 9, 0x04, 0xd2, 0x16, 0x2f)))
    malformed(FrontendMessage.decodeStartup(bytes(0, 0, 0, 8)))
    malformed(FrontendMessage.decodeStartup(bytes()))
  })
})
