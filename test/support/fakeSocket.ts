/** A `Socket` of `@effect/platform` that a test plays by hand. */
import * as Socket from "@effect/platform/Socket"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export interface FakeSocket {
  readonly socket: Socket.Socket
  /** Bytes from the other side. */
  readonly arrive: (bytes: Uint8Array) => void
  readonly open: () => void
  /** Ends the read loop, well or with a failure. */
  readonly finish: (result: Effect.Effect<void, Socket.SocketError>) => void
  readonly written: Array<Uint8Array>
  readonly events: Array<string>
  /** What a write does after it was noted; by default nothing more. */
  write: Effect.Effect<void, Socket.SocketError>
}

export const make = (): FakeSocket => {
  let handler: ((bytes: Uint8Array) => unknown) | undefined
  const opened = Deferred.unsafeMake<void>(undefined as never)
  const finished = Deferred.unsafeMake<void, Socket.SocketError>(undefined as never)
  const written: Array<Uint8Array> = []
  const events: Array<string> = []
  const run: Socket.Socket["run"] = (onData, options) =>
    Effect.gen(function* () {
      yield* Deferred.await(opened)
      handler = onData as (bytes: Uint8Array) => unknown
      yield* options?.onOpen ?? Effect.void
      yield* Deferred.await(finished)
    }).pipe(Effect.ensuring(Effect.sync(() => events.push("read loop ended"))))
  const fake: FakeSocket = {
    socket: {
      [Socket.TypeId]: Socket.TypeId,
      run,
      runRaw: run as Socket.Socket["runRaw"],
      writer: Effect.acquireRelease(
        Effect.succeed((chunk: Uint8Array | string | Socket.CloseEvent) =>
          Effect.suspend(() => {
            if (Socket.isCloseEvent(chunk)) {
              events.push(`close ${chunk.code}`)
              return Effect.void
            }
            written.push(chunk as Uint8Array)
            return fake.write
          })
        ),
        () => Effect.sync(() => events.push("writer ended"))
      )
    },
    arrive: (bytes) => handler?.(bytes),
    open: () => Deferred.unsafeDone(opened, Effect.void),
    finish: (result) => Deferred.unsafeDone(finished, result),
    written,
    events,
    write: Effect.void
  }
  return fake
}
