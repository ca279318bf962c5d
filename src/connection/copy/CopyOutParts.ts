/**
 * A command that sends copies and results on the same session, such as BASE_BACKUP: every part of its answer in order, with the
 * borders of its messages. A slow consumer stops the socket; closing the stream early cancels the command on the server.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import type * as Duration from "effect/Duration"
import type * as Stream from "effect/Stream"
import type { PgSessionError } from "../../model/PgError.js"
import type { ObjectRow } from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { keptRun, runBytes } from "../../wire/FrameRun.js"
import { StreamBuffer } from "../session/Buffer.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import type { QueryResult } from "../statement/Query.js"
import { SimpleRequest } from "../statement/Query.js"
import * as RowStream from "../statement/RowStream.js"

/** How a command is read that copies out among results. */
export interface CopyPartsOptions {
  /**
   * Longest wait for the server, for each part anew. Unless given, the configuration's `statementTimeout`; `Duration.infinity` for
   * no limit.
   */
  readonly timeout?: Duration.DurationInput
  /**
   * Bytes of data that the consumer has not taken yet at which reading from the socket stops. Default: the configuration's
   * `streamBufferBytes`.
   */
  readonly bufferBytes?: number
}

/** A result of the command: the rows of a result set, or only the tag of a command without rows. */
export interface CopyPartResult {
  readonly _tag: "CopyPartResult"
  readonly result: QueryResult<ObjectRow>
}

/** The server begins to send a copy. */
export interface CopyPartBegin {
  readonly _tag: "CopyPartBegin"
}

/** Messages of the copy that begun last. The run is the consumer's. */
export interface CopyPartData {
  readonly _tag: "CopyPartData"
  readonly run: FrameRun
}

/** The copy has ended. */
export interface CopyPartEnd {
  readonly _tag: "CopyPartEnd"
}

/** One part of the answer to a command that sends copies. */
export type CopyPart = CopyPartResult | CopyPartBegin | CopyPartData | CopyPartEnd

const begin: CopyPartBegin = { _tag: "CopyPartBegin" }
const end: CopyPartEnd = { _tag: "CopyPartEnd" }

/** What a part without copy data counts in the buffer. */
const partBytes = 64

class CopyPartsRequest extends SimpleRequest {
  constructor(
    sql: string,
    readonly buffer: StreamBuffer<CopyPart>
  ) {
    super(sql, "object", () => {}, "copyParts")
  }

  private push(part: CopyPart, bytes = partBytes): void {
    if (this.failure === undefined) this.buffer.push([part], bytes)
  }

  override onComplete(core: ConnectionState, commandTag: string): void {
    super.onComplete(core, commandTag)
    const result = this.results.pop()
    if (result !== undefined) this.push({ _tag: "CopyPartResult", result })
  }

  override onCopyOut(): void {
    this.push(begin)
  }

  override onCopyData(_core: ConnectionState, run: FrameRun): void {
    this.push({ _tag: "CopyPartData", run: keptRun(run) }, runBytes(run))
  }

  override onCopyDone(): void {
    this.push(end)
  }

  protected override onSettled(): void {
    this.buffer.finish(this.failure)
  }
}

/** Every part of the command's answer, in order. */
export const parts = (
  core: ConnectionState,
  command: string,
  { bufferBytes, timeout }: CopyPartsOptions
): Stream.Stream<CopyPart, PgSessionError> =>
  RowStream.fromRequest<CopyPart>(
    core,
    (buffer) => new CopyPartsRequest(command, buffer),
    timeout,
    () => new StreamBuffer<CopyPart>(core, bufferBytes, true)
  )
