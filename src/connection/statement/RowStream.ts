/**
 * Rows of one statement straight off the socket: a chunk of rows for each chunk of bytes, and a slow consumer stops the
 * socket. The connection is leased while the stream is open: statements of other fibers wait.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { PgSessionError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import type * as Row from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { runBytes } from "../../wire/FrameRun.js"
import { StreamBuffer } from "../session/Buffer.js"
import type { ConnectionState, Request } from "../session/ConnectionState.js"
import * as Deadline from "../session/Deadline.js"
import * as Drain from "../session/Drain.js"
import * as Feeding from "../session/Feeding.js"
import * as Rows from "../session/Rows.js"
import type { Execution, Inspector } from "./Preparation.js"
import type { ResultObserver } from "./ResultObserver.js"
import { StatementRequest, whole } from "./StatementRequest.js"

/** A statement whose rows go to a buffer as they come. */
export class StreamRequest<M extends Row.ResultMode = Row.ResultMode> extends StatementRequest<M> {
  private hasRows = false

  constructor(
    statement: Statement,
    mode: M,
    readonly buffer: StreamBuffer<Row.RowIn<M>>,
    inspector?: Inspector,
    private readonly observer?: ResultObserver,
    execution: Execution = whole
  ) {
    super(statement, "stream", mode, execution, inspector, true)
  }

  protected get started(): boolean {
    return this.hasRows
  }

  /** Its rows are given as they come: none can wait. */
  protected override get describesFirst(): boolean {
    return true
  }

  override onRows(_core: ConnectionState, run: FrameRun): string | undefined {
    const rows: Array<Row.RowIn<M>> = []
    const malformed = Rows.take(this, this.preparation.result!.decoder(this.mode), run, rows)
    this.observer?.described(this.preparation.result!.columns)
    this.observer?.arrived(run.count)
    if (rows.length > 0) {
      this.hasRows = true
      this.buffer.push(rows, runBytes(run))
    }
    return malformed
  }

  override onComplete(_core: ConnectionState, commandTag: string): void {
    const { observer } = this
    if (observer === undefined) return
    observer.described(this.preparation.result?.columns ?? [])
    observer.completed(commandTag)
  }

  protected onSettled(): void {
    this.buffer.finish(this.failure)
  }
}

interface Opened<A> {
  readonly buffer: StreamBuffer<A>
  readonly request: Request
  /** Its deadline has passed. */
  isLate: boolean
}

/**
 * A stream over a request that fills a buffer; closing it abandons the request, inside a transaction after a part of the rest has
 * been read. `timeout`: the longest wait for the server,
 * for each chunk anew.
 */
export const fromRequest = <A>(
  core: ConnectionState,
  make: (buffer: StreamBuffer<A>) => Request,
  timeout?: Duration.DurationInput,
  makeBuffer: () => StreamBuffer<A> = () => new StreamBuffer<A>(core)
): Stream.Stream<A, PgSessionError> =>
  Stream.fromPull(
    Effect.map(
      Effect.acquireRelease(
        Effect.withFiberRuntime<Opened<A>>((fiber) => {
          const buffer = makeBuffer()
          const request = make(buffer)
          Feeding.submit(core, fiber, request)
          return Effect.succeed({ buffer, request, isLate: false })
        }),
        ({ isLate, request }, exit) => Drain.leave(core, request, isLate || Exit.isInterrupted(exit))
      ),
      (opened) =>
        opened.buffer.pullWithin((wait) =>
          Deadline.within(
            wait,
            timeout,
            () => opened.request,
            (error) => {
              opened.isLate = true
              return Option.some(error)
            }
          )
        )
    )
  )

/** Rows straight off the socket. Taking only some of them cancels the rest on the server. */
export const rows = <M extends Row.ResultMode>(
  core: ConnectionState,
  statement: Statement,
  mode: M,
  timeout?: Duration.DurationInput,
  inspector?: Inspector,
  observer?: ResultObserver
): Stream.Stream<Row.RowIn<M>, PgSessionError> =>
  fromRequest<Row.RowIn<M>>(
    core,
    (buffer) => new StreamRequest(statement, mode, buffer, inspector, observer),
    timeout
  )
