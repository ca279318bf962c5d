import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Transport } from "../../src/net/Transport.js"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import type { FrontendMessage } from "../../src/wire/FrontendMessage.js"
import { scramServer } from "../support/scramServer.js"
import { connect, encode } from "../support/wireClient.js"

const hello: FrontendMessage = { _tag: "StartupMessage", version: 0x30000, parameters: [["user", "app"]] }
const query = (sql: string): FrontendMessage => ({ _tag: "Query", sql })
const sync: FrontendMessage = { _tag: "Sync" }
const terminate: FrontendMessage = { _tag: "Terminate" }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Runs the client against the scripts and returns what `done` returns. */
const verdict = <E>(
  scripts: ReadonlyArray<ScriptedServer.Script | ScriptedServer.RefusedConnection>,
  client: Effect.Effect<unknown, E, Transport | ScriptedServer.ScriptedServer>,
  options?: ScriptedServer.Options
): Effect.Effect<string, E> =>
  Effect.gen(function* () {
    yield* client
    const server = yield* ScriptedServer.ScriptedServer
    const exit = yield* Effect.exit(server.done)
    return Exit.isSuccess(exit) ? "done" : Option.getOrThrow(Cause.failureOption(exit.cause)).message
  }).pipe(Effect.provide(ScriptedServer.layer(scripts, options)))

/** Connects, sends these and closes. */
const says = (...messages: ReadonlyArray<FrontendMessage>) =>
  Effect.scoped(
    Effect.flatMap(connect, (client) =>
      Effect.zipRight(
        client.send(...messages),
        Effect.forEach([1, 2, 3, 4, 5], () => Effect.yieldNow())
      )
    )
  )

describe("ScriptedServer", () => {
  it.effect("plays a whole session and is content when the client keeps to the script (TRP-128)", () =>
    Effect.gen(function* () {
      const script = [
        ScriptedServer.startup({ expects: { version: 0x30000 }, parameters: { TimeZone: "Europe/Vienna" } }),
        ScriptedServer.simpleQuery("select 1", [{ columns: [ScriptedServer.column("one")], rows: [["1"]] }]),
        ScriptedServer.goodbye
      ]
      const session = Effect.scoped(
        Effect.gen(function* () {
          const client = yield* connect
          yield* client.send(hello)
          const greeting = yield* client.until("ReadyForQuery")
          assert.strictEqual(greeting[0]?._tag, "AuthenticationOk")
          assert.deepInclude(greeting, { _tag: "ParameterStatus", name: "TimeZone", value: "Europe/Vienna" })
          assert.deepInclude(greeting, { _tag: "BackendKeyData", ...ScriptedServer.defaultKey })
          yield* client.send(query("select 1"))
          assert.deepStrictEqual(yield* client.until("ReadyForQuery"), [
            { _tag: "RowDescription", columns: [ScriptedServer.column("one")] },
            { _tag: "DataRow", values: [bytes("1")] },
            { _tag: "CommandComplete", commandTag: "SELECT 1" },
            { _tag: "ReadyForQuery", status: "I" }
          ])
          yield* client.send(terminate)
          client.link.end()
          const server = yield* ScriptedServer.ScriptedServer
          yield* server.done
          const [connection] = server.connections()
          assert.deepInclude(connection?.counts, { writes: 3 })
          assert.deepStrictEqual(
            connection?.received.map(({ _tag }) => _tag),
            ["StartupMessage", "Query", "Terminate"]
          )
        })
      )
      assert.strictEqual(yield* verdict([script], session), "done")
    })
  )

  it.effect("names message and fields when the client sends another value (TRP-128)", () =>
    Effect.gen(function* () {
      const report = yield* verdict(
        [
          [
            ScriptedServer.startup(),
            ScriptedServer.expect({
              _tag: "Bind",
              statement: "s1",
              parameters: [bytes("42"), null],
              resultFormats: [1]
            })
          ]
        ],
        says(hello, {
          _tag: "Bind",
          portal: "",
          statement: "s2",
          parameterFormats: [],
          parameters: [Uint8Array.of(0, 42), null],
          resultFormats: [1]
        })
      )
      assert.strictEqual(
        report.split("\n  before that:")[0],
        [
          "script 1: the client did something else",
          '  expected Bind { statement: "s1", parameters: [<42>, null], resultFormats: [1] }',
          '  received Bind { portal: "", statement: "s2", parameterFormats: [], parameters: [<\\x002a>, null], resultFormats: [1] }',
          '    statement: expected "s1", received "s2"',
          "    parameters: expected [<42>, null], received [<\\x002a>, null]"
        ].join("\n")
      )
      assert.include(report, 'client: StartupMessage { version: 196608, parameters: [["user", "app"]] }')
      assert.include(report, "server: AuthenticationOk, ParameterStatus")
    })
  )

  it.effect("reports when the client sends another message, too little, too much, or half of one", () =>
    Effect.gen(function* () {
      const script = [
        ScriptedServer.startup(),
        ScriptedServer.expect({ _tag: "Query", sql: /^select/ }),
        ScriptedServer.expectEnd
      ]
      const told = (...messages: ReadonlyArray<FrontendMessage>) =>
        verdict([script], says(hello, ...messages))
      assert.strictEqual(yield* told(query("select 1")), "done")
      assert.include(yield* told(sync), "message: expected Query, received Sync")
      assert.include(yield* told(query("delete")), 'sql: expected /^select/, received "delete"')
      assert.include(yield* told(), "received the client has hung up")
      assert.include(yield* told(query("select 1"), sync), "expected the end of the stream\n  received Sync")
      const half = Effect.scoped(
        Effect.flatMap(connect, ({ link }) => {
          link.write(encode(hello, query("select 1")).slice(0, -3))
          return Effect.forEach([1, 2, 3, 4, 5], () => Effect.yieldNow())
        })
      )
      assert.include(yield* verdict([script], half), "the client has hung up in the middle of a message")
    })
  )

  it.effect("reports a message behind the script's end, and accepts Terminate", () =>
    Effect.gen(function* () {
      const script = ScriptedServer.startup()
      assert.strictEqual(yield* verdict([script], says(hello, terminate)), "done")
      assert.include(
        yield* verdict([script], says(hello, sync)),
        "expected nothing, as the script is at its end\n  received Sync"
      )
    })
  )

  it.effect("the client receives the report as the failure of its link, at once", () =>
    Effect.gen(function* () {
      const session = Effect.scoped(
        Effect.gen(function* () {
          const client = yield* connect
          yield* client.send(query("no startup packet"))
          const end = yield* client.next
          assert.strictEqual(end._tag === "End" ? end.failure?.code : "", ScriptedServer.scriptMismatch)
          assert.include(end._tag === "End" ? end.failure?.message : "", "no startup packet")
        })
      )
      assert.include(yield* verdict([ScriptedServer.startup()], session), "no startup packet")
    })
  )

  it.effect("reports where an unfinished script stands, and which was never begun", () =>
    Effect.gen(function* () {
      const scripts = [
        [ScriptedServer.startup(), ScriptedServer.until("client brakes")],
        ScriptedServer.startup()
      ]
      const idle = Effect.gen(function* () {
        const client = yield* connect
        yield* client.send(hello)
        const server = yield* ScriptedServer.ScriptedServer
        const failure = yield* Effect.flip(server.done)
        assert.include(failure.message, "it stands at waiting until: client brakes")
        client.link.pause()
      })
      assert.strictEqual(
        yield* verdict(scripts, Effect.scoped(idle)),
        "script 2: no connection was opened for it"
      )
      assert.include(
        yield* verdict([ScriptedServer.startup()], Effect.zipRight(says(hello), says(hello))),
        "a connection without a script: no script is left for a connection that sends StartupMessage"
      )
    })
  )

  it.effect("refuses connections", () =>
    Effect.gen(function* () {
      const gone = { _tag: "TransportFailure", code: "EHOSTUNREACH", message: "no route" } as const
      const attempts = Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(Effect.scoped(connect))).code, "ECONNREFUSED")
        assert.deepStrictEqual(yield* Effect.flip(Effect.scoped(connect)), gone)
        yield* says(hello)
      })
      const scripts = [ScriptedServer.refuse(), ScriptedServer.refuse(gone), ScriptedServer.startup()]
      assert.strictEqual(yield* verdict(scripts, attempts), "done")
    })
  )

  it.effect("cuts its messages, ends the stream and sends any bytes, as scripted (F01, F05)", () =>
    Effect.gen(function* () {
      const script = [
        ScriptedServer.established,
        ScriptedServer.sendSliced(2, { _tag: "EmptyQueryResponse" }),
        ScriptedServer.sendBytes([1, 2, 3]),
        ScriptedServer.send(ScriptedServer.rawFrame("?", [9], 3)),
        ScriptedServer.reset()
      ]
      const session = Effect.scoped(
        Effect.gen(function* () {
          const { open } = (yield* ScriptedServer.ScriptedServer).transport
          const link = yield* open({ _tag: "Unix", path: "/tmp/x" })
          const heard: Array<unknown> = []
          const end = yield* Effect.async<string | undefined>((resume) =>
            link.listen({
              onData: (chunk) => void heard.push([...chunk]),
              onEnd: (failure) => resume(Effect.succeed(failure?.code)),
              onDrain: () => {}
            })
          )
          assert.deepStrictEqual(heard, [[73, 0], [0, 0], [4], [1, 2, 3], [63, 0, 0, 0, 3, 9]])
          assert.strictEqual(end, "ECONNRESET")
        })
      )
      assert.strictEqual(yield* verdict([script], session), "done")
    })
  )

  it.effect("waits for the brake, for the client's next word and for what was sent to arrive", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const note = (what: string) => ScriptedServer.run(what, () => Effect.sync(() => seen.push(what)))
      const script = [
        ScriptedServer.established,
        ScriptedServer.until("client brakes"),
        note("braked"),
        ScriptedServer.send({ _tag: "EmptyQueryResponse" }),
        ScriptedServer.until("client lets go of the brake"),
        note("let go"),
        ScriptedServer.until("all delivered"),
        note("delivered"),
        ScriptedServer.until("client sends"),
        note("sent"),
        ScriptedServer.expect({ _tag: "Sync" }),
        ScriptedServer.hangUp,
        ScriptedServer.expectEnd
      ]
      const session = Effect.scoped(
        Effect.gen(function* () {
          const client = yield* connect
          yield* Effect.yieldNow()
          client.link.pause()
          const waiting = yield* Effect.fork(client.next)
          for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow()
          assert.deepStrictEqual(seen, ["braked"])
          client.link.resume()
          assert.strictEqual((yield* Fiber.join(waiting))._tag, "EmptyQueryResponse")
          for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow()
          assert.deepStrictEqual(seen, ["braked", "let go", "delivered"])
          yield* client.send(sync)
          assert.deepStrictEqual(yield* client.next, { _tag: "End", failure: undefined })
        })
      )
      assert.strictEqual(yield* verdict([script], session), "done")
      assert.deepStrictEqual(seen, ["braked", "let go", "delivered", "sent"])
    })
  )

  it.effect("asks for a cleartext password, an MD5 digest, and takes none but the right one", () =>
    Effect.gen(function* () {
      const logIn = (auth: ScriptedServer.Auth, password: string) =>
        verdict(
          [ScriptedServer.startup({ auth })],
          Effect.scoped(
            Effect.gen(function* () {
              const client = yield* connect
              yield* client.send(hello)
              yield* client.next
              yield* client.send({ _tag: "PasswordMessage", password })
              yield* client.next
            })
          )
        )
      assert.strictEqual(yield* logIn(ScriptedServer.cleartext("secret"), "secret"), "done")
      assert.include(yield* logIn(ScriptedServer.cleartext("secret"), "guess"), 'received "guess"')
      const md5 = ScriptedServer.md5(Uint8Array.of(1, 2, 3, 4), "md5abc")
      assert.strictEqual(yield* logIn(md5, "md5abc"), "done")
      assert.include(yield* logIn(md5, "md5abd"), "PasswordMessage")
    })
  )

  it.effect("runs a SASL exchange with a server of the test's own, anew for every connection", () =>
    Effect.gen(function* () {
      // The example of RFC 7677, with the server's nonce and salt fixed.
      const auth = ScriptedServer.sasl(
        scramServer({
          password: "pencil",
          salt: Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"),
          nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        })
      )
      const proof =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
      const logIn = (final: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            const client = yield* connect
            yield* client.send(hello)
            assert.deepStrictEqual(yield* client.next, {
              _tag: "AuthenticationSASL",
              mechanisms: ["SCRAM-SHA-256"]
            })
            yield* client.send({
              _tag: "SASLInitialResponse",
              mechanism: "SCRAM-SHA-256",
              data: bytes("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
            })
            assert.deepStrictEqual(yield* client.next, {
              _tag: "AuthenticationSASLContinue",
              data: bytes(
                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
              )
            })
            yield* client.send({ _tag: "SASLResponse", data: bytes(final) })
            return yield* client.next
          })
        )
      const both = Effect.gen(function* () {
        const good = yield* logIn(proof)
        assert.deepStrictEqual(good, {
          _tag: "AuthenticationSASLFinal",
          data: bytes("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        })
        const bad = yield* logIn(proof.replace("p=dH", "p=dI"))
        assert.strictEqual(bad._tag === "ErrorResponse" ? bad.fields.code : bad._tag, "28P01")
      })
      assert.strictEqual(
        yield* verdict([ScriptedServer.startup({ auth }), ScriptedServer.startup({ auth })], both),
        "done"
      )
    })
  )

  it.effect("refuses encryption before the startup, and sends no key when scripted so", () =>
    Effect.gen(function* () {
      const session = Effect.scoped(
        Effect.gen(function* () {
          const { open } = (yield* ScriptedServer.ScriptedServer).transport
          const link = yield* open({ _tag: "Unix", path: "/tmp/x" })
          const heard: Array<Uint8Array> = []
          link.listen({ onData: (chunk) => void heard.push(chunk), onEnd: () => {}, onDrain: () => {} })
          link.write(encode({ _tag: "SSLRequest" }))
          while (heard.length < 1) yield* Effect.yieldNow()
          assert.deepStrictEqual([...heard[0]!], [0x4e])
          link.write(encode(hello))
          while (heard.length < 2) yield* Effect.yieldNow()
          const keyHeader = Buffer.from([0x4b, 0, 0, 0, 12])
          assert.isFalse(Buffer.from(heard[1]!).includes(keyHeader))
        })
      )
      const script = ScriptedServer.startup({ refusesEncryption: true, backendKey: null })
      assert.strictEqual(yield* verdict([script], session), "done")
    })
  )

  it.effect("plays a statement of the extended protocol in whatever order the client asks", () =>
    Effect.gen(function* () {
      const script = [
        ScriptedServer.startup(),
        ScriptedServer.extendedQuery({
          sql: "select n from t where n > $1",
          parameterTypes: [23],
          columns: [ScriptedServer.column("n", { typeOid: 23, typeSize: 4 })],
          rows: [[Uint8Array.of(0, 0, 0, 1)], [Uint8Array.of(0, 0, 0, 2)], [null]]
        })
      ]
      const session = Effect.scoped(
        Effect.gen(function* () {
          const client = yield* connect
          yield* client.send(hello)
          yield* client.until("ReadyForQuery")
          yield* client.send(
            { _tag: "Parse", statement: "s", sql: "select n from t where n > $1", parameterTypes: [] },
            { _tag: "Describe", target: "S", name: "s" },
            { _tag: "Flush" }
          )
          const described = yield* client.until("RowDescription")
          assert.deepStrictEqual(described.slice(0, 2), [
            { _tag: "ParseComplete" },
            { _tag: "ParameterDescription", parameterTypes: [23] }
          ])
          yield* client.send(
            {
              _tag: "Bind",
              portal: "",
              statement: "s",
              parameterFormats: [],
              parameters: [bytes("0")],
              resultFormats: [1]
            },
            { _tag: "Describe", target: "P", name: "" },
            { _tag: "Execute", portal: "", maxRows: 2 },
            { _tag: "Execute", portal: "", maxRows: 2 },
            { _tag: "Close", target: "P", name: "" },
            sync
          )
          assert.deepStrictEqual(
            (yield* client.until("ReadyForQuery")).map((message) =>
              message._tag === "RowDescription" ? `format ${message.columns[0]?.format}` : message._tag
            ),
            [
              "BindComplete",
              "format 1",
              "DataRow",
              "DataRow",
              "PortalSuspended",
              "DataRow",
              "CommandComplete",
              "CloseComplete",
              "ReadyForQuery"
            ]
          )
        })
      )
      assert.strictEqual(yield* verdict([script], session), "done")
      assert.include(
        yield* verdict(
          [script],
          says(hello, { _tag: "Parse", statement: "", sql: "drop", parameterTypes: [] })
        ),
        "sql: expected select n from t where n > $1, received drop"
      )
    })
  )

  it.effect("skips to the Sync behind a statement that fails", () =>
    Effect.gen(function* () {
      const script = [
        ScriptedServer.established,
        ScriptedServer.extendedQuery({ error: { code: "22012", text: "division by zero" }, status: "E" })
      ]
      const session = Effect.scoped(
        Effect.gen(function* () {
          const client = yield* connect
          const execute = { _tag: "Execute", portal: "", maxRows: 0 } as const
          // Nothing must be read as a startup packet here, although it is the first thing sent.
          yield* Effect.yieldNow()
          yield* client.send(execute, execute, { _tag: "Close", target: "P", name: "" }, sync)
          const answers = yield* client.until("ReadyForQuery")
          assert.deepStrictEqual(
            answers.map((message) => (message._tag === "ErrorResponse" ? message.fields.text : message._tag)),
            ["division by zero", "ReadyForQuery"]
          )
        })
      )
      assert.strictEqual(yield* verdict([script], session), "done")
    })
  )

  it.effect("records cancel requests with their bytes, on connections that take no script", () =>
    Effect.gen(function* () {
      const request = { _tag: "CancelRequest", ...ScriptedServer.defaultKey } as const
      const script = [
        ScriptedServer.startup(),
        ScriptedServer.expect({ _tag: "Query" }),
        ScriptedServer.cancelled,
        ScriptedServer.send(ScriptedServer.errorResponse({ code: "57014" }), ScriptedServer.readyForQuery())
      ]
      const order: Array<string> = []
      const session = Effect.scoped(
        Effect.gen(function* () {
          const client = yield* connect
          yield* client.send(hello, query("select pg_sleep(10)"))
          yield* client.until("ReadyForQuery")
          yield* Effect.scoped(
            Effect.gen(function* () {
              const canceller = yield* connect
              yield* canceller.send(request)
              assert.deepStrictEqual(yield* canceller.next, { _tag: "End", failure: undefined })
              order.push("closed")
            })
          )
          const answer = yield* client.next
          assert.strictEqual(answer._tag === "ErrorResponse" ? answer.fields.code : answer._tag, "57014")
          const server = yield* ScriptedServer.ScriptedServer
          assert.deepStrictEqual(server.cancels(), [
            { processId: 4711, secretKey: Uint8Array.of(1, 2, 3, 4), bytes: encode(request) }
          ])
        })
      )
      const onCancel = () => Effect.sync(() => order.push("cancelled"))
      assert.strictEqual(yield* verdict([script], session, { onCancel }), "done")
      assert.deepStrictEqual(order, ["cancelled", "closed"])
    })
  )

  it.effect("scripts a cancel request like any other connection, and checks its key", () =>
    Effect.gen(function* () {
      const key = { processId: 1, secretKey: Uint8Array.of(9, 9, 9, 9) }
      const cancel = (secretKey: Uint8Array) =>
        verdict([ScriptedServer.acceptCancel(key)], says({ _tag: "CancelRequest", processId: 1, secretKey }))
      assert.strictEqual(yield* cancel(key.secretKey), "done")
      assert.include(
        yield* cancel(Uint8Array.of(9, 9, 9, 8)),
        "secretKey: expected <\\x09090909>, received <\\x09090908>"
      )
    })
  )

  it.effect("repeats until the client has had enough, between two rounds and not within one", () =>
    Effect.gen(function* () {
      const script = [
        ScriptedServer.startup(),
        ScriptedServer.repeat(
          ScriptedServer.simpleQuery("select", [{}]),
          ScriptedServer.expect({ _tag: "Sync" })
        )
      ]
      const round = [query("select"), sync]
      assert.strictEqual(yield* verdict([script], says(hello, ...round, ...round, terminate)), "done")
      assert.strictEqual(yield* verdict([script], says(hello)), "done")
      assert.include(yield* verdict([script], says(hello, ...round, query("select"))), "expected Sync")
    })
  )

  it.effect("reports a length and a body that no server would accept (F01, F12)", () =>
    Effect.gen(function* () {
      const raw = (...frames: ReadonlyArray<Uint8Array>) =>
        verdict(
          [[ScriptedServer.startup(), ScriptedServer.expect({ _tag: "Sync" })]],
          Effect.scoped(
            Effect.flatMap(connect, ({ link }) => {
              link.write(encode(hello))
              for (const frame of frames) link.write(frame)
              return Effect.forEach([1, 2, 3, 4, 5], () => Effect.yieldNow())
            })
          )
        )
      assert.include(yield* raw(ScriptedServer.rawFrame("S", [], 3)), "announces a length of 3 bytes")
      assert.include(yield* raw(ScriptedServer.rawFrame("S", [7])), "1 bytes left over")
      assert.include(yield* raw(ScriptedServer.rawFrame("p", [0])), "no frontend message has this tag here")
      assert.strictEqual(yield* raw(encode(sync)), "done")
    })
  )

  it("knows which fields a message has", () => {
    expectTypeOf(ScriptedServer.expect<"Query">)
      .parameter(0)
      .toHaveProperty("sql")
    // @ts-expect-error there is no such message
    ScriptedServer.expect({ _tag: "Quarry" })
    // @ts-expect-error there is no such field
    ScriptedServer.expect({ _tag: "Query", text: "select 1" })
  })
})
