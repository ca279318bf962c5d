import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as ServerFields from "../../src/model/ServerFields.js"
import * as Arbitraries from "../../src/testing/Arbitraries.js"
import * as BackendMessage from "../../src/wire/BackendMessage.js"
import { bytes, frame, int16, int32, malformed, type Part, written } from "./bytes.js"

type Message = BackendMessage.BackendMessage

const fields = ServerFields.make({
  severity: "ERROR",
  localizedSeverity: "FEHLER",
  code: "22012",
  text: "no",
  position: 8
})

/** Every message beside its bytes, written out by hand from the manual. */
const golden: ReadonlyArray<readonly [Message, Uint8Array]> = [
  [{ _tag: "AuthenticationOk" }, bytes("R", 0, 0, 0, 8, 0, 0, 0, 0)],
  [{ _tag: "AuthenticationKerberosV5" }, bytes("R", 0, 0, 0, 8, 0, 0, 0, 2)],
  [{ _tag: "AuthenticationCleartextPassword" }, bytes("R", 0, 0, 0, 8, 0, 0, 0, 3)],
  [
    { _tag: "AuthenticationMD5Password", salt: bytes(1, 2, 3, 255) },
    bytes("R", 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 255)
  ],
  [{ _tag: "AuthenticationGSS" }, bytes("R", 0, 0, 0, 8, 0, 0, 0, 7)],
  [{ _tag: "AuthenticationGSSContinue", data: bytes(9, 8) }, bytes("R", 0, 0, 0, 10, 0, 0, 0, 8, 9, 8)],
  [{ _tag: "AuthenticationSSPI" }, bytes("R", 0, 0, 0, 8, 0, 0, 0, 9)],
  [
    { _tag: "AuthenticationSASL", mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] },
    bytes("R", 0, 0, 0, 42, 0, 0, 0, 10, "SCRAM-SHA-256-PLUS", 0, "SCRAM-SHA-256", 0, 0)
  ],
  [{ _tag: "AuthenticationSASLContinue", data: bytes("r=x") }, bytes("R", 0, 0, 0, 11, 0, 0, 0, 11, "r=x")],
  [{ _tag: "AuthenticationSASLFinal", data: bytes("v=x") }, bytes("R", 0, 0, 0, 11, 0, 0, 0, 12, "v=x")],
  [{ _tag: "AuthenticationOther", code: 6, data: bytes() }, bytes("R", 0, 0, 0, 8, 0, 0, 0, 6)],
  [
    { _tag: "NegotiateProtocolVersion", version: 0x0003_0002, unsupported: ["_pq_.a", "_pq_.b"] },
    bytes("v", 0, 0, 0, 26, 0, 3, 0, 2, 0, 0, 0, 2, "_pq_.a", 0, "_pq_.b", 0)
  ],
  [
    { _tag: "BackendKeyData", processId: 0x0102_0304, secretKey: bytes(0xff, 0, 0, 1) },
    bytes("K", 0, 0, 0, 12, 1, 2, 3, 4, 0xff, 0, 0, 1)
  ],
  [{ _tag: "ParameterStatus", name: "TimeZone", value: "" }, bytes("S", 0, 0, 0, 14, "TimeZone", 0, 0)],
  [{ _tag: "ReadyForQuery", status: "I" }, bytes("Z", 0, 0, 0, 5, "I")],
  [{ _tag: "ReadyForQuery", status: "T" }, bytes("Z", 0, 0, 0, 5, "T")],
  [{ _tag: "ReadyForQuery", status: "E" }, bytes("Z", 0, 0, 0, 5, "E")],
  [
    { _tag: "NotificationResponse", processId: 77, channel: "c", payload: "" },
    bytes("A", 0, 0, 0, 11, 0, 0, 0, 77, "c", 0, 0)
  ],
  [
    { _tag: "ErrorResponse", fields },
    bytes("E", 0, 0, 0, 34, "SFEHLER", 0, "VERROR", 0, "C22012", 0, "Mno", 0, "P8", 0, 0)
  ],
  [
    { _tag: "NoticeResponse", fields: { ...fields, severity: "NOTICE", localizedSeverity: "NOTICE" } },
    bytes("N", 0, 0, 0, 35, "SNOTICE", 0, "VNOTICE", 0, "C22012", 0, "Mno", 0, "P8", 0, 0)
  ],
  [
    {
      _tag: "RowDescription",
      columns: [
        {
          name: "id",
          tableOid: 0xffff_fffe,
          columnNumber: -2,
          typeOid: 23,
          typeSize: 4,
          typeModifier: -1,
          format: 1
        }
      ]
    },
    bytes(
      "T",
      0,
      0,
      0,
      27,
      0,
      1,
      "id",
      0,
      255,
      255,
      255,
      254,
      255,
      254,
      0,
      0,
      0,
      23,
      0,
      4,
      255,
      255,
      255,
      255,
      0,
      1
    )
  ],
  [{ _tag: "RowDescription", columns: [] }, bytes("T", 0, 0, 0, 6, 0, 0)],
  [
    { _tag: "DataRow", values: [bytes("ab"), null, bytes()] },
    bytes("D", 0, 0, 0, 20, 0, 3, 0, 0, 0, 2, "ab", 255, 255, 255, 255, 0, 0, 0, 0)
  ],
  [{ _tag: "DataRow", values: [] }, bytes("D", 0, 0, 0, 6, 0, 0)],
  [{ _tag: "CommandComplete", commandTag: "INSERT 0 1" }, bytes("C", 0, 0, 0, 15, "INSERT 0 1", 0)],
  [{ _tag: "EmptyQueryResponse" }, bytes("I", 0, 0, 0, 4)],
  [{ _tag: "PortalSuspended" }, bytes("s", 0, 0, 0, 4)],
  [{ _tag: "ParseComplete" }, bytes("1", 0, 0, 0, 4)],
  [{ _tag: "BindComplete" }, bytes("2", 0, 0, 0, 4)],
  [{ _tag: "CloseComplete" }, bytes("3", 0, 0, 0, 4)],
  [{ _tag: "NoData" }, bytes("n", 0, 0, 0, 4)],
  [
    { _tag: "ParameterDescription", parameterTypes: [23, 0x8000_0001] },
    bytes("t", 0, 0, 0, 14, 0, 2, 0, 0, 0, 23, 128, 0, 0, 1)
  ],
  [
    { _tag: "CopyInResponse", format: 1, columnFormats: [1, 1] },
    bytes("G", 0, 0, 0, 11, 1, 0, 2, 0, 1, 0, 1)
  ],
  [{ _tag: "CopyOutResponse", format: 0, columnFormats: [0] }, bytes("H", 0, 0, 0, 9, 0, 0, 1, 0, 0)],
  [{ _tag: "CopyBothResponse", format: 0, columnFormats: [] }, bytes("W", 0, 0, 0, 7, 0, 0, 0)],
  [{ _tag: "CopyData", data: bytes(0, 1) }, bytes("d", 0, 0, 0, 6, 0, 1)],
  [{ _tag: "CopyDone" }, bytes("c", 0, 0, 0, 4)],
  [{ _tag: "FunctionCallResponse", value: bytes(7) }, bytes("V", 0, 0, 0, 9, 0, 0, 0, 1, 7)],
  [{ _tag: "FunctionCallResponse", value: null }, bytes("V", 0, 0, 0, 8, 255, 255, 255, 255)]
]

/** Bodies that go on as far as their length: a shorter or longer one is another message, not a wrong one. */
const openEnded: ReadonlySet<string> = new Set([
  "AuthenticationGSSContinue",
  "AuthenticationSASLContinue",
  "AuthenticationSASLFinal",
  "AuthenticationOther",
  "BackendKeyData",
  "CopyData"
])

const encode = (message: Message): Uint8Array => written((writer) => BackendMessage.encode(writer, message))
const decode = (whole: Uint8Array, end = whole.length) => BackendMessage.decode(whole[0]!, whole, 5, end)
/** Decodes the body of a frame made by hand. */
const body = (tag: string, ...parts: ReadonlyArray<Part>) =>
  BackendMessage.decode(tag.charCodeAt(0), bytes(...parts))

describe("BackendMessage", () => {
  for (const [message, expected] of golden) {
    it(`writes and reads ${message._tag} as the manual lays it out (FLW-101, F23)`, () => {
      assert.deepStrictEqual(encode(message), expected)
      assert.deepStrictEqual(Either.getOrThrow(decode(expected)), message)
    })
  }

  it("has golden bytes for every message", () => {
    const covered = new Set<string>(golden.map(([message]) => message._tag))
    fc.assert(
      fc.property(Arbitraries.backendMessage, (message) => covered.has(message._tag)),
      { numRuns: 2_000 }
    )
  })

  it.prop(
    "reads back whatever it writes (F23)",
    [Arbitraries.backendMessage],
    ([message]) => {
      assert.deepStrictEqual(Either.getOrThrow(decode(encode(message))), message)
    },
    { fastCheck: { numRuns: 1_000 } }
  )

  it.prop(
    "finds the same message anywhere in a buffer",
    [Arbitraries.backendMessage, fc.nat(9)],
    ([message, at]) => {
      const whole = encode(message)
      const buffer = bytes(new Uint8Array(at).fill(0xee), whole, 0xee, 0)
      const decoded = BackendMessage.decode(whole[0]!, buffer, at + 5, at + whole.length)
      assert.deepStrictEqual(Either.getOrThrow(decoded), message)
    },
    { fastCheck: { numRuns: 300 } }
  )

  it("refuses every truncation of every message (MSG-013, F10)", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...golden.map(([message]) => message)), Arbitraries.backendMessage),
        (message) => {
          fc.pre(!openEnded.has(message._tag))
          const whole = encode(message)
          for (let end = 5; end < whole.length; end++) malformed(decode(whole, end))
        }
      ),
      { numRuns: 500 }
    )
  })

  it("refuses bytes after the last field of every message (MSG-013, F12)", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...golden.map(([message]) => message)), Arbitraries.backendMessage),
        fc.uint8Array({ minLength: 1, maxLength: 5 }),
        (message, more) => {
          fc.pre(!openEnded.has(message._tag))
          const whole = encode(message)
          malformed(decode(bytes(whole, more)))
        }
      ),
      { numRuns: 500 }
    )
  })

  it("answers any bytes with a message or a reason (F22)", () => {
    const tags = [...new Set(golden.map(([, whole]) => whole[0]!))]
    fc.assert(
      fc.property(fc.constantFrom(...tags), fc.uint8Array({ maxLength: 60 }), (tag, random) => {
        const decoded = BackendMessage.decode(tag, random)
        if (Either.isLeft(decoded)) assert.isString(decoded.left.message)
        else assert.strictEqual(encode(decoded.right)[0], tag)
      }),
      { numRuns: 2_000 }
    )
  })

  it("answers damaged messages with a message or a reason (F22)", () => {
    fc.assert(
      fc.property(Arbitraries.backendMessage, fc.nat(200), fc.nat(255), (message, at, byte) => {
        const whole = encode(message)
        if (whole.length > 5) whole[5 + (at % (whole.length - 5))] = byte
        const decoded = decode(whole)
        if (Either.isLeft(decoded)) assert.isString(decoded.left.message)
      }),
      { numRuns: 2_000 }
    )
  })

  it("refuses a tag no server has, and names it (F05)", () => {
    const known = new Set(golden.map(([, whole]) => whole[0]!))
    for (let tag = 0; tag < 256; tag++) {
      assert.strictEqual(BackendMessage.kindOf(tag) !== undefined, known.has(tag))
      if (known.has(tag)) continue
      const failure = malformed(BackendMessage.decode(tag, bytes()))
      assert.strictEqual(failure.tag, tag)
      assert.include(failure.message, `'${BackendMessage.tagName(tag)}'`)
    }
    assert.strictEqual(BackendMessage.tagName(0x44), "D")
    assert.strictEqual(BackendMessage.tagName(0x07), "0x07")
    assert.strictEqual(BackendMessage.kindOf(0x44), "DataRow")
  })

  it("keeps the tags of the two directions apart (MSG-009)", () => {
    const kinds = [..."DECSH"].map((tag) => BackendMessage.kindOf(tag.charCodeAt(0)))
    assert.deepStrictEqual(kinds, [
      "DataRow",
      "ErrorResponse",
      "CommandComplete",
      "ParameterStatus",
      "CopyOutResponse"
    ])
  })

  it("replaces invalid UTF-8 wherever text stands, and throws nowhere (ERR-006, F13)", () => {
    const bad = bytes(0xff, 0xc3, "x", 0)
    const good = "\ufffd\ufffdx"
    const texts = [
      Either.map(body("E", "M", bad, 0), (m) => (m._tag === "ErrorResponse" ? m.fields.text : "")),
      Either.map(body("N", "M", bad, 0), (m) => (m._tag === "NoticeResponse" ? m.fields.text : "")),
      Either.map(body("S", "a", 0, bad), (m) => (m._tag === "ParameterStatus" ? m.value : "")),
      Either.map(body("C", bad), (m) => (m._tag === "CommandComplete" ? m.commandTag : "")),
      Either.map(body("A", ...int32(1), bad, "p", 0), (m) =>
        m._tag === "NotificationResponse" ? m.channel : ""
      ),
      Either.map(body("T", ...int16(1), bad, new Uint8Array(18)), (m) =>
        m._tag === "RowDescription" ? m.columns[0]!.name : ""
      )
    ]
    for (const text of texts) assert.strictEqual(Either.getOrThrow(text), good)
  })

  it("keeps nothing of the buffer it read from (GEN-005)", () => {
    for (const [message, whole] of golden) {
      const buffer = Uint8Array.from(whole)
      const decoded = Either.getOrThrow(decode(buffer))
      buffer.fill(0xee)
      assert.deepStrictEqual(decoded, message)
    }
  })

  it("gives plain byte arrays even of a pooled Buffer (GEN-005)", () => {
    const pooled = Buffer.from(frame("d", "abc"))
    const decoded = Either.getOrThrow(BackendMessage.decode(0x64, pooled, 5))
    assert.isTrue(decoded._tag === "CopyData" && Object.getPrototypeOf(decoded.data) === Uint8Array.prototype)
  })
})
