import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import { statusOf } from "../../../src/connection/session/ConnectionStatus.js"
import * as Inbound from "../../../src/connection/session/Inbound.js"
import { QueryRequest, SimpleRequest } from "../../../src/connection/statement/Query.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"
import type { PgSessionError } from "../../../src/model/PgError.js"
import * as Statement from "../../../src/model/Statement.js"
import type { BackendMessage as Message } from "../../../src/wire/BackendMessage.js"
import {
  answered,
  bound,
  columns,
  complete,
  copyData,
  described,
  encode,
  error,
  fatal,
  fields,
  harness,
  int4,
  notice,
  notification,
  parameter,
  parsed,
  ready,
  row,
  text,
  tick
} from "../core.js"
import type { Harness, Told } from "../core.js"

const known = "select 1 as x"

/** A connection that knows a statement and has three uses of it on the wire. */
const three = async (): Promise<{
  readonly self: Harness
  readonly told: ReadonlyArray<Told<QueryResult>>
}> => {
  const self = harness()
  await self.know(known)
  const told = [self.query(known), self.query(known), self.query(known)]
  await self.sent()
  return { self, told }
}

const tagOf = (failure: PgSessionError | undefined): string => failure?._tag ?? "none"

/** What a request made of its answers. */
const outcomeOf = ({ count, failure, value }: Told<QueryResult>) => ({
  count,
  failure: failure?.message,
  rows: failure === undefined ? value?.rows : undefined,
  command: failure === undefined ? value?.command.text : undefined
})

describe("answers", () => {
  it("go to their requests, in order, however they come in chunks (TRP-061)", async () => {
    const { self, told } = await three()
    self.say(...answered(1), ...answered(2, 3), bound)
    self.say(complete("SELECT 0"), ready("T"))
    assert.deepStrictEqual(told.map(outcomeOf), [
      { count: 1, failure: undefined, rows: [{ x: 1 }], command: "SELECT 1" },
      { count: 1, failure: undefined, rows: [{ x: 2 }, { x: 3 }], command: "SELECT 2" },
      { count: 1, failure: undefined, rows: [], command: "SELECT 0" }
    ])
    assert.strictEqual(self.core.session.status, "T")
  })

  it("of a statement used again come without a description, which was kept with it (FLW-026)", async () => {
    const self = harness()
    const first = self.query("select 1 as x, 'a' as y")
    self.say(...described([], [int4("x"), text("y")]), bound, row(1, "a"), complete("SELECT 1"), ready())
    const second = self.query("select 1 as x, 'a' as y")
    self.say(bound, row(2, null), complete("SELECT 1"), ready())
    assert.deepStrictEqual([first.value?.rows, second.value?.rows], [[{ x: 1, y: "a" }], [{ x: 2, y: null }]])
    assert.deepStrictEqual(
      second.value?.columns.map(({ format, name }) => [name, format]),
      [
        ["x", 1],
        ["y", 1]
      ]
    )
  })

  it("are final at ReadyForQuery and not before (FLW-041)", async () => {
    const { self, told } = await three()
    self.say(bound, row(1), complete("SELECT 1"))
    assert.strictEqual(told[0]?.count, 0)
    self.say(ready())
    assert.strictEqual(told[0]?.count, 1)
  })
})

const list = [int4("x"), text("y")]

/** Three requests: a use of a known statement, one that fails amid rows, and the first use of another statement. */
const conversation: ReadonlyArray<Message> = [
  bound,
  row(1, "één"),
  row(2, null),
  complete("SELECT 2"),
  ready(),
  bound,
  row(3, "half"),
  error("22012", { text: "division by zero 😀", detail: "two\nlines" }),
  ready("E"),
  ...described([], list),
  bound,
  row(4, ""),
  complete("SELECT 1"),
  ready("T")
]

const hold = (chunks: ReadonlyArray<Uint8Array>) => {
  const self = harness()
  const sql = "select x, y from t"
  self.query(sql)
  self.say(...described([], list), bound, complete("SELECT 0"), ready())
  const told = [self.query(sql), self.query(sql), self.query("select x, y from u")]
  for (const chunk of chunks) Inbound.receive(self.core, chunk.slice())
  return { told: told.map(outcomeOf), status: self.core.session.status, ended: self.core.ended, self }
}

describe("the network", () => {
  const whole = encode(...conversation)
  const expected = hold([whole])

  it("gives three outcomes when it cuts nothing", () => {
    assert.deepStrictEqual(
      expected.told.map(({ count, failure, rows }) => [count, failure?.split("\n")[0], rows]),
      [
        [
          1,
          undefined,
          [
            { x: 1, y: "één" },
            { x: 2, y: null }
          ]
        ],
        [1, "ERROR 22012: division by zero 😀", undefined],
        [1, undefined, [{ x: 4, y: "" }]]
      ]
    )
    assert.deepStrictEqual([expected.status, expected.ended], ["T", undefined])
  })

  it("changes nothing by cutting at any byte (GEN-003, TRP-045)", () => {
    for (let at = 1; at < whole.length; at++) {
      const { ended, status, told } = hold([whole.subarray(0, at), whole.subarray(at)])
      assert.deepStrictEqual([at, told, status, ended], [at, expected.told, expected.status, undefined])
    }
  })

  it("changes nothing by giving one byte at a time (GEN-003, TRP-045)", () => {
    const { ended, status, told } = hold(Array.from(whole, (byte) => Uint8Array.of(byte)))
    assert.deepStrictEqual([told, status, ended], [expected.told, expected.status, undefined])
  })
})

describe("what comes unasked", () => {
  const unasked: ReadonlyArray<Message> = [
    notice("00000"),
    notice("01000", { severity: "WARNING" }),
    parameter("application_name", "other"),
    notification("news", "payload")
  ]
  const expected = hold([encode(...conversation)])

  it("may stand between any two messages and changes no answer (MSG-037, FLW-058, TRP-059)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(conversation.length), fc.constantFrom(...unasked)), { maxLength: 12 }),
        (inserted) => {
          const messages = conversation.flatMap((message, at) => [
            ...inserted.filter(([place]) => place === at).map(([, extra]) => extra),
            message
          ])
          const last = inserted.filter(([place]) => place === conversation.length).map(([, extra]) => extra)
          const { ended, self, status, told } = hold([encode(...messages, ...last)])
          assert.deepStrictEqual([told, status, ended], [expected.told, expected.status, undefined])
          assert.lengthOf(
            self.logged(),
            inserted.filter(([, extra]) => extra._tag === "NoticeResponse").length
          )
        }
      ),
      { numRuns: 80 }
    )
  })

  it("is taken while idle too, each kind to its place (FLW-058, CON-082)", async () => {
    const self = harness()
    const heard = Effect.scoped(
      Effect.flatMap(self.core.side.notifications.subscribe, (stream) =>
        Stream.runCollect(Stream.take(stream, 2))
      )
    )
    const fiber = Effect.runFork(heard)
    await tick()
    self.say(notification("A b", "1"), parameter("x.unknown", "v"), notice("00000"), notification("A b", ""))
    const taken = await Effect.runPromise(Fiber.join(fiber))
    assert.deepStrictEqual(
      [...taken],
      [
        { processId: 9, channel: "A b", payload: "1" },
        { processId: 9, channel: "A b", payload: "" }
      ]
    )
    assert.strictEqual(self.core.side.find("X.Unknown"), "v")
    assert.deepStrictEqual(
      self.logged().map(({ code }) => code),
      ["00000"]
    )
    assert.isUndefined(self.core.ended)
  })

  it("ends the connection when texts would be read wrongly from now on (CON-087)", async () => {
    const { self, told } = await three()
    self.say(parameter("client_encoding", "LATIN1"), ...answered(1))
    assert.deepStrictEqual(
      told.map(({ count, failure }) => [count, tagOf(failure)]),
      [
        [1, "PgUsageError"],
        [1, "PgClosedError"],
        [1, "PgClosedError"]
      ]
    )
    assertSubset(told[0]?.failure, {
      argument: "client_encoding",
      operation: "query",
      nothingSent: false
    })
    for (const { failure } of told) assert.match(failure?.message ?? "", /LATIN1.*convert_to/)
    assert.strictEqual(self.core.ended?._tag, "PgClosedError")
  })

  it("knows a server that takes no writes by its refusal, and not by that of a read-only transaction", () => {
    const refusedOf = (takesWrites: boolean, ...texts: ReadonlyArray<readonly [string, string]>): boolean => {
      const self = harness({
        fitsRole: () => undefined,
        roleQuestion: { sql: "show transaction_read_only", expected: "off", takesWrites }
      })
      for (const [sql, tag] of texts) {
        self.submit((outcome) => new SimpleRequest(sql, "object", outcome))
        self.say(complete(tag), ready(tag === "ROLLBACK" ? "I" : "T"))
      }
      self.submit((outcome) => new SimpleRequest("insert into t values (1)", "object", outcome))
      self.say(error("25006"), ready("E"))
      return !statusOf(self.core).fits
    }
    const refused = (...texts: ReadonlyArray<readonly [string, string]>) => refusedOf(true, ...texts)
    assert.strictEqual(refused(), true)
    // Who asked for a session that takes no writes has one.
    assert.strictEqual(refusedOf(false), false)
    assert.strictEqual(refused(["begin", "BEGIN"]), true)
    assert.strictEqual(refused(["begin", "BEGIN"], ["select 'read only'", "SELECT 1"]), true)
    for (const begun of [
      [["begin isolation level serializable, read only", "BEGIN"]],
      [["START TRANSACTION READ\nONLY", "START TRANSACTION"]],
      [
        ["begin", "BEGIN"],
        ["set transaction read only", "SET"]
      ],
      [
        ["begin", "BEGIN"],
        ["set transaction_read_only = on", "SET"]
      ]
    ] as const) {
      assert.strictEqual(refused(...begun), false)
      assert.strictEqual(refused(...begun, ["rollback", "ROLLBACK"]), true)
    }
  })

  it("ends the connection when settings of ever new names come, and not when one changes ever again", async () => {
    const { self, told } = await three()
    const value = "x".repeat(29_000)
    for (let count = 0; count < 100; count++) self.say(parameter("search_path", `${value}${count}`))
    assert.isUndefined(self.core.ended)
    for (let count = 0; count < 100; count++) self.say(parameter(`pooler.setting_${count}`, value))
    assert.deepStrictEqual(
      told.map(({ failure }) => tagOf(failure)),
      told.map(() => "PgProtocolError")
    )
    assert.include(told[0]?.failure?.message, "maxParameterCharacters")
    assert.isBelow(self.core.side.parameters.size, 40)
  })
})

describe("an error", () => {
  it("in the second of three segments fails that one alone (FLW-039, TRP-047, ERR-013)", async () => {
    const { self, told } = await three()
    self.say(...answered(1), bound, row(2), error("22012"), ready(), ...answered(3))
    assert.deepStrictEqual(
      told.map(({ count, failure, value }) => [count, tagOf(failure), failure && value?.rows]),
      [
        [1, "none", undefined],
        [1, "PgServerError", [{ x: 2 }]],
        [1, "none", undefined]
      ]
    )
    assert.deepStrictEqual(told[2]?.value?.rows, [{ x: 3 }])
    assert.deepStrictEqual(await self.sent(), [])
  })

  it("at Sync fails a request that looked complete, and nothing more is sent for it (FLW-041, TRP-048)", async () => {
    const { self, told } = await three()
    self.say(bound, complete("INSERT 0 1"), error("23503"), ready(), ...answered(2), ...answered(3))
    assert.deepStrictEqual(
      told.map(({ failure }) => tagOf(failure)),
      ["PgServerError", "none", "none"]
    )
    assert.deepStrictEqual(await self.sent(), [])
  })

  it("names the statement it belongs to, with every field (ERR-004)", async () => {
    const { self, told } = await three()
    self.say(error("23505", { constraint: "k", detail: "d", position: 3 }), ready())
    assertSubset(told[0]?.failure, {
      code: "23505",
      constraint: "k",
      detail: "d",
      position: 3,
      sql: known
    })
  })

  it("of a Parse is answered with the one missing Sync, and the statement is not known afterwards (FLW-053, TRP-056)", async () => {
    const self = harness()
    const told = self.query("selec 1")
    await self.sent()
    self.say(error("42601"))
    assert.deepStrictEqual([told.count, await self.sent()], [0, ["Sync"]])
    self.say(ready())
    assert.deepStrictEqual(
      [told.count, tagOf(told.failure), self.core.statements.size],
      [1, "PgServerError", 0]
    )
    self.query("selec 1")
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush"])
  })

  it("between the parameters and the columns of a description is answered with one Sync too (MSG-029)", async () => {
    const self = harness()
    const told = self.query("select * from t")
    await self.sent()
    self.say(parsed, { _tag: "ParameterDescription", parameterTypes: [] }, error("0A000"))
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    assert.deepStrictEqual([told.count, self.core.statements.size, self.core.ended], [1, 0, undefined])
  })

  it("is classified by its untranslated severity, not by the translated one (FLW-064)", async () => {
    const { self, told } = await three()
    self.say(error("22012", { severity: "ERROR", localizedSeverity: "FATAL" }), ready(), ...answered(2))
    assert.deepStrictEqual([self.core.ended, told[1]?.value?.rows], [undefined, [{ x: 2 }]])
    self.say(error("57014", { severity: "FATAL", localizedSeverity: "ERROR" }))
    assert.strictEqual(self.core.ended?._tag, "PgClosedError")
  })

  it("while nothing was asked ends the connection and is not pinned on the next query (FLW-063)", () => {
    const self = harness()
    self.say(error("XX000"))
    assertSubset(self.core.ended, { _tag: "PgClosedError", sent: false, server: { code: "XX000" } })
    const next = self.query(known)
    assertSubset(next.failure, { _tag: "PgClosedError", sent: false })
  })
})

describe("a fatal error", () => {
  it("amid a result is the cause that every request fails with, and no ReadyForQuery is awaited (FLW-065, TRP-065)", async () => {
    const { self, told } = await three()
    const queued = self.submit<unknown>((outcome) => new SimpleRequest("select 2", "object", outcome))
    self.say(...answered(1), bound, row(2), fatal("57P01"))
    assert.deepStrictEqual(
      told.map(({ count }) => count),
      [1, 1, 1]
    )
    assertSubset(told[1]?.failure, { _tag: "PgServerError", code: "57P01", severity: "FATAL" })
    assertSubset(told[2]?.failure, { _tag: "PgClosedError", sent: true, server: { code: "57P01" } })
    assertSubset(queued.failure, { _tag: "PgClosedError", sent: false, server: { code: "57P01" } })
    assert.strictEqual(self.link.destroyed, 1)
  })

  it("that is followed by another, and by the end of the stream, stays the first cause", async () => {
    const { self, told } = await three()
    self.say(fatal("57P01"), fatal("57P02"))
    Inbound.ended(self.core, undefined)
    Inbound.ended(self.core, { _tag: "TransportFailure", code: "ECONNRESET", message: "reset" })
    assert.deepStrictEqual(
      told.map(({ count }) => count),
      [1, 1, 1]
    )
    assertSubset(told[0]?.failure, { code: "57P01" })
    assertSubset(told[1]?.failure, { server: { code: "57P01" } })
    assertSubset([self.link.destroyed, self.core.ended], [1, { server: { code: "57P01" } }])
  })

  it("while idle breaks the connection, throws nothing and is remembered (FLW-062, TRP-020)", () => {
    const self = harness()
    let ends = 0
    self.core.onEnded.push(() => void ends++)
    self.say(fatal("57P01"))
    Inbound.ended(self.core, undefined)
    assertSubset([ends, self.core.ended], [1, { _tag: "PgClosedError", server: { code: "57P01" } }])
  })

  it("may come as a warning and an end without a word, and is the reason then (FLW-062)", async () => {
    const { self, told } = await three()
    self.say(notice("57P02", { severity: "WARNING" }))
    assert.isUndefined(self.core.ended)
    Inbound.ended(self.core, undefined)
    assertSubset(
      told.map(({ failure }) => failure),
      told.map(() => ({ _tag: "PgClosedError", sent: true, server: { code: "57P02" } }))
    )
  })
})

describe("the end of the stream", () => {
  it("inside a message reports how much was missing, and delivers no part of it (FLW-095)", async () => {
    const { self, told } = await three()
    const bytes = encode(bound, row(1))
    Inbound.receive(self.core, bytes.slice(0, bytes.length - 3))
    Inbound.ended(self.core, undefined)
    assert.include(told[0]?.failure?.message, "3 bytes before the end of a message")
    assert.deepStrictEqual(told[0]?.value?.rows, [])
  })

  it("fails what was sent as unknown and what was not as safe to repeat (CON-134)", async () => {
    const self = harness({ pipelineDepth: 1 })
    await self.know(known)
    const told = [self.query(known), self.query(known)]
    await tick()
    Inbound.ended(self.core, { _tag: "TransportFailure", code: "ECONNRESET", message: "read ECONNRESET" })
    assert.deepStrictEqual(
      told.map(({ failure }) => failure?.nothingSent),
      [false, true]
    )
    assert.include(told[0]?.failure?.message, "ECONNRESET")
  })
})

/** What a server must not send to three uses of a statement: after which answer, which bytes, and in which state they come. */
const violations: ReadonlyArray<readonly [string, ReadonlyArray<Message> | Uint8Array, string]> = [
  ["an unknown tag (FLW-092)", Uint8Array.of(0x7e, 0, 0, 0, 4), "ExtendedQuery.Binding"],
  ["the tag of another phase (FLW-093)", [{ _tag: "AuthenticationOk" }], "ExtendedQuery.Binding"],
  ["a row before its time (FLW-093)", [row(1)], "ExtendedQuery.Binding"],
  ["a completed Parse without a request (FLW-093)", [parsed], "ExtendedQuery.Binding"],
  ["a description in an execution (MSG-031)", [bound, columns(int4("x"))], "ExtendedQuery.Fetching"],
  ["copy data outside a copy (FLW-093)", [bound, copyData("x")], "ExtendedQuery.Fetching"],
  ["ReadyForQuery too early (FLW-094)", [bound, ready()], "ExtendedQuery.Fetching"],
  ["a row after the end (FLW-093)", [bound, complete("SELECT 0"), row(1)], "ExtendedQuery.Syncing"],
  ["a row with a column too many (TRP-039, MSG-018)", [bound, row(1, 2)], "ExtendedQuery.Fetching"],
  ["a row with a column too few (TRP-039, MSG-018)", [bound, row()], "ExtendedQuery.Fetching"],
  ["a body where there must be none (MSG-013)", Uint8Array.of(0x32, 0, 0, 0, 5, 0), "ExtendedQuery.Binding"],
  [
    "a transaction status that does not exist (MSG-022)",
    Uint8Array.from([...encode(bound, complete("SELECT 0")), 0x5a, 0, 0, 0, 5, 0x58]),
    "ExtendedQuery.Syncing"
  ],
  ["a length below four (MSG-010, TRP-038)", Uint8Array.of(0x44, 0, 0, 0, 3), "ExtendedQuery.Binding"],
  ["a negative length (MSG-011)", Uint8Array.of(0x44, 0xff, 0xff, 0xff, 0xff), "ExtendedQuery.Binding"],
  [
    "a length that is absurd for its message (MSG-010)",
    Uint8Array.of(0x5a, 0x7f, 0xff, 0xff, 0xff),
    "ExtendedQuery.Binding"
  ]
]

describe("a violation of the protocol", () => {
  it.each(violations)(
    "%s fails every waiter once, with the same cause (MSG-038)",
    async (_name, said, state) => {
      const { self, told } = await three()
      const late = self.submit<unknown>((outcome) => new SimpleRequest("select 2", "object", outcome))
      const bytes = said instanceof Uint8Array ? said : encode(...said)
      // Behind it, answers that would have been right: they must not be interpreted any more.
      Inbound.receive(self.core, Uint8Array.from([...bytes, ...encode(...answered(1), ...answered(2))]))
      Inbound.receive(self.core, encode(...answered(3)))
      Inbound.ended(self.core, undefined)
      assert.deepStrictEqual(
        told.map(({ count, failure }) => [count, tagOf(failure)]),
        told.map(() => [1, "PgProtocolError"])
      )
      assert.deepStrictEqual(
        told.map(({ failure }) => failure),
        told.map(() => told[0]?.failure)
      )
      assertSubset(told[0]?.failure, { state })
      assertSubset([late.count, late.failure], [1, { _tag: "PgClosedError", sent: false }])
      assert.strictEqual(self.link.destroyed, 1)
      assert.deepStrictEqual(await self.sent(), [])
    }
  )

  it("a ReadyForQuery too many ends the connection before another query could take it (FLW-094, TRP-061)", async () => {
    const self = harness()
    await self.know(known)
    const told = self.query(known)
    self.say(...answered(1), ready(), ...answered(2))
    assertSubset(
      [told.count, told.value?.rows, self.core.ended],
      [1, [{ x: 1 }], { _tag: "PgProtocolError", state: "Session.Idle", tag: "Z" }]
    )
    const next = self.query(known)
    assert.strictEqual(next.failure?.nothingSent, true)
  })

  it("by a tag that cannot be printed names it by its number (FLW-092)", async () => {
    const { self, told } = await three()
    Inbound.receive(self.core, Uint8Array.of(0, 0, 0, 0, 4))
    assertSubset(told[0]?.failure, { tag: "0x00" })
  })

  it("leaves nothing of the bytes behind it to be interpreted, not even an error's text (FLW-096)", async () => {
    const { self } = await three()
    self.say({ _tag: "NoData" }, fatal("57P01"), notification("x"), parameter("application_name", "y"))
    assert.deepStrictEqual(
      [self.core.lastWord, self.core.side.find("application_name")],
      [undefined, undefined]
    )
  })
})

describe("a value that cannot be read", () => {
  it("fails its query, and the connection goes on", async () => {
    const { self, told } = await three()
    self.say(bound, row(1), row("too long for int4"), row(3), complete("SELECT 3"), ready())
    self.say(...answered(2), ...answered(3))
    assertSubset(told[0]?.failure, {
      _tag: "PgCodecError",
      direction: "decode",
      place: { _tag: "Column", column: "x", index: 0 },
      type: "int4",
      sql: known
    })
    assert.notInclude(told[0]?.failure?.message, "too long")
    assert.deepStrictEqual(
      [told[1]?.value?.rows, told[2]?.value?.rows, self.core.ended],
      [[{ x: 2 }], [{ x: 3 }], undefined]
    )
  })
})

describe("the formats and columns of one statement", () => {
  it("are not used for the next one in the same text", () => {
    const self = harness()
    const told = self.submit<ReadonlyArray<QueryResult>>(
      (outcome) => new SimpleRequest("select 1; select 'a', 'b'; create table t ()", "array", outcome)
    )
    self.say(columns(int4("x")), row("1"), complete("SELECT 1"))
    self.say(columns(text("a"), text("b")), row("a", "b"), row("c", "d"), complete("SELECT 2"))
    self.say(complete("CREATE TABLE"), ready())
    assert.deepStrictEqual(
      told.value?.map(({ columns, command, rows }) => [columns.length, rows, command.text]),
      [
        [1, [[1]], "SELECT 1"],
        [
          2,
          [
            ["a", "b"],
            ["c", "d"]
          ],
          "SELECT 2"
        ],
        [0, [], "CREATE TABLE"]
      ]
    )
  })
})

it("a server's text that looks like an id or a statement is text", () => {
  const self = harness()
  self.say(notice("00000", { text: "'; drop table t" }))
  assert.deepStrictEqual(self.logged(), [fields("00000", { severity: "NOTICE", text: "'; drop table t" })])
})

/** A request one of whose handlers throws. */
class Throwing extends QueryRequest {
  constructor(
    private readonly where: string,
    outcome: ConstructorParameters<typeof QueryRequest>[2]
  ) {
    super(Statement.make("select $1::int4 as y", [1]), "object", outcome)
  }
  private at(place: string): void {
    if (place === this.where) throw new TypeError(`thrown in ${place}`)
  }
  override onParsed(): void {
    this.at("parsed")
  }
  override onColumns(...args: Parameters<QueryRequest["onColumns"]>): void {
    this.at("columns")
    super.onColumns(...args)
  }
  override onRows(...args: Parameters<QueryRequest["onRows"]>): string | undefined {
    this.at("rows")
    return super.onRows(...args)
  }
  override onComplete(...args: Parameters<QueryRequest["onComplete"]>): void {
    this.at("complete")
    super.onComplete(...args)
  }
  override onReady(...args: Parameters<QueryRequest["onReady"]>): boolean {
    this.at("ready")
    return super.onReady(...args)
  }
  protected override onSettled(): void {
    if (this.failure === undefined) this.at("settled")
    super.onSettled()
  }
}

describe("a request that throws while its answers are read", () => {
  it.each(["parsed", "columns", "rows", "complete", "ready", "settled"])(
    "fails alone, its neighbours run, and nothing is thrown at the socket: in %s",
    async (where) => {
      const self = harness()
      await self.know(known)
      const before = self.query(known)
      const thrown = self.submit<QueryResult>((outcome) => new Throwing(where, outcome))
      const behind = self.query(known)
      await self.sent()
      self.say(...answered(1))
      self.say(...described([23], [int4("y")]))
      const wrote = (await self.sent()).join(" ")
      const ran = wrote.startsWith("Bind")
      assert.strictEqual(ran, where !== "parsed" && where !== "columns")
      self.say(...(ran ? answered(2) : [ready()]), ...answered(3))
      assert.deepStrictEqual([thrown.count, thrown.failure?._tag], [1, "PgCodecError"])
      assert.include(thrown.failure?.message, "TypeError")
      assert.deepStrictEqual(
        [before.value?.rows, behind.value?.rows, self.core.ended],
        [[{ x: 1 }], [{ x: 3 }], undefined]
      )
      assert.isUndefined(self.core.session.owner)
    }
  )

  it("leaves nothing of what it had written, when that was no whole answer", async () => {
    const self = harness()
    const thrown = self.submit<QueryResult>((outcome) => new HalfWritten(outcome))
    await self.sent()
    self.say(...described([23], [int4("y")]))
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    assert.deepStrictEqual([thrown.count, thrown.failure?._tag], [1, "PgCodecError"])
  })
})

/** Writes half a message and throws. */
class HalfWritten extends QueryRequest {
  constructor(outcome: ConstructorParameters<typeof QueryRequest>[2]) {
    super(Statement.make("select $1::int4 as y", [1]), "object", outcome)
  }
  override onColumns(...[core]: Parameters<QueryRequest["onColumns"]>): void {
    core.writer.int32(7)
    core.writer.fail("half")
    throw new RangeError("no more")
  }
}
