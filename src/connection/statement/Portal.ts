/**
 * Rows of one statement through a portal, `fetchSize` at a time: the server makes the next rows only when they are
 * asked for.
 *
 * Outside a transaction block the connection is leased: Execute and Flush for each batch, one Sync at the end. Inside
 * one each batch is an exchange of its own, and statements of the same transaction may run in between.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ArrayChunk from "../session/ArrayChunk.js"
import type { PgSessionError } from "../../model/PgError.js"
import { PgUsageError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import type * as Row from "../../types/Row.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import type { StreamBuffer } from "../session/Buffer.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import * as Exchange from "../session/Exchange.js"
import * as Outbound from "../session/Outbound.js"
import type { Batch } from "./PortalRequests.js"
import { ClosePortal, FetchPortal, OpenPortal } from "./PortalRequests.js"
import type { Inspector } from "./Preparation.js"
import { writeExecute } from "./Preparation.js"
import * as PortalReader from "./PortalReader.js"
import type { StreamOptions } from "./QueryOptions.js"
import { observerOf } from "./ResultObserver.js"
import type { ResultObserver } from "./ResultObserver.js"
import * as RowStream from "./RowStream.js"

/** A portal that holds the connection: batches between two Flushes. */
class LeasedPortal<M extends Row.ResultMode> extends RowStream.StreamRequest<M> {
  private suspended = false

  constructor(
    statement: Statement,
    mode: M,
    buffer: StreamBuffer<Row.RowIn<M>>,
    inspector: Inspector | undefined,
    observer: ResultObserver | undefined,
    private readonly fetchSize: number
  ) {
    super(statement, mode, buffer, inspector, observer, {
      script: Pipeline.opened,
      portal: "",
      maxRows: fetchSize,
      end: FixedFrames.flush
    })
  }

  override onSuspended(core: ConnectionState): void {
    if (this.discarding || this.failure !== undefined) Outbound.sync(core, this)
    else {
      this.suspended = true
      const more = (): void => this.more(core)
      this.buffer.onDemand = more
      this.buffer.demandIfWaiting()
    }
  }

  private more(core: ConnectionState): void {
    if (!this.suspended || this.state === "settled") return
    this.suspended = false
    this.buffer.onDemand = undefined
    writeExecute(core, "", this.fetchSize)
    FixedFrames.flush(core.writer)
    Outbound.proceed(core, this, Pipeline.fetch)
  }

  override onComplete(core: ConnectionState, commandTag: string): void {
    super.onComplete(core, commandTag)
    Outbound.sync(core, this)
  }

  override onEmpty(core: ConnectionState): void {
    Outbound.sync(core, this)
  }

  /** Between two batches the server waits for us: Sync closes the portal with its transaction. */
  override stop(core: ConnectionState): boolean {
    if (!this.suspended) return false
    this.suspended = false
    Outbound.sync(core, this)
    return true
  }
}

/** What rows are asked for by, so many at a time. */
interface Asked<M extends Row.ResultMode> extends PortalReader.Asked<M> {
  readonly fetchSize: number
}

const leased = <M extends Row.ResultMode>(
  core: ConnectionState,
  { fetchSize, inspector, mode, observer, statement, timeout }: Asked<M>
): Stream.Stream<Row.RowIn<M>, PgSessionError> =>
  RowStream.fromRequest<Row.RowIn<M>>(
    core,
    (buffer) => new LeasedPortal(statement, mode, buffer, inspector, observer, fetchSize),
    timeout
  )

const inTransaction = <M extends Row.ResultMode>(
  core: ConnectionState,
  { fetchSize, inspector, mode, observer, statement, timeout }: Asked<M>
): Stream.Stream<Row.RowIn<M>, PgSessionError> =>
  Stream.fromPull(
    Effect.gen(function* () {
      const portal = core.statements.uniqueName()
      const block = core.blocksEnded
      let opening: OpenPortal<M> | undefined
      let next: Effect.Effect<Batch<Row.RowIn<M>>, PgSessionError> | undefined = Exchange.run<
        Batch<Row.RowIn<M>>
      >(
        core,
        (outcome) =>
          (opening = new OpenPortal(
            statement,
            portal,
            fetchSize,
            mode,
            outcome,
            undefined,
            inspector,
            observer
          )),
        timeout
      )
      // One that has run to its end is still there, until it is closed or the transaction ends.
      yield* Effect.addFinalizer(() => {
        const isThere =
          opening?.mayBeThere === true &&
          core.ended === undefined &&
          core.session.status === "T" &&
          core.blocksEnded === block
        return Effect.ensuring(
          isThere ? Exchange.finish<void>(core, (outcome) => new ClosePortal(portal, outcome)) : Effect.void,
          Effect.sync(() => core.statements.closed(portal))
        )
      })
      return Effect.suspend(() => {
        if (next === undefined) return Effect.fail(Option.none())
        return Effect.mapBoth(next, {
          onFailure: Option.some,
          onSuccess: ({ decoder, rows, suspended }) => {
            next =
              suspended && decoder !== undefined
                ? Exchange.run<Batch<Row.RowIn<M>>>(
                    core,
                    (outcome) =>
                      new FetchPortal(
                        statement.sql,
                        portal,
                        fetchSize,
                        decoder,
                        outcome,
                        undefined,
                        observer
                      ),
                    timeout
                  )
                : undefined
            return ArrayChunk.make(rows)
          }
        })
      })
    })
  )

/** Zero would ask for all rows at once, and what does not fit 32 bits could not be asked for at all. */
const isCount = (fetchSize: number): boolean =>
  Number.isInteger(fetchSize) && fetchSize >= 1 && fetchSize <= 0x7fffffff

const refused = ({ sql }: Statement, fetchSize: number): PgUsageError =>
  new PgUsageError({
    operation: "stream",
    argument: "fetchSize",
    reason: `must be a whole number from 1 to 2147483647, got ${fetchSize}`,
    sql
  })

const refusal = (statement: Statement, { fetchSize, straight }: StreamOptions): PgUsageError | undefined => {
  if (fetchSize === undefined) return undefined
  if (!isCount(fetchSize)) return refused(statement, fetchSize)
  return straight === true
    ? new PgUsageError({
        operation: "stream",
        argument: "straight",
        reason: "must not be given together with fetchSize, which asks for a portal",
        sql: statement.sql
      })
    : undefined
}

/**
 * Rows by the way that the options and the session's state ask for. Fails with `PgUsageError`, and sends nothing, when the options do
 * not go together. `timeout`: the longest wait for the server, for each batch anew.
 */
export const rows = <M extends Row.ResultMode>(
  core: ConnectionState,
  statement: Statement,
  options: StreamOptions,
  mode: M,
  timeout?: Duration.DurationInput,
  inspector?: Inspector
): Stream.Stream<Row.RowIn<M>, PgSessionError> =>
  Stream.suspend((): Stream.Stream<Row.RowIn<M>, PgSessionError> => {
    const wrong = refusal(statement, options)
    if (wrong !== undefined) return Stream.fail(wrong)
    const { fetchSize, straight } = options
    const observer = observerOf(options)
    const inBlock = core.session.status === "T"
    if (fetchSize !== undefined) {
      const run = inBlock ? inTransaction : leased
      return run(core, { statement, fetchSize, mode, timeout, inspector, observer })
    }
    return inBlock && straight !== true
      ? PortalReader.rows(core, { statement, mode, timeout, inspector, observer })
      : RowStream.rows(core, statement, mode, timeout, inspector, observer)
  })
