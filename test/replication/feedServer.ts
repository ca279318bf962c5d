/** A server made up by a script, with a slot that streams what a test gives it, and what the client answers. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as PgConnector from "../../src/connection/PgConnector.js"
import * as Host from "../../src/host/Host.js"
import type { Lsn } from "../../src/model/Lsn.js"
import * as Oid from "../../src/model/Oid.js"
import { Transport } from "../../src/net/Transport.js"
import type { FeedError } from "../../src/replication/feed/FeedLink.js"
import type { LogicalFeed, LogicalOptions } from "../../src/replication/feed/LogicalFeed.js"
import { logical } from "../../src/replication/feed/LogicalFeed.js"
import * as MissingPublication from "../../src/replication/slots/MissingPublication.js"
import * as CatalogSession from "../../src/replication/feed/CatalogSession.js"
import * as PartitionQuery from "../../src/replication/feed/PartitionQuery.js"
import * as SlotState from "../../src/replication/slots/SlotState.js"
import type { ServerEnd } from "../../src/testing/MemoryTransport.js"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import type { BackendMessage } from "../../src/wire/BackendMessage.js"
import * as Backend from "../../src/wire/BackendMessage.js"
import type { FrontendMessage } from "../../src/wire/FrontendMessage.js"
import type { PgOutputMessage } from "../../src/wire/replication/PgOutput.js"
import type { StandbyStatus } from "../../src/wire/replication/WalMessage.js"
import * as WalMessage from "../../src/wire/replication/WalMessage.js"
import { payload, time } from "./payloads.js"

const { column, expectAny, readyForQuery, repeat, run, send, simpleQuery, startup } = ScriptedServer

const answer = (names: ReadonlyArray<string>, values: ReadonlyArray<string>): ScriptedServer.Result => ({
  columns: names.map((name) => column(name)),
  rows: [values]
})

/** The server names its cluster. */
export const identified: ScriptedServer.Script = simpleQuery("IDENTIFY_SYSTEM", [
  answer(["systemid", "timeline", "xlogpos", "dbname"], ["7000000000000000000", "1", "0/2000", "db"])
])

export interface FeedServerOptions {
  /** As the server shows it. */
  readonly walSenderTimeout?: string
  /** Changes to the slot's row in the catalog. */
  readonly slot?: object
  /** What comes in one segment with the beginning of the copy. */
  readonly atOnce?: ReadonlyArray<BackendMessage>
  /** What further sessions for replication do once they are accepted. */
  readonly again?: ScriptedServer.Script
  /** What further connections meet; unless given, each is accepted. */
  readonly others?: ReadonlyArray<ScriptedServer.Script | ScriptedServer.RefusedConnection>
}

/** What a test holds of the server. */
export interface FeedServer {
  /** The feed, in a scope of the caller's. */
  readonly open: (options?: Partial<LogicalOptions>) => Effect.Effect<LogicalFeed, FeedError, Scope.Scope>
  /** Messages outside the data, in one segment. */
  readonly say: (...messages: ReadonlyArray<BackendMessage>) => void
  /** Messages of `pgoutput`, each with its position, in one segment. */
  readonly stream: (...messages: ReadonlyArray<readonly [PgOutputMessage, Lsn]>) => void
  readonly keepalive: (end: Lsn, replyRequested: boolean) => void
  /** How many connections have been opened, or tried and not refused. */
  readonly connections: () => number
  readonly end: () => ServerEnd
  /** The names of what has come since the copy began: `StandbyStatus`, or a message outside the data. */
  readonly heard: () => ReadonlyArray<string>
  readonly statuses: () => ReadonlyArray<StandbyStatus>
}

const encode = (messages: ReadonlyArray<BackendMessage>): Uint8Array => {
  const writer = new ByteWriter()
  for (const message of messages) Backend.encode(writer, message)
  return writer.detach()
}

/** The position of the slot. */
export const confirmed = 0x1000n

export const make = (options: FeedServerOptions = {}): Effect.Effect<FeedServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const heard: Array<string> = []
    const statuses: Array<StandbyStatus> = []
    const hear = (message: FrontendMessage): void => {
      if (message._tag !== "CopyData") return void heard.push(message._tag)
      const status = Either.getOrThrow(WalMessage.decodeClient(message.data))
      heard.push(status._tag)
      if (status._tag === "StandbyStatus") statuses.push(status)
    }
    const streaming = yield* Deferred.make<ServerEnd>()
    let end: ServerEnd | undefined
    const row = {
      slot_name: "s",
      plugin: "pgoutput",
      slot_type: "logical",
      restart_lsn: "0/FF0",
      confirmed_flush_lsn: "0/1000",
      wal_status: "reserved",
      ...options.slot
    }
    const script: ScriptedServer.Script = [
      startup(),
      identified,
      simpleQuery(MissingPublication.query, [answer(["name"], ["p"])]),
      simpleQuery(SlotState.query, [answer(["slot", "wal_end"], [JSON.stringify(row), "0/2000"])]),
      simpleQuery(`SHOW "wal_sender_timeout"`, [
        answer(["wal_sender_timeout"], [options.walSenderTimeout ?? "1min"])
      ]),
      ScriptedServer.expect({ _tag: "Query", sql: /^START_REPLICATION SLOT "s" LOGICAL / }),
      send({ _tag: "CopyBothResponse", format: 0, columnFormats: [] }, ...(options.atOnce ?? [])),
      run("the stream begins", (server) => {
        end = server
        return Effect.asVoid(Deferred.succeed(streaming, server))
      }),
      repeat(
        // Asked twice of each message: whether it fits, and what follows.
        expectAny("anything", (message) => [
          run("it is written down", () => Effect.sync(() => hear(message))),
          message._tag === "CopyDone" ? send(...farewell) : []
        ])
      )
    ]
    const accepted = send(
      { _tag: "AuthenticationOk" },
      { _tag: "ParameterStatus", name: "server_version", value: "18.1" },
      { _tag: "ParameterStatus", name: "client_encoding", value: "UTF8" },
      { _tag: "ParameterStatus", name: "in_hot_standby", value: "off" },
      { _tag: "BackendKeyData", ...ScriptedServer.defaultKey },
      ScriptedServer.readyForQuery()
    )
    /** A second connection that asks whether a server lives gets a byte; any other one is a session for the catalogue. */
    const other = ScriptedServer.expectAny("a GSSENCRequest or a StartupMessage", (message) =>
      message._tag === "GSSENCRequest"
        ? [ScriptedServer.sendBytes([0x4e]), ScriptedServer.expectEnd]
        : options.again !== undefined &&
            message._tag === "StartupMessage" &&
            message.parameters.some(([name]) => name === "replication")
          ? [accepted, identified, options.again]
          : catalogue
    )
    /** What the feed asks when it meets a table: those of the tests are in no tree. */
    const catalogue: ScriptedServer.Script = [
      accepted,
      ...ScriptedServer.extendedQuery({
        sql: CatalogSession.systemQuery,
        columns: [column("id")],
        rows: [["7000000000000000000"]]
      }),
      repeat(
        ...ScriptedServer.extendedQuery({
          sql: PartitionQuery.query,
          parameterTypes: [Oid.textArray],
          columns: [column("id"), column("member")],
          rows: Array.from({ length: 20 }, (_, id) => [String(id), null])
        })
      ),
      repeat(expectAny("anything", () => []))
    ]
    // A scope of its own, closed after the client's: the server has to receive its Terminate.
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    // More than enough: some connections only look whether the server can be reached.
    const scripts = [script, ...(options.others ?? []), ...Array.from({ length: 100 }, () => [other])]
    const server = yield* Scope.extend(ScriptedServer.make(scripts), scope)
    const config = Either.getOrThrow(
      PgConfig.make({ host: "db", sslMode: "disable", user: "app", database: "db" })
    )
    const connector = PgConnector.layerWith(config).pipe(
      Layer.provide(
        Layer.merge(Layer.succeed(Transport, server.transport), Layer.succeed(Host.Host, Host.make({})))
      )
    )
    const sendRaw = (bytes: Uint8Array): void => end!.send(bytes)
    return {
      open: (changes = {}) =>
        logical({ slot: "s", publications: ["p"], ...changes }).pipe(
          Effect.provide(connector),
          Effect.zipLeft(Deferred.await(streaming))
        ),
      say: (...messages) => sendRaw(encode(messages)),
      stream: (...messages) =>
        sendRaw(
          encode(messages.map(([message, lsn]) => ({ _tag: "CopyData", data: payload(message, lsn) })))
        ),
      keepalive: (position, replyRequested) => {
        const writer = new ByteWriter()
        WalMessage.encodeServerFrame(writer, {
          _tag: "PrimaryKeepalive",
          end: position,
          time,
          replyRequested
        })
        sendRaw(writer.detach())
      },
      connections: () => server.connections().length,
      end: () => end!,
      heard: () => heard,
      statuses: () => statuses
    }
  })

/** How a walsender ends. */
export const farewell: ReadonlyArray<BackendMessage> = [
  { _tag: "CopyDone" },
  { _tag: "CommandComplete", commandTag: "COPY 0" },
  { _tag: "CommandComplete", commandTag: "START_REPLICATION" },
  readyForQuery()
]
