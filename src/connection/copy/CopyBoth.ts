/**
 * A command that opens a copy in both directions, such as START_REPLICATION: data comes and goes at the same time, on a
 * session that does nothing else meanwhile.
 *
 * Data comes as runs of frames, because what one message holds matters here; each is handed on as it lay in the chunk.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Notice } from "../../model/Notice.js"
import { PgClosedError } from "../../model/PgError.js"
import type { PgProtocolError, PgSessionError, PgTimeoutError } from "../../model/PgError.js"
import type { ObjectRow } from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { keptRun, runBytes } from "../../wire/FrameRun.js"
import * as Copy from "../../wire/messages/Copy.js"
import type { Pull } from "../session/Buffer.js"
import { StreamBuffer } from "../session/Buffer.js"
import { notBytes } from "../session/Bytes.js"
import * as Cancel from "../session/Cancel.js"
import { breakOff } from "../session/ConnectionEnd.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import * as Deadline from "../session/Deadline.js"
import * as Outbound from "../session/Outbound.js"
import { Watchers } from "../session/Watchers.js"
import * as Liveness from "../statement/Liveness.js"
import type { QueryResult } from "../statement/Query.js"
import { SimpleRequest } from "../statement/Query.js"

/** How a command that copies in both directions is read. */
export interface CopyBothOptions {
  /** Longest wait for the server's consent. Unless given, the configuration's `statementTimeout`. */
  readonly timeout?: Duration.DurationInput
  /**
   * Bytes of data, not taken yet, at which reading from the socket stops. Default: the configuration's
   * `streamBufferBytes`.
   */
  readonly bufferBytes?: number
  /**
   * Sees each run, and the bytes it weighs, as it comes off the socket, before those that wait for a consumer. It must not throw,
   * wait, or keep the run.
   */
  readonly onData?: (run: FrameRun, bytes: number) => void
  /**
   * Sees each notice as it comes off the socket. When it returns true, the data ends here: `pull` gives what came before the
   * notice, then ends as if the server had closed its side, and what still comes is thrown away. It must not throw or wait.
   */
  readonly onNotice?: (notice: Notice) => boolean
  /** Watches over a silent server while the copy is open. Unless given, only bytes sent that may not have arrived are looked after. */
  readonly silence?: SilenceOptions
}

/** What a silent server means in an open copy. */
export interface SilenceOptions {
  /** Asks the server for a word: after half of the shorter time, and halfway to every further second connection. */
  readonly ask: Effect.Effect<void, unknown>
  /** How long the server may be silent, though asked, before the connection ends. Default: no limit. */
  readonly limit?: Duration.DurationInput | undefined
  /** Silence after which a second connection is tried. Default: what the connection was opened with. */
  readonly probeAfter?: Duration.DurationInput | undefined
}

/** An open copy in both directions. */
export interface CopyBoth {
  /**
   * False when the command ended without a copy, as START_REPLICATION does at the end of an old timeline: then `results`
   * has all there is.
   */
  readonly isOpen: boolean
  /**
   * The next data: the runs of all that has come. Their bytes are the consumer's and stay as they are. As a failure, none when the
   * server has closed its side, else what ended the copy. Interrupting it loses nothing.
   */
  readonly pull: Pull<FrameRun>
  /** Whether everything that has come has been taken, so that `pull` would wait. */
  readonly isEmpty: () => boolean
  /**
   * Leaves the socket alone for so long: what the server sends meanwhile gathers there, to be read at once. Interrupting it ends
   * the pause.
   */
  readonly rest: (duration: Duration.Duration) => Effect.Effect<void>
  /** Gives the event loop a turn when the last is long ago: for those who go through data that they have pulled. */
  readonly turnIfDue: Effect.Effect<void>
  /**
   * Sends one message of data; also while reading is stopped. Waits when the socket takes no more. Fails with `PgUsageError`, and the
   * copy goes on, when the data is no `Uint8Array`.
   */
  readonly send: (data: Uint8Array) => Effect.Effect<void, PgSessionError>
  /**
   * Closes our side, throws away what still comes until the server has closed its own, and gives the command's results,
   * those from before the copy included. When that takes longer than `cancelDeadline`, the connection is closed, and this
   * fails with `PgTimeoutError`. It is not interrupted.
   */
  readonly finish: Effect.Effect<ReadonlyArray<QueryResult<ObjectRow>>, PgSessionError>
  /** The results so far. */
  readonly results: Effect.Effect<ReadonlyArray<QueryResult<ObjectRow>>>
  /** Whether reading has been stopped because the consumer is behind: then silence is our own doing. */
  readonly isBraked: () => boolean
  /** Closes the connection; an operation that waits here fails with the cause. */
  readonly breakOff: (cause: PgTimeoutError | PgProtocolError) => Effect.Effect<void>
}

class CopyBothRequest extends SimpleRequest {
  readonly buffer: StreamBuffer<FrameRun>
  opened = false
  private closed = false
  private ended = false
  /** Whether a notice has ended the data. */
  private cut = false
  private readonly changes = new Watchers()

  constructor(
    core: ConnectionState,
    sql: string,
    private readonly options: CopyBothOptions
  ) {
    super(sql, "object", () => {}, "copyBoth")
    this.buffer = new StreamBuffer<FrameRun>(core, options.bufferBytes, true)
  }

  get told(): ReadonlyArray<QueryResult<ObjectRow>> {
    return this.results
  }

  override onCopyBoth(core: ConnectionState): void {
    this.opened = true
    if (this.discarding) this.stop(core)
    this.changes.changed()
  }

  override onCopyData(_core: ConnectionState, run: FrameRun): void {
    const bytes = runBytes(run)
    if (this.closed || this.cut) return
    this.options.onData?.(run, bytes)
    this.buffer.push([keptRun(run)], bytes)
  }

  override onCopyDone(): void {
    this.end()
  }

  override onNotice(_core: ConnectionState, notice: Notice): void {
    if (this.cut || this.options.onNotice?.(notice) !== true) return
    this.cut = true
    this.end()
  }

  /** The server has refused, before the copy or amid it: the rest is not waited for. */
  override onError(core: ConnectionState): void {
    this.end()
    core.drainWaiters.changed()
  }

  protected override onSettled(): void {
    this.end()
    this.changes.changed()
  }

  private end(): void {
    if (this.ended) return
    this.ended = true
    this.buffer.finish(this.failure)
  }

  /** Waits until the copy is open, or the command is over without one. */
  readonly consent: Effect.Effect<void> = this.changes.when(() => this.opened || this.state === "settled")

  /** Closes our side. A second time it has been closed already. */
  override stop(core: ConnectionState): boolean {
    if (this.closed) return true
    if (core.session.owner !== this || !Outbound.copyDone(core)) return false
    this.closed = true
    core.pulse.brake(false)
    return true
  }

  /** Whether data may be sent. */
  isOpen(core: ConnectionState): boolean {
    return !this.closed && this.opened && Outbound.takesData(core, this)
  }
}

const over = (sql: string): PgClosedError =>
  new PgClosedError({ reason: "the copy has ended", sent: false, server: undefined, sql })

const send =
  (core: ConnectionState, request: CopyBothRequest) =>
  (data: Uint8Array): Effect.Effect<void, PgSessionError> =>
    Effect.suspend(() => {
      if (!request.isOpen(core)) return Effect.fail(request.failure ?? over(request.sql))
      const place = { operation: "CopyBoth.send", argument: "data", sql: request.sql, sent: true }
      const refused = notBytes(data, place)
      if (refused !== undefined) return Effect.fail(refused)
      Copy.CopyData.encode(core.writer, { _tag: "CopyData", data })
      Outbound.flush(core)
      return core.drainWaiters.when(() => !core.blocked || !request.isOpen(core))
    })

const rest =
  ({ pulse }: ConnectionState) =>
  (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.acquireUseRelease(
      Effect.sync(() => pulse.brake(true)),
      () => Effect.sleep(duration),
      () => Effect.sync(() => pulse.brake(false))
    )

const finish = (core: ConnectionState, request: CopyBothRequest) =>
  Effect.suspend(() => {
    request.stop(core)
    return Effect.zipRight(
      Cancel.outlive(core, request),
      Effect.suspend(() =>
        request.failure === undefined ? Effect.succeed(request.told) : Effect.fail(request.failure)
      )
    )
  })

/**
 * Sends the command and waits for the server's consent. Fails with the server's refusal, after which the session is
 * usable.
 *
 * Closing the scope before `finish` closes our side and throws away what still comes; when the server does not end within
 * `cancelDeadline`, the connection is closed. No CancelRequest is sent once the copy is open: a walsender obeys one too,
 * and costs the session its temporary slots.
 */
export const open = (
  core: ConnectionState,
  command: string,
  options: CopyBothOptions = {}
): Effect.Effect<CopyBoth, PgSessionError, Scope.Scope> =>
  Effect.gen(function* () {
    const request = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const request = new CopyBothRequest(core, command, options)
        Outbound.submit(core, request)
        return request
      }),
      (request) =>
        request.failure === undefined ? Cancel.abandon(core, request) : Cancel.outlive(core, request)
    )
    yield* Deadline.within(
      request.consent,
      options.timeout,
      () => request,
      (error) => request.failure ?? error
    )
    if (request.state === "settled" && request.failure !== undefined)
      return yield* Effect.fail(request.failure)
    if (request.opened && options.silence !== undefined) {
      const { ask, limit, probeAfter } = options.silence
      yield* Liveness.watchOpen(core, request, Effect.ignore(ask), {
        limit: Duration.decode(limit ?? Duration.infinity),
        probeAfter: Duration.decode(probeAfter ?? core.probeAfter)
      })
    }
    return {
      isOpen: request.opened,
      pull: request.buffer.pull,
      send: send(core, request),
      finish: finish(core, request),
      results: Effect.sync(() => [...request.told]),
      isEmpty: () => request.buffer.isEmpty,
      rest: rest(core),
      turnIfDue: core.fairness.turnIfDue,
      isBraked: () => request.buffer.braked,
      breakOff: (cause) => Effect.sync(() => breakOff(core, cause))
    }
  })
