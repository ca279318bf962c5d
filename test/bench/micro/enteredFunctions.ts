/**
 * How many functions of `src` a warm statement enters, by the engine's precise coverage: how much there is to read on its way.
 * `tsx test/bench/micro/enteredFunctions.ts`; with `--list` each function, with how often it was entered.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Session } from "node:inspector/promises"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { sql } from "../../../src/client/Sql.js"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Host from "../../../src/host/Host.js"
import { Transport } from "../../../src/net/Transport.js"
import type { Link } from "../../../src/net/Transport.js"
import * as BackendMessage from "../../../src/wire/BackendMessage.js"

const encode = (...messages: ReadonlyArray<BackendMessage.BackendMessage>): Uint8Array => {
  const writer = new ByteWriter()
  for (const message of messages) BackendMessage.encode(writer, message)
  return writer.detach().slice()
}

const ready = { _tag: "ReadyForQuery", status: "I" } as const
const column = {
  name: "x",
  tableOid: 0,
  columnNumber: 0,
  typeOid: 23,
  typeSize: 4,
  typeModifier: -1,
  format: 0
} as const

/** The answers of a server, encoded beforehand: what a server does must not be counted. */
const hello = encode(
  { _tag: "AuthenticationOk" },
  { _tag: "BackendKeyData", processId: 7, secretKey: Uint8Array.of(0, 0, 0, 9) },
  ready
)
const description = encode(
  { _tag: "ParseComplete" },
  { _tag: "ParameterDescription", parameterTypes: [23] },
  { _tag: "RowDescription", columns: [column] }
)
const result = encode(
  { _tag: "BindComplete" },
  { _tag: "DataRow", values: [Uint8Array.of(0, 0, 0, 5)] },
  { _tag: "CommandComplete", commandTag: "SELECT 1" },
  ready
)

/** The last message of a write, which is Flush or Sync: five bytes. */
const flush = 0x48

const link = (): Link => {
  let onData: (chunk: Uint8Array) => void = () => {}
  let isOpen = false
  return {
    address: "memory",
    listen: (handlers) => {
      onData = handlers.onData
    },
    pause: () => {},
    resume: () => {},
    write: (bytes) => {
      const answer = !isOpen ? hello : bytes.at(-5) === flush ? description : result
      isOpen = true
      setImmediate(() => onData(answer.slice()))
      return true
    },
    end: () => {},
    destroy: () => {}
  }
}

/** Uses before the one that is counted. */
const warmUp = 20

/** The functions of `src` that the effect enters. */
const entered = (session: Session, effect: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const take = Effect.promise(() => session.post("Profiler.takePreciseCoverage"))
    yield* take
    yield* effect
    const { result } = yield* take
    return result.flatMap(({ functions, url }) => {
      const file = url.split("/src/")[1]
      if (file === undefined || url.includes("node_modules")) return []
      return functions.flatMap(({ functionName, ranges: [range] }) =>
        range !== undefined && range.count > 0
          ? [`${file} ${functionName === "" ? "(anonymous)" : functionName}: ${range.count}`]
          : []
      )
    })
  })

const program = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  const connection = yield* pg.connection
  const session = new Session()
  session.connect()
  yield* Effect.promise(() => session.post("Profiler.enable"))
  yield* Effect.promise(() =>
    session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false })
  )
  for (const [name, query] of [
    ["pg.query", pg.query(sql`select ${1}::int4 as x`)],
    ["connection.query", connection.query(sql`select ${1}::int4 as x`)]
  ] as const) {
    yield* Effect.repeatN(query, warmUp - 1)
    const functions = yield* entered(session, query)
    yield* Console.log(`${name}: ${functions.length} functions`)
    if (process.argv.includes("--list")) yield* Console.log(functions.join("\n"))
  }
}).pipe(Effect.scoped)

const connector = Effect.map(
  PgConfig.fromConnectionString("host=db sslmode=disable user=app"),
  PgConnector.layerWith
).pipe(
  Layer.unwrapEffect,
  Layer.provide(Layer.succeed(Transport, { open: () => Effect.sync(link) })),
  Layer.provide(Layer.succeed(Host.Host, Host.make({})))
)

await Effect.runPromise(
  program.pipe(Effect.provide(PgClient.layerFromConnector()), Effect.provide(connector), Effect.scoped)
)
