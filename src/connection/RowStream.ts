/**
 * Rows of one statement straight off the socket: a chunk of rows for each chunk of bytes, and a slow consumer stops the
 * socket. The connection is leased while the stream is open: statements of other fibers wait.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { PgSessionError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import * as Pipeline from "../protocol/Pipeline.js"
import type * as Row from "../types/Row.js"
import type { FrameRun } from "../wire/FrameRun.js"
import { bodyEnd } from "../wire/FrameRun.js"
import * as Preset from "../wire/Preset.js"
import { StreamBuffer } from "./Buffer.js"
import * as Cancel from "./Cancel.js"
import type { Core } from "./Core.js"
import * as Outbound from "./Outbound.js"
import { StatementRequest, writeBind } from "./Prepare.js"
import { rowFailure } from "./Query.js"
import * as RefusedCopy from "./RefusedCopy.js"
import type { Request } from "./Request.js"
import type { Prepared } from "./StatementCache.js"

/** Bytes a run of rows took on the wire. */
const runBytes = (run: FrameRun): number => bodyEnd(run, run.count - 1) - run.starts[0]!

/** A statement whose rows go to a buffer as they come. */
export class StreamRequest extends StatementRequest {
  protected decoder: Row.RowDecoder | undefined
  private rowsSeen = false

  constructor(
    statement: Statement,
    protected readonly mode: Row.RowMode,
    readonly buffer: StreamBuffer<Row.Row>
  ) {
    super(statement)
  }

  override get exclusive(): boolean {
    return true
  }

  protected get started(): boolean {
    return this.rowsSeen
  }

  protected execute(core: Core, prepared: Prepared): Pipeline.Script | undefined {
    const failure = writeBind(core, prepared, "", this.statement)
    if (failure !== undefined) {
      this.fail(failure)
      return undefined
    }
    Preset.executeUnnamed(core.writer)
    Preset.sync(core.writer)
    this.decoder = prepared.decoder(this.mode)
    return Pipeline.execute
  }

  override onRows(_core: Core, run: FrameRun): string | undefined {
    if (this.failure !== undefined) return undefined
    this.rowsSeen = true
    const rows: Array<Row.Row> = []
    const failure = this.decoder!.decode(run.bytes, run.starts, run.count, rows)
    if (rows.length > 0) this.buffer.push(rows, runBytes(run))
    return failure === null ? undefined : rowFailure(this, failure)
  }

  override onCopyIn(core: Core): void {
    RefusedCopy.refuseIn(core, this)
  }

  override onCopyOut(): void {
    RefusedCopy.refuseOut(this)
  }

  protected onSettled(): void {
    this.buffer.finish(this.failure)
  }
}

/** A stream over a request that fills a buffer; closing it abandons the request. */
export const fromRequest = <A>(
  core: Core,
  make: (buffer: StreamBuffer<A>) => Request
): Stream.Stream<A, PgSessionError> =>
  Stream.fromPull(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => {
          const buffer = new StreamBuffer<A>(core)
          const request = make(buffer)
          Outbound.submit(core, request)
          return { buffer, request }
        }),
        ({ request }) => Cancel.abandon(core, request)
      ),
      ({ buffer }) => buffer.pull
    )
  )

/** Rows straight off the socket. Taking only some of them cancels the rest on the server. */
export const rows = (
  core: Core,
  statement: Statement,
  mode: Row.RowMode
): Stream.Stream<Row.Row, PgSessionError> =>
  fromRequest<Row.Row>(core, (buffer) => new StreamRequest(statement, mode, buffer))
