/**
 * COPY … TO STDOUT as a stream of bytes. Chunks are cut where the network cut them, not at rows. A slow consumer stops
 * the socket; closing the stream early cancels the copy on the server.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import type * as Duration from "effect/Duration"
import type * as Stream from "effect/Stream"
import { PgUsageError } from "../../model/PgError.js"
import type { PgSessionError } from "../../model/PgError.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import type { StreamBuffer } from "../session/Buffer.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import { TextRequest } from "../statement/Query.js"
import type { CopyFormats, CopyOutResponse } from "../../wire/messages/Copy.js"
import * as RefusedCopy from "../statement/RefusedCopy.js"
import * as RowStream from "../statement/RowStream.js"

/** Takes the formats of a copy. */
export type TakeFormats = (formats: CopyFormats) => void

/** The error when the statement was not the expected copy. */
export const notACopy = (sql: string, wanted: string): PgUsageError =>
  new PgUsageError({
    operation: wanted.endsWith("COPY TO STDOUT") ? "copyTo" : "copyFrom",
    argument: "sql",
    reason: `must be ${wanted}, and the statement is not`,
    sql,
    sent: true
  })

/**
 * The bodies of a run moved together over their headers: one piece of bytes instead of many. The chunk is ours, and
 * everything moves towards its beginning, so what has not been framed yet is not touched.
 */
export const compact = (run: FrameRun): Uint8Array => {
  const bytes = run.bytes
  const first = run.starts[0]!
  let at = bodyEnd(run, 0)
  for (let index = 1; index < run.count; index++) {
    const start = run.starts[index]!
    const end = bodyEnd(run, index)
    bytes.copyWithin(at, start, end)
    at += end - start
  }
  return bytes.subarray(first, at)
}

export class CopyOutRequest extends TextRequest {
  private copied = false

  constructor(
    sql: string,
    private readonly buffer: StreamBuffer<Uint8Array>,
    private readonly onFormats?: TakeFormats
  ) {
    super(sql, "copyTo")
  }

  override onCopyOut(_core: ConnectionState, { columnFormats, format }: CopyOutResponse): void {
    // The data of a second copy would follow that of the first without a sign.
    if (this.copied) this.fail(notACopy(this.sql, "a single COPY TO STDOUT"))
    else this.onFormats?.({ format, columnFormats })
    this.copied = true
  }

  override onCopyIn(core: ConnectionState): void {
    RefusedCopy.refuseIn(core, this)
  }

  override onCopyData(_core: ConnectionState, run: FrameRun): void {
    if (this.failure !== undefined) return
    const bytes = compact(run)
    this.buffer.push([bytes], bytes.length)
  }

  protected onSettled(): void {
    this.buffer.finish(this.failure ?? (this.copied ? undefined : notACopy(this.sql, "COPY TO STDOUT")))
  }
}

/** The bytes of a COPY TO STDOUT. */
export const bytes = (
  core: ConnectionState,
  sql: string,
  timeout?: Duration.DurationInput,
  onFormats?: TakeFormats
): Stream.Stream<Uint8Array, PgSessionError> =>
  RowStream.fromRequest<Uint8Array>(core, (buffer) => new CopyOutRequest(sql, buffer, onFormats), timeout)
