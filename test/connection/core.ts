/** A connection over a link that only records: what it sends is read as messages, and what the server sends is bytes. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { assert } from "@effect/vitest"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as Cancel from "../../src/connection/session/Cancel.js"
import type {
  ConnectionOptions,
  Request,
  SessionSettings
} from "../../src/connection/session/ConnectionState.js"
import { ConnectionState } from "../../src/connection/session/ConnectionState.js"
import { RoleReports } from "../../src/connection/session/ConnectFacts.js"
import * as Inbound from "../../src/connection/session/Inbound.js"
import * as Outbound from "../../src/connection/session/Outbound.js"
import type { QueryResult } from "../../src/connection/statement/Query.js"
import { QueryRequest } from "../../src/connection/statement/Query.js"
import { ShutdownCounts } from "../../src/connection/session/ShutdownLog.js"
import { SideChannels } from "../../src/connection/session/SideChannels.js"
import { StatementCache } from "../../src/connection/session/StatementCache.js"
import { KnownTypes } from "../../src/connection/session/KnownTypes.js"
import type { Column } from "../../src/model/Column.js"
import type { Notice } from "../../src/model/Notice.js"
import type { PgSessionError } from "../../src/model/PgError.js"
import * as ServerFields from "../../src/model/ServerFields.js"
import * as Statement from "../../src/model/Statement.js"
import type { TransactionStatus } from "../../src/model/TransactionStatus.js"
import type { Link } from "../../src/net/Transport.js"
import * as Registry from "../../src/types/Registry.js"
import * as BackendMessage from "../../src/wire/BackendMessage.js"
import type { BackendMessage as Message } from "../../src/wire/BackendMessage.js"
import * as FrameLimits from "../../src/wire/FrameLimits.js"
import { Framer } from "../../src/wire/Framer.js"
import { bodyEnd } from "../../src/wire/FrameRun.js"
import * as FrontendMessage from "../../src/wire/FrontendMessage.js"

/** Writes down what is done with it. */
export class FakeLink implements Link {
  readonly address = "fake"
  readonly writes: Array<Uint8Array> = []
  /** What `write` answers: false puts the brake on. */
  takes = true
  paused = false
  destroyed = 0
  ended = 0
  listen(): void {}
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
  write(bytes: Uint8Array): boolean {
    this.writes.push(bytes.slice())
    return this.takes
  }
  end(): void {
    this.ended++
  }
  destroy(): void {
    this.destroyed++
  }
}

/** The messages of one write. Fails when they are cut or not what a server takes. */
export const read = (bytes: Uint8Array): ReadonlyArray<FrontendMessage.FrontendMessage> => {
  const framer = new Framer(FrameLimits.frontend)
  const messages: Array<FrontendMessage.FrontendMessage> = []
  framer.push(bytes.slice())
  for (;;) {
    const run = framer.next()
    if (run === null) break
    if ("least" in run) throw new Error(run.message)
    for (let index = 0; index < run.count; index++) {
      const message = FrontendMessage.decode(run.tag, run.bytes, run.starts[index]!, bodyEnd(run, index))
      messages.push(Either.getOrThrowWith(message, (failure) => new Error(failure.message)))
    }
  }
  assert.strictEqual(framer.missing(), 0)
  return messages
}

/** The bytes of the server's messages. */
export const encode = (...messages: ReadonlyArray<Message>): Uint8Array => {
  const writer = new ByteWriter()
  for (const message of messages) {
    if (!BackendMessage.encode(writer, message)) throw new Error(writer.failure ?? "refused")
  }
  return writer.detach().slice()
}

/** What the sessions of a connector have in common, unless its options change it. */
export const sessionSettings = (registry = Registry.lossless): SessionSettings => ({
  types: new KnownTypes(registry),
  findsTypes: false,
  describesPortals: false,
  showsValues: false,
  cancelDeadline: Cancel.cancelDeadline,
  shutdowns: new ShutdownCounts(),
  roleReports: new RoleReports()
})

/** How a request ended, and how often that was reported to it. */
export interface Told<A> {
  readonly request: Request
  failure: PgSessionError | undefined
  value: A | undefined
  count: number
}

export interface Harness {
  readonly core: ConnectionState
  readonly link: FakeLink
  /** Bytes from the server, in one chunk. */
  readonly say: (...messages: ReadonlyArray<Message>) => void
  /** Each write as the names of its messages; read writes are not shown again. */
  readonly sent: () => Promise<ReadonlyArray<string>>
  /** The messages of all writes not yet read. */
  readonly messages: () => Promise<ReadonlyArray<FrontendMessage.FrontendMessage>>
  readonly submit: <A>(
    make: (outcome: (failure: PgSessionError | undefined, value: A) => void) => Request
  ) => Told<A>
  readonly query: (
    sql: string,
    parameters?: ReadonlyArray<unknown>,
    types?: ReadonlyArray<number>
  ) => Told<QueryResult>
  /** A statement known to the cache: a query for it is Bind, Execute, Sync. */
  readonly know: (
    sql: string,
    types?: ReadonlyArray<number>,
    columns?: ReadonlyArray<Column>
  ) => Promise<void>
  /** Notices without a subscriber, which were to be logged. */
  readonly logged: () => ReadonlyArray<Notice>
}

/** The end of the tick in which writes leave. */
export const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const harness = (
  options: Partial<
    Pick<
      ConnectionOptions,
      | "pipelineDepth"
      | "streamBufferBytes"
      | "sendCancel"
      | "clock"
      | "describesPortals"
      | "fitsRole"
      | "roleQuestion"
      | "statementTimeout"
    >
  > & {
    readonly statements?: number
    readonly registry?: Registry.Registry
    readonly cancelKey?: Uint8Array
  } = {}
): Harness => {
  const { cancelKey, registry, statements, ...given } = options
  const link = new FakeLink()
  const unclaimed: Array<Notice> = []
  const facts = {
    host: "fake",
    address: { _tag: "Tcp", host: "fake", port: 5432 },
    encryption: { _tag: "None" },
    channelBound: false,
    processId: 7,
    cancelKey: cancelKey === undefined ? undefined : Redacted.make(cancelKey),
    protocolVersion: "3.0",
    user: "ann",
    authentication: "trust"
  } as const
  const core = new ConnectionState({
    ...sessionSettings(registry),
    link,
    framer: new Framer(FrameLimits.defaults.session),
    writer: new ByteWriter(1 << 14),
    facts,
    statements: new StatementCache(statements ?? 100, "ep_"),
    side: new SideChannels({ offer: (notice) => void unclaimed.push(notice), lost: 0 }),
    pipelineDepth: 100,
    streamBufferBytes: 1 << 20,
    sendCancel: () => Effect.void,
    fork: Effect.runFork,
    ...given
  })
  let shown = 0
  const fresh = async (): Promise<ReadonlyArray<ReadonlyArray<FrontendMessage.FrontendMessage>>> => {
    await tick()
    const writes = link.writes.slice(shown)
    shown = link.writes.length
    return writes.map(read)
  }
  const self: Harness = {
    core,
    link,
    say: (...messages) => Inbound.receive(core, encode(...messages)),
    sent: async () => (await fresh()).map((write) => write.map(({ _tag }) => _tag).join(" ")),
    messages: async () => (await fresh()).flat(),
    submit: <A>(make: (outcome: (failure: PgSessionError | undefined, value: A) => void) => Request) => {
      const told: Omit<Told<A>, "request"> = { failure: undefined, value: undefined, count: 0 }
      const request = make((failure, value) => {
        told.failure = failure
        told.value = value
        told.count++
      })
      Outbound.submit(core, request)
      return Object.assign(told, { request })
    },
    query: (sql, parameters, types) =>
      self.submit<QueryResult>(
        (outcome) => new QueryRequest(Statement.make(sql, parameters, types), "object", outcome)
      ),
    know: async (sql, types = [], columns = [int4("x")]) => {
      const told = self.query(
        sql,
        types.map(() => null)
      )
      self.say(...described(types, columns), bound, complete("SELECT 0"), ready())
      assert.isUndefined(told.failure)
      await fresh()
    },
    logged: () => unclaimed.splice(0)
  }
  return self
}

// Messages of a server

export const parsed: Message = { _tag: "ParseComplete" }
export const bound: Message = { _tag: "BindComplete" }
export const closed: Message = { _tag: "CloseComplete" }
export const noData: Message = { _tag: "NoData" }
export const emptyQuery: Message = { _tag: "EmptyQueryResponse" }
export const suspended: Message = { _tag: "PortalSuspended" }
export const copyDone: Message = { _tag: "CopyDone" }
export const copyIn: Message = { _tag: "CopyInResponse", format: 0, columnFormats: [0] }
export const copyOut: Message = { _tag: "CopyOutResponse", format: 0, columnFormats: [0] }
export const copyData = (text: string): Message => ({
  _tag: "CopyData",
  data: new TextEncoder().encode(text)
})
export const parameters = (...types: ReadonlyArray<number>): Message => ({
  _tag: "ParameterDescription",
  parameterTypes: types
})
export const columns = (...columns: ReadonlyArray<Column>): Message => ({ _tag: "RowDescription", columns })
export const complete = (commandTag: string): Message => ({ _tag: "CommandComplete", commandTag })
export const ready = (status: TransactionStatus = "I"): Message => ({ _tag: "ReadyForQuery", status })

export const column = (name: string, typeOid: number, format: 0 | 1 = 0): Column => ({
  name,
  tableOid: 0,
  columnNumber: 0,
  typeOid,
  typeSize: -1,
  typeModifier: -1,
  format
})
/** OID 23: binary, once it can be asked for. */
export const int4 = (name: string): Column => column(name, 23)
export const text = (name: string): Column => column(name, 25)

/** A row of `int4` in binary, text and NULL. */
export const row = (...values: ReadonlyArray<number | string | null>): Message => ({
  _tag: "DataRow",
  values: values.map((value) => {
    if (value === null) return null
    if (typeof value === "string") return new TextEncoder().encode(value)
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setInt32(0, value)
    return bytes
  })
})

/** The answer to the first use of a statement. */
export const described = (
  types: ReadonlyArray<number>,
  list: ReadonlyArray<Column> = [int4("x")]
): ReadonlyArray<Message> => [parsed, parameters(...types), list.length === 0 ? noData : columns(...list)]

/** The answer to a use of a known statement that returns one `int4` called `x` per row. */
export const answered = (...values: ReadonlyArray<number>): ReadonlyArray<Message> => [
  bound,
  ...values.map((value) => row(value)),
  complete(`SELECT ${values.length}`),
  ready()
]

export const fields = (
  code: string,
  changes: Partial<ServerFields.ServerFields> = {}
): ServerFields.ServerFields =>
  ServerFields.make({ severity: "ERROR", code, text: `text of ${code}`, ...changes })
export const error = (code: string, changes?: Partial<ServerFields.ServerFields>): Message => ({
  _tag: "ErrorResponse",
  fields: fields(code, changes)
})
export const fatal = (code: string): Message => error(code, { severity: "FATAL" })
export const notice = (code: string, changes?: Partial<ServerFields.ServerFields>): Message => ({
  _tag: "NoticeResponse",
  fields: fields(code, { severity: "NOTICE", ...changes })
})
export const parameter = (name: string, value: string): Message => ({ _tag: "ParameterStatus", name, value })
export const notification = (channel: string, payload = ""): Message => ({
  _tag: "NotificationResponse",
  processId: 9,
  channel,
  payload
})
