/**
 * One open session. Safe to call from many fibers: their statements are pipelined, each with its own Sync, and answers
 * go to the caller that asked.
 *
 * Interruption, on every operation: a statement that was not yet written is withdrawn. When every statement on the wire is
 * unwanted, all of them are cancelled on the server, one after another, and the fiber goes on when the connection is clean
 * again. While statements that other fibers want are on the wire, the fiber is released at once, its rows are discarded as
 * they come, and the server is sent a cancel when only unwanted statements are left.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Notice } from "../model/Notice.js"
import type { Notification } from "../model/Notification.js"
import type { PgCommitUnknownError, PgSessionError } from "../model/PgError.js"
import * as ServerVersion from "../model/ServerVersion.js"
import type { Statement } from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import * as Catalog from "./session/Catalog.js"
import * as Exchanges from "./Exchanges.js"
import type { ConnectFacts } from "./session/ConnectFacts.js"
import type { ConnectionStatus } from "./session/ConnectionStatus.js"
import { statusOf } from "./session/ConnectionStatus.js"
import * as CopyBoth from "./copy/CopyBoth.js"
import * as CopyIn from "./copy/CopyIn.js"
import * as CopyOut from "./copy/CopyOut.js"
import type { CopyFormats } from "../wire/messages/Copy.js"
import type { ConnectionState } from "./session/ConnectionState.js"
import * as CopyOutParts from "./copy/CopyOutParts.js"
import type { Description } from "./statement/Describe.js"
import type { PreparedStatement } from "./statement/PreparedStatement.js"
import type {
  PipelineItem,
  PipelineOptions,
  PipelineResult,
  StepOutcomes,
  StepsContext
} from "./statement/PipelineSteps.js"
import type { Call } from "./statement/FunctionCall.js"
import * as ConnectionTypes from "./ConnectionTypes.js"
import * as Portal from "./statement/Portal.js"
import type { QueryResult } from "./statement/Query.js"
import * as RowOperations from "./statement/RowOperations.js"
import type { QueryOptions, SimpleOptions, StreamOptions } from "./statement/QueryOptions.js"
import { modeOf, refusedMode } from "./statement/RowsAs.js"
import * as SchemaRows from "./statement/SchemaRows.js"
import type { SharedOperations } from "./SharedOperations.js"
import * as SharedSession from "./SharedSession.js"
import type { SessionReset } from "./session/SessionChanges.js"
import { resetText } from "./session/SessionChanges.js"
import type { Losses, ParameterChange } from "./session/SideChannels.js"
import type { Inspector } from "./statement/Preparation.js"
import { inspectorOf } from "./statement/ValueReading.js"
import * as Transaction from "./Transaction.js"
import type { TransactionMode } from "./TransactionMode.js"

export type { SessionReset } from "./session/SessionChanges.js"
export type { ConnectionStatus } from "./session/ConnectionStatus.js"
export type { QueryOptions, SimpleOptions, StreamOptions, ValueOptions } from "./statement/QueryOptions.js"

/** Options of a copy. */
export interface CopyOptions {
  /** Called when the server has accepted the copy, with the formats of the copy. It runs in the socket's callback. */
  readonly onFormats?: (formats: CopyFormats) => void
  /**
   * Longest wait for the server: for its acceptance, for the next piece of data out or room for more data in, for the
   * result. The time begins anew with each. The time that the source or the consumer takes does not count. Unless given,
   * the configuration's `statementTimeout`.
   */
  readonly timeout?: Duration.DurationInput
}

export interface PgConnection extends SharedOperations<PgSessionError> {
  readonly facts: ConnectFacts
  /** Whether errors print values of rows, by the connector's option `showValues`. */
  readonly showsValues: boolean
  readonly status: Effect.Effect<ConnectionStatus>
  /** Succeeds with the reason when the connection has ended, for whatever reason. */
  readonly ended: Effect.Effect<PgSessionError>

  /** Runs a text of any number of statements, without parameters, by the simple protocol, and returns every result in order. They are one implicit transaction. */
  readonly simple: (
    sql: string,
    options?: SimpleOptions
  ) => Effect.Effect<ReadonlyArray<QueryResult<Row.ObjectRow>>, PgSessionError>
  /** The types of the parameters and the columns of a statement, which is not run. */
  readonly describe: (
    statement: Statement,
    options?: QueryOptions
  ) => Effect.Effect<Description, PgSessionError>
  /**
   * Prepares a statement for the scope, under a name of its own or that of `Statement.named`, and returns it described. `bind` gives it values,
   * for every operation of this connection. The values of `statement` do not count. Nothing replaces it unnoticed: when its
   * result has changed since, or the server has forgotten it, the execution fails with `PgServerError` (`0A000`, `26000`), and behind
   * DISCARD ALL or the end of the scope with `PgUsageError`. A rollback does not remove it.
   */
  readonly prepare: (
    statement: Statement,
    options?: QueryOptions
  ) => Effect.Effect<PreparedStatement, PgSessionError, Scope.Scope>
  /**
   * Sends several statements in one burst, and returns an outcome for each. Outside a transaction they are one implicit transaction; `PgConnection.sync` between two of them ends one and begins
   * the next. `PgConnection.step` gives a statement a Schema, which every row has to fit, else the pipeline fails with `PgCodecError`. Interruption cancels the
   * statement that runs; those behind the next Sync are cancelled in their turn, and may have run.
   */
  readonly pipeline: <const Items extends ReadonlyArray<PipelineItem>>(
    items: Items,
    options?: PipelineOptions
  ) => Effect.Effect<PipelineResult<StepOutcomes<Items>>, PgSessionError, StepsContext<Items>>
  /** Sends a stream of bytes to a COPY … FROM STDIN. Fails at once when the server refuses the data. */
  readonly copyFrom: <E, R>(
    sql: string,
    source: Stream.Stream<Uint8Array, E, R>,
    options?: CopyOptions
  ) => Effect.Effect<CopyIn.CopyResult, PgSessionError | E, R>
  /** Like `copyFrom`, as a sink. */
  readonly copySink: (
    sql: string,
    options?: CopyOptions
  ) => Sink.Sink<CopyIn.CopyResult, Uint8Array, never, PgSessionError>
  /** A stream of the bytes of a COPY … TO STDOUT. Chunks do not end at rows. */
  readonly copyTo: (sql: string, options?: CopyOptions) => Stream.Stream<Uint8Array, PgSessionError>
  /**
   * A command that sends copies among results, such as BASE_BACKUP on a session opened with `replication`: the parts of its
   * answer in order, with the boundaries of its messages. Closing the stream early cancels the command on the server.
   */
  readonly copyParts: (
    command: string,
    options?: CopyOutParts.CopyPartsOptions
  ) => Stream.Stream<CopyOutParts.CopyPart, PgSessionError>
  /**
   * The same, given to `take` inside the socket's callback: for a consumer that copies the data to its destination itself,
   * which costs a third of the stream. The data of a part is good until `take` returns. When `take` gives an effect, the
   * socket is stopped until that has succeeded. Interrupting it, or a failure of such an effect, cancels the command on the
   * server. `timeout` is as in `copyParts`.
   */
  readonly copyPartsInto: <E = never>(
    command: string,
    take: CopyOutParts.TakePart<E>,
    options?: Pick<CopyOutParts.CopyPartsOptions, "timeout">
  ) => Effect.Effect<void, PgSessionError | E>
  /**
   * A command that opens a copy in both directions, such as START_REPLICATION on a session opened with `replication`. Until
   * the copy has ended, the session does nothing else. Closing the scope ends the copy in order, within `cancelDeadline`.
   */
  readonly copyBoth: (
    command: string,
    options?: CopyBoth.CopyBothOptions
  ) => Effect.Effect<CopyBoth.CopyBoth, PgSessionError, Scope.Scope>
  /** A function by OID, arguments and result as bytes. */
  readonly callFunction: (
    call: Call,
    options?: QueryOptions
  ) => Effect.Effect<Uint8Array | null, PgSessionError>
  /**
   * Undoes what statements have taken or changed in the session: role, settings, LISTEN, temporary tables, session advisory locks, open cursors and the values of `currval`. Prepared statements stay, unless `what` is `all`, which is DISCARD ALL. Fails with `PgServerError`
   * (`25001`) inside a transaction when `what` is `all`. Default `settings`.
   */
  readonly reset: (what?: SessionReset) => Effect.Effect<void, PgSessionError>
  /**
   * Runs the body in a transaction: BEGIN, the body, COMMIT, or ROLLBACK when the body fails or is interrupted. A second one at the same time is refused with `PgUsageError`. `PgClient.withTransaction`
   * can be nested.
   */
  readonly withTransaction: <A, E, R>(
    body: Effect.Effect<A, E, R>,
    options?: TransactionMode
  ) => Effect.Effect<A, E | PgSessionError | PgCommitUnknownError, R>

  /**
   * Subscribe with the scope; a subscriber may fall `SideChannels.subscriberCapacity` elements behind, then it loses the
   * oldest, and `losses` counts them.
   */
  readonly notices: Effect.Effect<Stream.Stream<Notice, PgSessionError>, never, Scope.Scope>
  readonly notifications: Effect.Effect<Stream.Stream<Notification, PgSessionError>, never, Scope.Scope>
  readonly parameterChanges: Effect.Effect<Stream.Stream<ParameterChange, PgSessionError>, never, Scope.Scope>
  readonly losses: Effect.Effect<Losses>
  /** Settings as the server last reported them; names in any letter case. */
  readonly parameter: (name: string) => Effect.Effect<string | undefined>
  readonly parameters: Effect.Effect<ReadonlyMap<string, string>>
  /** The server's version as a number, such as 180004 for 18.4; `undefined` when it reports none. */
  readonly serverVersion: Effect.Effect<number | undefined>
  /** The current codecs: those of the registry, and those of types that connections of this connector have found. */
  readonly types: Registry
  /**
   * The codecs of these types, after the catalogue was queried for the unknown ones, as a statement does: for values that
   * are sent or received in other ways. It does not fail. A type that is not found is text.
   */
  readonly findTypes: (types: ReadonlyArray<number>) => Effect.Effect<Registry>
}

const noStream = (): Stream.Stream<never> => Stream.empty

/** The connection over its state. */
export const fromState = (core: ConnectionState): PgConnection => {
  const { statementTimeout } = core
  const single = Exchanges.make(core)
  const open = <M extends Row.ResultMode>(
    statement: Statement,
    options: StreamOptions = {},
    mode: M,
    inspector?: Inspector
  ) => Portal.rows(core, statement, options, mode, options.timeout ?? statementTimeout, inspector)
  const plain: RowOperations.PlainOperations<PgSessionError> = {
    query: single.query,
    execute: single.execute,
    stream: (statement, options) => {
      const refused = refusedMode("stream", statement, options)
      return refused === undefined
        ? open(statement, options, modeOf(options), options && inspectorOf(options))
        : Stream.fromEffect(refused)
    }
  }
  const through = SchemaRows.operations(core, (statement, options, inspector) =>
    open(statement, options, "object", inspector)
  )
  const rows = RowOperations.make(plain, through)
  // Written out: an object that is put together of others becomes a dictionary, several kilobytes for each session.
  const members: Omit<PgConnection, "types"> = {
    query: rows.query,
    execute: rows.execute,
    stream: rows.stream,
    streamResult: rows.streamResult,
    one: rows.one,
    option: rows.option,
    many: rows.many,
    scalar: rows.scalar,
    batch: single.batch,
    values: single.values,
    simple: single.simple,
    describe: single.describe,
    prepare: single.prepare,
    pipeline: single.pipeline,
    callFunction: single.callFunction,
    learnTypes: single.learnTypes,
    facts: core.facts,
    showsValues: core.showsValues,
    status: Effect.sync(() => statusOf(core)),
    ended: Effect.async<PgSessionError>((resume) => {
      const ended = core.ended
      if (ended !== undefined) return resume(Effect.succeed(ended))
      const notify = (): void => resume(Effect.succeed(core.ended!))
      core.onEnded.push(notify)
      return Effect.sync(() => void core.onEnded.splice(core.onEnded.indexOf(notify), 1))
    }),
    compare: (statement, schema, options) =>
      SchemaRows.compare(core, statement, schema, options?.timeout ?? statementTimeout),
    copyFrom: (sql, source, options) =>
      CopyIn.from(core, sql, source, options?.timeout ?? statementTimeout, options?.onFormats),
    copySink: (sql, options) =>
      CopyIn.sink(core, sql, options?.timeout ?? statementTimeout, options?.onFormats),
    copyTo: (sql, options) =>
      CopyOut.bytes(core, sql, options?.timeout ?? statementTimeout, options?.onFormats),
    copyParts: (command, options) =>
      CopyOutParts.parts(
        core,
        command,
        statementTimeout === undefined ? (options ?? {}) : { timeout: statementTimeout, ...options }
      ),
    copyPartsInto: (command, take, options) =>
      CopyOutParts.into(core, command, take, options?.timeout ?? statementTimeout),
    copyBoth: (command, options) =>
      CopyBoth.open(
        core,
        command,
        statementTimeout === undefined ? options : { timeout: statementTimeout, ...options }
      ),
    reset: (what = "settings") =>
      Effect.map(single.simple(resetText(what)), () => {
        if (core.session.status === "I") core.changes.isChanged = false
      }),
    withTransaction: (body, options = {}) => Transaction.run(core, body, options, statementTimeout),
    notices: core.side.notices.subscribe,
    notifications: core.side.notifications.subscribe,
    parameterChanges: core.side.changes.subscribe,
    losses: Effect.sync(() => core.side.losses),
    parameter: (name) => Effect.sync(() => core.side.find(name)),
    parameters: Effect.sync(() => new Map(core.side.parameters)),
    serverVersion: Effect.sync(() => ServerVersion.parse(core.side.find("server_version") ?? "")),
    findTypes: (types) =>
      Effect.suspend(() => {
        core.types.doubt(types)
        const unknown = Catalog.missing(core, types)
        return unknown.length === 0
          ? Effect.succeed(core.registry)
          : Effect.map(single.askTypes(unknown), () => core.registry)
      }),
    refreshTypes: Effect.sync(() => core.types.forget())
  }
  const connection = ConnectionTypes.over(() => core.registry, members)
  const statements = { query: single.query, execute: single.execute, values: single.values, through }
  return SharedSession.register(
    connection,
    SharedSession.fromState(core, statements, (admission) => ({
      ...Exchanges.make(core, admission),
      through: SchemaRows.operations(core, noStream, admission)
    }))
  )
}
