/**
 * COPY … FROM STDIN from a stream of bytes. The server's errors end it at once, however much input is left or however
 * long the source takes; a source that fails or is interrupted ends it with CopyFail, and nothing is stored.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import * as Cause from "effect/Cause"
import type * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type * as CommandTag from "../../model/CommandTag.js"
import type { PgSessionError } from "../../model/PgError.js"
import * as Frame from "../../wire/Frame.js"
import { notBytes } from "../session/Bytes.js"
import * as Cancel from "../session/Cancel.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import * as Feeding from "../session/Feeding.js"
import { CopyInRequest } from "./CopyInRequest.js"
import { notACopy, type TakeFormats } from "./CopyOut.js"
import * as Outbound from "../session/Outbound.js"

/** The result of a finished copy. */
export interface CopyResult {
  /** Rows stored, from the command tag. */
  readonly rows: bigint
  readonly command: CommandTag.CommandTag
}

/** Data is cut into messages of at most this many bytes. */
const messageBytes = 1 << 16

const copyDataTag = 0x64

/** Data of at least this many bytes is handed on as it is; less is gathered. */
const handedOnBytes = 1 << 14

/** Writes data as CopyData messages. What is not copied has left, or keeps the connection blocked until it has. */
const writeData = (core: ConnectionState, data: Uint8Array): void => {
  if (data.length >= handedOnBytes && core.link.writeParts !== undefined) handOn(core, data)
  else gather(core, data)
}

/** Each header goes out together with its data, so that no interruption comes between the two. */
const handOn = (core: ConnectionState, data: Uint8Array): void => {
  const parts: Array<Uint8Array> = []
  for (let at = 0; at < data.length; at += messageBytes) {
    const part = data.subarray(at, at + messageBytes)
    core.writer.uint8(copyDataTag)
    core.writer.int32(4 + part.length)
    parts.push(core.writer.detach(), part)
  }
  Outbound.handOn(core, parts)
}

const gather = (core: ConnectionState, data: Uint8Array): void => {
  for (let at = 0; at < data.length; at += messageBytes) {
    const mark = Frame.begin(core.writer, copyDataTag)
    core.writer.raw(data.subarray(at, at + messageBytes))
    Frame.end(core.writer, mark)
    if (core.writer.offset >= messageBytes) Outbound.flush(core)
  }
}

/**
 * After this many bytes the event loop has a turn, however fast they were: then messages of the server are read, and the source is stopped by
 * a socket that takes no more.
 */
const turnBytes = 1 << 20

/** Waits until the socket takes more, or the copy has failed. */
const drain = (core: ConnectionState, request: CopyInRequest): Effect.Effect<void, PgSessionError> => {
  const mayGoOn = () => !core.blocked || !request.isFeeding(core)
  return Effect.suspend(() => (mayGoOn() ? Effect.void : request.within(core.drainWaiters.when(mayGoOn))))
}

/** Sends chunk after chunk, in pieces of at most `turnBytes`, with turns of the event loop between them. */
const feed = (core: ConnectionState, request: CopyInRequest) => {
  const { fairness } = core
  const { operation, sql } = request
  let sinceTurn = 0
  const piece = (data: Uint8Array): Effect.Effect<void, PgSessionError> =>
    Effect.suspend(() => {
      if (!request.isFeeding(core)) return failed(request)
      writeData(core, data)
      // Small pieces of one turn leave in one write.
      if (core.writer.offset >= messageBytes) Outbound.flush(core)
      else Outbound.flushSoon(core)
      sinceTurn += data.length
      if (sinceTurn < turnBytes && !fairness.isDue()) return drain(core, request)
      sinceTurn = 0
      return Effect.zipRight(fairness.turn, drain(core, request))
    })
  const pieces = (data: Uint8Array): Effect.Effect<void, PgSessionError> => {
    let at = 0
    return Effect.whileLoop({
      while: () => at < data.length,
      body: () => piece(data.subarray(at, (at += turnBytes))),
      step: () => {}
    })
  }
  return (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<void, PgSessionError> =>
    Effect.forEach(
      chunk,
      (data) => {
        const refused = notBytes(data, { operation, argument: "source", sql, sent: true })
        if (refused !== undefined) return Effect.fail(refused)
        return data.length <= turnBytes ? piece(data) : pieces(data)
      },
      { discard: true }
    )
}

const settled = (request: CopyInRequest) =>
  request.within(request.changes.when(() => request.state === "settled"))

/** Fails with the server's error, once the connection is clean again. */
const failed = (request: CopyInRequest): Effect.Effect<never, PgSessionError> =>
  Effect.zipRight(
    settled(request),
    Effect.suspend(() => Effect.fail(request.failure ?? notACopy(request.sql, "COPY FROM STDIN")))
  )

/** The request, sent and taking data; closing the scope ends what is not finished with CopyFail. */
const begin = (
  core: ConnectionState,
  sql: string,
  operation: string,
  timeout?: Duration.DurationInput,
  onFormats?: TakeFormats
): Effect.Effect<CopyInRequest, PgSessionError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* Feeding.guard(core, sql)
    const request = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const request = new CopyInRequest(sql, operation, timeout, onFormats)
        Outbound.submit(core, request)
        return request
      }),
      (request, exit) =>
        Effect.suspend(() => {
          if (Exit.isFailure(exit)) request.abort(core, reasonOf(exit.cause))
          return request.failure === undefined ? Cancel.abandon(core, request) : Cancel.outlive(core, request)
        })
    )
    const isAnswered = () => request.formats !== undefined || request.state === "settled"
    yield* request.within(request.changes.when(isAnswered))
    if (!request.isFeeding(core)) return yield* failed(request)
    return request
  })

/** Fixed texts: the server writes them into its log, where an error of the application's may show what is secret. */
const reasonOf = (cause: Cause.Cause<unknown>): string =>
  Cause.isInterrupted(cause) ? "the copy was interrupted" : "the source of the copy failed"

const finish = (core: ConnectionState, request: CopyInRequest): Effect.Effect<CopyResult, PgSessionError> =>
  Effect.suspend(() => {
    if (request.isFeeding(core)) Outbound.copyDone(core)
    return Effect.zipRight(
      settled(request),
      Effect.suspend(() =>
        request.failure === undefined
          ? Effect.succeed({ rows: request.command.rows ?? 0n, command: request.command })
          : Effect.fail(request.failure)
      )
    )
  })

/** A sink for the data of one COPY FROM STDIN; its result has the number of stored rows. */
export const sink = (
  core: ConnectionState,
  sql: string,
  timeout?: Duration.DurationInput,
  onFormats?: TakeFormats
): Sink.Sink<CopyResult, Uint8Array, never, PgSessionError> =>
  Sink.unwrapScoped(
    Effect.map(
      Effect.zipLeft(begin(core, sql, "copySink", timeout, onFormats), Feeding.begun(core)),
      (request) => Sink.forEachChunk(feed(core, request)).pipe(Sink.mapEffect(() => finish(core, request)))
    )
  )

/**
 * Copies a whole source in. Unlike a sink, which only acts when data comes, this receives the server's error while the
 * source is still thinking.
 */
export const from = <E, R>(
  core: ConnectionState,
  sql: string,
  source: Stream.Stream<Uint8Array, E, R>,
  timeout?: Duration.DurationInput,
  onFormats?: TakeFormats
): Effect.Effect<CopyResult, PgSessionError | E, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const request = yield* begin(core, sql, "copyFrom", timeout, onFormats)
      const watch = Effect.zipRight(
        request.changes.when(() => request.failure !== undefined || request.state === "settled"),
        failed(request)
      )
      const run = Feeding.feeding(core, Stream.runForEachChunk(source, feed(core, request)))
      yield* Effect.raceFirst(run, watch)
      return yield* finish(core, request)
    })
  )
