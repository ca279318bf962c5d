/**
 * A command that sends copies and results on the same session, such as BASE_BACKUP: every part of its answer in order, with the
 * borders of its messages. A slow consumer stops the socket; closing the stream early cancels the command on the server.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Stream from "effect/Stream"
import type { PgSessionError } from "../../model/PgError.js"
import type { ObjectRow } from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { keptRun, runBytes } from "../../wire/FrameRun.js"
import { StreamBuffer } from "../session/Buffer.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import * as Drain from "../session/Drain.js"
import * as Feeding from "../session/Feeding.js"
import type { QueryResult } from "../statement/Query.js"
import { SimpleRequest } from "../statement/Query.js"
import * as RowStream from "../statement/RowStream.js"
import { PartsHandler } from "./PartsHandler.js"

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

/**
 * Takes one part inside the socket's callback. Data is good until it returns. With an effect the socket is stopped until that
 * has succeeded; what has left the socket already still comes. When the effect fails, the command is cancelled.
 */
export type TakePart<E> = (part: CopyPart) => Effect.Effect<void, E> | undefined

const begin: CopyPartBegin = { _tag: "CopyPartBegin" }
const end: CopyPartEnd = { _tag: "CopyPartEnd" }

/** What a part without copy data counts in the buffer. */
const partBytes = 64

/** Where the parts go. */
interface PartSink {
  readonly push: (part: CopyPart, bytes: number) => void
  readonly finish: (failure: PgSessionError | undefined) => void
}

class CopyPartsRequest extends SimpleRequest {
  /** `keepsNothing`: of data that `sink` was given. */
  constructor(
    sql: string,
    private readonly sink: PartSink,
    private readonly keepsNothing: boolean
  ) {
    super(sql, "object", () => {}, "copyParts")
  }

  private push(part: CopyPart, bytes = partBytes): void {
    if (this.failure === undefined) this.sink.push(part, bytes)
  }

  override onComplete(core: ConnectionState, commandTag: string): void {
    super.onComplete(core, commandTag)
    const result = this.results.pop()
    if (result !== undefined) this.push({ _tag: "CopyPartResult", result })
  }

  override onCopyOut(core: ConnectionState): void {
    core.framer.reusesMemory = this.keepsNothing
    this.push(begin)
  }

  override onCopyData(_core: ConnectionState, run: FrameRun): void {
    this.push({ _tag: "CopyPartData", run }, runBytes(run))
  }

  override onCopyDone(core: ConnectionState): void {
    core.framer.reusesMemory = false
    this.push(end)
  }

  protected override onSettled(core: ConnectionState): void {
    core.framer.reusesMemory = false
    this.sink.finish(this.failure)
  }
}

/** A part that may be kept. */
const kept = (part: CopyPart): CopyPart =>
  part._tag === "CopyPartData" ? { _tag: "CopyPartData", run: keptRun(part.run) } : part

/** Every part of the command's answer, in order. */
export const parts = (
  core: ConnectionState,
  command: string,
  { bufferBytes, timeout }: CopyPartsOptions
): Stream.Stream<CopyPart, PgSessionError> =>
  RowStream.fromRequest<CopyPart>(
    core,
    (buffer) =>
      new CopyPartsRequest(
        command,
        {
          push: (part, bytes) => buffer.push([kept(part)], bytes),
          finish: (failure) => buffer.finish(failure)
        },
        false
      ),
    timeout,
    () => new StreamBuffer<CopyPart>(core, bufferBytes, true)
  )

/** Gives every part of the command's answer to `take`, in order, as it comes off the socket. */
export const into = <E>(
  core: ConnectionState,
  command: string,
  take: TakePart<E>,
  timeout: Duration.DurationInput | undefined
): Effect.Effect<void, PgSessionError | E> =>
  Effect.flatMap(Effect.clock, (clock) =>
    Effect.acquireUseRelease(
      Effect.withFiberRuntime<{
        readonly handler: PartsHandler<CopyPart, E>
        readonly request: CopyPartsRequest
      }>((fiber) => {
        const handler = new PartsHandler<CopyPart, E>(core, take, clock)
        const request = new CopyPartsRequest(command, handler, true)
        Feeding.submit(core, fiber, request)
        return Effect.succeed({ handler, request })
      }),
      ({ request, handler }) => handler.within(timeout, request),
      ({ request, handler }, exit) => Drain.leave(core, request, handler.isLate || Exit.isInterrupted(exit))
    )
  )
