/**
 * A pooler that keeps prepared statements in transaction mode, as PgBouncer does from 1.21 on with `max_prepared_statements`: it knows the
 * statements of each client, and prepares one again on a server session that does not have it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as PgClient from "../../src/client/PgClient.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as PgConnector from "../../src/connection/PgConnector.js"
import type { Column } from "../../src/model/Column.js"
import type { Format } from "../../src/model/Format.js"
import * as Statement from "../../src/model/Statement.js"
import { Transport } from "../../src/net/Transport.js"
import { Host, ScriptedServer } from "../../src/Testing.js"
import type { BackendMessage } from "../../src/wire/BackendMessage.js"

const { column, expectAny, expectEnd, send } = ScriptedServer

/** What the pooler knows of its client, and which server session runs the transaction at hand. */
interface Pooled {
  readonly statements: ReadonlyMap<string, string>
  readonly session: number
  readonly answers: ReadonlyArray<BackendMessage>
  readonly formats: ReadonlyArray<Format>
  readonly isFailed: boolean
}

/** The result of the text in a server session: its columns, and the values of its only row. */
type Result = (
  sql: string,
  session: number
) => { readonly columns: ReadonlyArray<Column>; readonly row: ReadonlyArray<string> }

/** Plays the pooler over two server sessions, of which each transaction gets the other one. */
const pooler = (result: Result, pooled: Pooled): ScriptedServer.Script => [
  expectAny("a message of the extended protocol", (message) => {
    const then = (next: Partial<Pooled>): ScriptedServer.Script => pooler(result, { ...pooled, ...next })
    const answer = (...answers: ReadonlyArray<BackendMessage>): ScriptedServer.Script =>
      then({ answers: [...pooled.answers, ...answers] })
    const fail = (code: "26000" | "42P05"): ScriptedServer.Script =>
      then({ answers: [...pooled.answers, ScriptedServer.errorResponse({ code })], isFailed: true })
    const { session, statements } = pooled
    const resultOf = (name: string) => result(statements.get(name) ?? "", session)
    const described = (name: string): BackendMessage => ({
      _tag: "RowDescription",
      columns: resultOf(name).columns.map((each, at) => ({
        ...each,
        format: (pooled.formats.length === 1 ? pooled.formats[0] : pooled.formats[at]) ?? 0
      }))
    })
    if (message._tag === "Terminate") return [expectEnd]
    if (message._tag === "Flush") return [send(...pooled.answers), then({ answers: [] })]
    if (message._tag === "Sync")
      return [
        send(...pooled.answers, ScriptedServer.readyForQuery()),
        then({ answers: [], session: 1 - session, isFailed: false })
      ]
    if (pooled.isFailed) return then({})
    switch (message._tag) {
      case "Parse":
        if (message.statement !== "" && statements.has(message.statement)) return fail("42P05")
        return then({
          statements: new Map([...statements, [message.statement, message.sql]]),
          answers: [...pooled.answers, { _tag: "ParseComplete" }]
        })
      case "Describe":
        return message.target === "S"
          ? answer({ _tag: "ParameterDescription", parameterTypes: [] }, described(message.name))
          : answer(described(bound(pooled)))
      case "Bind":
        if (!statements.has(message.statement)) return fail("26000")
        return then({
          statements: new Map([...statements, [portal, message.statement]]),
          formats: message.resultFormats,
          answers: [...pooled.answers, { _tag: "BindComplete" }]
        })
      case "Execute":
        return answer(ScriptedServer.dataRow(resultOf(bound(pooled)).row), {
          _tag: "CommandComplete",
          commandTag: "SELECT 1"
        })
      case "Close":
        return answer({ _tag: "CloseComplete" })
      default:
        return `${message._tag} is not a message of the extended protocol`
    }
  })
]

/** The key under which the name of the bound statement is kept. */
const portal = "\0portal"
const bound = ({ statements }: Pooled): string => statements.get(portal) ?? ""

const nothing: Pooled = { statements: new Map(), session: 0, answers: [], formats: [], isFailed: false }

/** A client of one connection behind the pooler, and what the pooler has received since it was last asked. */
const behind = (result: Result, options: PgConnector.ConnectorOptions = {}) =>
  Effect.gen(function* () {
    const server = yield* ScriptedServer.make([[ScriptedServer.startup(), pooler(result, nothing)]])
    const config = Either.getOrThrow(
      PgConfig.make({ host: "db", user: "app", sslMode: "disable", maxConnections: 1 })
    )
    const context = yield* PgClient.layerFromConnector().pipe(
      Layer.provide(PgConnector.layerWith(config, options)),
      Layer.provide(Layer.merge(Host.layerTest(), Layer.succeed(Transport, server.transport))),
      Layer.build
    )
    let seen = 1
    const received = () => {
      const all = server.connections()[0]!.received.map(({ _tag }) => _tag)
      const since = all.slice(seen).join(" ")
      seen = all.length
      return since
    }
    return { pg: Context.get(context, PgClient.PgClient), received }
  })

const name = column("name")
const shown: Result = (sql, session) => ({ columns: [name], row: [`${sql} in session ${session}`] })

describe("behind a pooler that keeps prepared statements in transaction mode", () => {
  it.scoped("each text is parsed once and runs in either server session, with the default cache", () =>
    Effect.gen(function* () {
      const { pg, received } = yield* behind(shown)
      const texts = ["a", "b"].map((sql) => Statement.make(sql))
      for (const statement of texts) yield* pg.query(statement)
      received()
      const sessions = new Set<unknown>()
      for (let round = 0; round < 6; round++) {
        const statement = texts[round % 3 === 0 ? 0 : 1]!
        const [row] = yield* pg.query(statement)
        assert.match(String(row?.["name"]), new RegExp(`^${statement.sql} in session`))
        sessions.add(String(row?.["name"]).at(-1))
        assert.strictEqual(received(), "Bind Execute Sync")
      }
      assert.strictEqual(sessions.size, 2)
    })
  )

  it.scoped("describeResults reads each row by the columns of the session that it comes from", () =>
    Effect.gen(function* () {
      const altered: Result = (_sql, session) => ({
        columns: session === 0 ? [name] : [column("renamed"), name],
        row: session === 0 ? ["Ada"] : ["Grace", "Ada"]
      })
      const { pg, received } = yield* behind(altered, { describeResults: true })
      const statement = Statement.make("select * from people")
      const rows = []
      for (let round = 0; round < 4; round++) rows.push(...(yield* pg.query(statement)))
      assert.deepStrictEqual(rows, [
        { name: "Ada" },
        { renamed: "Grace", name: "Ada" },
        { name: "Ada" },
        { renamed: "Grace", name: "Ada" }
      ])
      assert.match(received(), /^Parse Describe Flush Bind .*Bind Describe Execute Sync$/)
    })
  )

  it.scoped("a name that is taken there is refused with a hint that names the pooler and the setting", () =>
    Effect.gen(function* () {
      const taken = new Map([["mine", "another program's"]])
      const server = yield* ScriptedServer.make([
        [ScriptedServer.startup(), pooler(shown, { ...nothing, statements: taken })]
      ])
      const config = Either.getOrThrow(PgConfig.make({ host: "db", user: "app", sslMode: "disable" }))
      const connector = yield* PgConnector.make(config).pipe(
        Effect.provideService(Transport, server.transport),
        Effect.provideService(Host.Host, Host.make({}))
      )
      const connection = yield* connector.open()
      const named = Statement.named(Statement.make("select 1"), "mine")
      const error = yield* Effect.flip(connection.query(named))
      assert.deepInclude(error, { _tag: "PgServerError", code: "42P05" })
      assert.include(error.message, "PgBouncer")
      assert.include(error.message, "statementCacheSize")
    })
  )
})
