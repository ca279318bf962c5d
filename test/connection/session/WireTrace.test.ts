import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import * as TracedLink from "../../../src/connection/session/TracedLink.js"
import type { WireTraceOptions } from "../../../src/connection/session/TracedLink.js"
import type { Link, LinkHandlers } from "../../../src/net/Transport.js"
import * as BackendMessage from "../../../src/wire/BackendMessage.js"
import * as FrontendMessage from "../../../src/wire/FrontendMessage.js"

const bytesOf = (write: (writer: ByteWriter) => unknown): Uint8Array => {
  const writer = new ByteWriter(1024)
  write(writer)
  return writer.detach().slice()
}
const ours = (message: FrontendMessage.FrontendMessage): Uint8Array =>
  bytesOf((writer) => FrontendMessage.encode(writer, message))
const theirs = (message: BackendMessage.BackendMessage): Uint8Array =>
  bytesOf((writer) => BackendMessage.encode(writer, message))

const startup: FrontendMessage.FrontendMessage = {
  _tag: "StartupMessage",
  version: 3 << 16,
  parameters: [
    ["user", "ada"],
    ["database", "shop"]
  ]
}

/** Sends and receives over a traced link, after the packet that opens the session; gives the lines behind that. */
const trace = (
  conversation: ReadonlyArray<readonly ["F" | "B", Uint8Array]>,
  options: Partial<WireTraceOptions> = {}
): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let handlers: LinkHandlers | undefined
  const link: Link = {
    address: "memory",
    listen: (given) => void (handlers = given),
    pause: () => {},
    resume: () => {},
    write: () => true,
    end: () => {},
    destroy: () => {}
  }
  const traced = TracedLink.make({
    write: (line) => lines.push(line),
    timestamps: false,
    values: true,
    ...options
  })(link, Clock.make())
  traced.listen({ onData: () => {}, onEnd: () => {}, onDrain: () => {} })
  traced.write(ours(startup))
  for (const [direction, bytes] of conversation) {
    if (direction === "F") traced.write(bytes)
    else handlers!.onData(bytes)
  }
  return lines.slice(1)
}

const column = (name: string, typeOid: number, typeSize: number, tableOid = 0, columnNumber = 0) =>
  ({ name, tableOid, columnNumber, typeOid, typeSize, typeModifier: -1, format: 0 }) as const
const F = (message: FrontendMessage.FrontendMessage) => ["F", ours(message)] as const
const B = (message: BackendMessage.BackendMessage) => ["B", theirs(message)] as const
const ready = (status: "I" | "T" | "E") => B({ _tag: "ReadyForQuery", status })

/** As a server sends it; the fields that name its source are left out. */
const error = (severity: string, code: string, text: string): Uint8Array => {
  const body = new TextEncoder().encode(`S${severity}\0V${severity}\0C${code}\0M${text}\0`)
  const bytes = new Uint8Array(6 + body.length)
  bytes[0] = 0x45
  new DataView(bytes.buffer).setInt32(1, 5 + body.length)
  bytes.set(body, 5)
  return bytes
}

describe("a wire trace", () => {
  it("has the lines that libpq's trace has of the same conversation", () => {
    const select = "SELECT $1, '42', $1::numeric, interval '1 sec'"
    assert.deepStrictEqual(
      trace([
        F({ _tag: "Parse", statement: "select_one", sql: select, parameterTypes: [23] }),
        F({ _tag: "Describe", target: "S", name: "select_one" }),
        F({ _tag: "Sync" }),
        B({ _tag: "ParseComplete" }),
        B({ _tag: "ParameterDescription", parameterTypes: [23] }),
        B({
          _tag: "RowDescription",
          columns: [
            column("?column?", 23, 4),
            column("?column?", 25, -1),
            column("numeric", 1700, -1),
            column("interval", 1186, 16)
          ]
        }),
        ready("I"),
        F({ _tag: "Close", target: "S", name: "select_one" }),
        F({ _tag: "Sync" }),
        B({ _tag: "CloseComplete" }),
        ready("I"),
        ["B", error("ERROR", "26000", 'prepared statement "select_one" does not exist')],
        F({ _tag: "Query", sql: "BEGIN" }),
        B({ _tag: "CommandComplete", commandTag: "BEGIN" }),
        ready("T"),
        F({ _tag: "Terminate" })
      ]),
      [
        `F\t68\tParse\t "select_one" "${select}" 1 23`,
        'F\t16\tDescribe\t S "select_one"',
        "F\t4\tSync",
        "B\t4\tParseComplete",
        "B\t10\tParameterDescription\t 1 23",
        'B\t113\tRowDescription\t 4 "?column?" 0 0 23 4 -1 0 "?column?" 0 0 25 65535 -1 0 "numeric" 0 0 1700 65535 -1 0 "interval" 0 0 1186 16 -1 0',
        "B\t5\tReadyForQuery\t I",
        'F\t16\tClose\t S "select_one"',
        "F\t4\tSync",
        "B\t4\tCloseComplete",
        "B\t5\tReadyForQuery\t I",
        'B\t74\tErrorResponse\t S "ERROR" V "ERROR" C "26000" M "prepared statement "select_one" does not exist" \\x00',
        'F\t10\tQuery\t "BEGIN"',
        'B\t10\tCommandComplete\t "BEGIN"',
        "B\t5\tReadyForQuery\t T",
        "F\t4\tTerminate"
      ]
    )
  })

  const insert = [
    F({
      _tag: "Parse",
      statement: "",
      sql: "INSERT INTO pq_pipeline_demo(itemno) VALUES ($1)",
      parameterTypes: [23]
    }),
    F({
      _tag: "Bind",
      portal: "",
      statement: "",
      parameterFormats: [],
      parameters: [Uint8Array.of(0x31)],
      resultFormats: [0]
    }),
    F({ _tag: "Execute", portal: "", maxRows: 0 }),
    B({ _tag: "DataRow", values: [Uint8Array.of(0x33), null, Uint8Array.of(0, 65, 255)] })
  ]

  it("prints values as libpq does, when they are asked for", () => {
    assert.deepStrictEqual(trace(insert), [
      'F\t60\tParse\t "" "INSERT INTO pq_pipeline_demo(itemno) VALUES ($1)" 1 23',
      'F\t19\tBind\t "" "" 0 1 1 \'1\' 1 0',
      'F\t9\tExecute\t "" 0',
      "B\t22\tDataRow\t 3 1 '3' -1 3 '\\x00A\\xff'"
    ])
  })

  it("has no value unless it is asked for", () => {
    assert.deepStrictEqual(
      trace(
        [
          ...insert,
          F({ _tag: "Query", sql: "alter role ada password 'hunter2'" }),
          F({ _tag: "CopyData", data: Uint8Array.of(65) }),
          B({ _tag: "CopyData", data: Uint8Array.of(66) }),
          B({ _tag: "NotificationResponse", processId: 7, channel: "jobs", payload: "hunter2" })
        ],
        { values: false }
      ).slice(1),
      [
        'F\t19\tBind\t "" "" 0 1 1 ? 1 0',
        'F\t9\tExecute\t "" 0',
        "B\t22\tDataRow\t 3 1 ? -1 3 ?",
        'F\t38\tQuery\t "alter role ada password ?"',
        "F\t5\tCopyData\t ?",
        "B\t5\tCopyData\t ?",
        'B\t21\tNotificationResponse\t 7 "jobs" ?'
      ]
    )
  })

  it("never has a secret of the login", () => {
    const data = new TextEncoder().encode("hunter2")
    const lines = trace([
      B({ _tag: "AuthenticationSASL", mechanisms: ["SCRAM-SHA-256"] }),
      F({ _tag: "SASLInitialResponse", mechanism: "SCRAM-SHA-256", data }),
      B({ _tag: "AuthenticationSASLContinue", data }),
      F({ _tag: "SASLResponse", data }),
      B({ _tag: "AuthenticationSASLFinal", data }),
      B({ _tag: "AuthenticationMD5Password", salt: data.subarray(0, 4) }),
      B({ _tag: "AuthenticationCleartextPassword" }),
      F({ _tag: "PasswordMessage", password: "hunter2" }),
      B({ _tag: "AuthenticationOk" }),
      B({ _tag: "BackendKeyData", processId: 7, secretKey: data.subarray(0, 4) })
    ])
    assert.deepStrictEqual(
      lines.map((line) => line.split("\t").slice(2).join("")),
      [
        'AuthenticationSASL "SCRAM-SHA-256" ""',
        "SASLInitialResponse ***",
        "AuthenticationSASLContinue ***",
        "SASLResponse ***",
        "AuthenticationSASLFinal ***",
        "AuthenticationMD5Password ***",
        "AuthenticationCleartextPassword",
        "PasswordMessage ***",
        "AuthenticationOk",
        "BackendKeyData 7 ***"
      ]
    )
    assert.notInclude(lines.join("\n"), "hunt")
  })

  it("reads messages that the network has cut anywhere", () => {
    const whole = theirs({ _tag: "CommandComplete", commandTag: "SELECT 1" })
    const pieces = [...whole].map((byte) => ["B", Uint8Array.of(byte)] as const)
    assert.deepStrictEqual(trace(pieces), ['B\t13\tCommandComplete\t "SELECT 1"'])
  })

  /** A link that writes down what is done with it, traced. */
  const traced = (options: Partial<WireTraceOptions> = {}, more: Partial<Link> = {}) => {
    const lines: Array<string> = []
    const calls: Array<string> = []
    const note = (name: string) => () => void calls.push(name)
    const link: Link = {
      address: "memory",
      listen: note("listen"),
      pause: note("pause"),
      resume: note("resume"),
      write: (bytes) => calls.push(`write ${bytes.length}`) > 0,
      end: note("end"),
      destroy: note("destroy"),
      ...more
    }
    const write = (line: string, session: number) => void lines.push(`${session} ${line}`)
    const clock = { ...Clock.make(), unsafeCurrentTimeMillis: () => Date.UTC(2024, 1, 29, 12, 34, 56, 789) }
    return { lines, calls, link: TracedLink.make({ write, timestamps: false, ...options })(link, clock) }
  }

  it("has the packets before the one that opens the session", () => {
    const { lines, link } = traced()
    for (const message of [{ _tag: "SSLRequest" }, startup, { _tag: "Sync" }] as const)
      link.write(ours(message))
    assert.deepStrictEqual(lines, [
      "1 F\t8\tSSLRequest",
      '1 F\t32\tStartupMessage\t 3 0 "user" "ada" "database" "shop" ""',
      "1 F\t4\tSync"
    ])
  })

  it("has a request to cancel without its key", () => {
    const { lines, link } = traced()
    link.write(ours({ _tag: "CancelRequest", processId: 7, secretKey: new TextEncoder().encode("hush") }))
    assert.deepStrictEqual(lines, ["1 F\t16\tCancelRequest\t 7 ***"])
  })

  it("has the message whose pieces are not copied, and hands the pieces on", () => {
    const given: Array<ReadonlyArray<Uint8Array>> = []
    const writeParts = (parts: ReadonlyArray<Uint8Array>): boolean => given.push(parts) < 0
    const { lines, link } = traced({}, { writeParts })
    link.write(ours(startup))
    const message = ours({ _tag: "CopyData", data: new TextEncoder().encode("1\t2\n") })
    const parts = [message.subarray(0, 5), message.subarray(5)]
    assert.isFalse(link.writeParts?.(parts))
    assert.deepStrictEqual([lines[1], given], ["1 F\t8\tCopyData\t ?", [parts]])
    assert.isUndefined(traced().link.writeParts)
  })

  it("has nothing of bytes that are no packet, and they are sent", () => {
    for (const bytes of [[0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 99, 0, 3, 0, 0]]) {
      const { calls, lines, link } = traced()
      link.write(Uint8Array.from(bytes))
      assert.deepStrictEqual([lines, calls], [[], [`write ${bytes.length}`]])
    }
  })

  it("begins with the time where it is asked for, in UTC, and leaves all else to the link", () => {
    const { calls, lines, link } = traced({ timestamps: true })
    link.write(ours(startup))
    assert.match(lines[0]!, /^1 2024-02-29 12:34:56\.789000\tF\t32\tStartupMessage/)
    link.pause()
    link.resume()
    link.end()
    link.destroy()
    assert.deepStrictEqual(calls, ["write 32", "pause", "resume", "end", "destroy"])
  })

  it("has values of function calls, and the byte of an unknown message", () => {
    const result = (value: Uint8Array | null) => B({ _tag: "FunctionCallResponse", value })
    const unknown = (tag: number) => ["B", Uint8Array.of(tag, 0, 0, 0, 4)] as const
    const lines = trace([
      result(null),
      result(Uint8Array.of(65, 0)),
      unknown(0x7e),
      unknown(0x7f),
      unknown(1)
    ])
    assert.deepStrictEqual(lines, [
      "B\t8\tFunctionCallResponse\t -1",
      "B\t10\tFunctionCallResponse\t 2 'A\\x00'",
      "B\t4\tunknown ~",
      "B\t4\tunknown \\x7f",
      "B\t4\tunknown \\x01"
    ])
  })

  it("ends when its reader throws, and the conversation goes on", () => {
    let calls = 0
    assert.deepStrictEqual(
      trace([F({ _tag: "Sync" }), ready("I")], {
        write: () => {
          calls++
          throw new Error("full")
        }
      }),
      []
    )
    assert.strictEqual(calls, 1)
  })
})
