/**
 * Links over `Socket` of `@effect/platform`: a WebSocket, for one. Such a socket cannot be paused, so what arrives
 * while the brake is on is kept, up to a bound in bytes; beyond it the link fails.
 */
import * as Socket from "@effect/platform/Socket"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { TransportFailure } from "../model/PgError.js"
import { describe } from "./Address.js"
import { Inbox } from "./Inbox.js"
import * as SystemFailure from "./SystemFailure.js"
import type { Address, Link } from "./Transport.js"
import { Transport } from "./Transport.js"

/** Makes the socket for an address. It is run once, and closed with the link. */
export type OpenSocket = (
  address: Address
) => Socket.Socket | Effect.Effect<Socket.Socket, unknown, Scope.Scope>

/** The bounds of a link. */
export interface Options {
  /** Most bytes kept while the brake is on; beyond it the link fails with `bufferExceeded`. Default 16 MiB. */
  readonly bufferBytes?: number
  /** Unsent bytes from which on `write` answers false. Default 64 KiB. */
  readonly sendBytes?: number
}

/** Code of the failure when more arrived under the brake than the bound allows. */
export const bufferExceeded = "EFFECT_POSTGRES_BUFFER"

/** Code of the failure when the socket was closed otherwise than in an orderly way. */
export const socketClosed = "EFFECT_POSTGRES_SOCKET_CLOSED"

const fromSocketError = (error: Socket.SocketError): TransportFailure => {
  if (error.reason === "Close") {
    const why = error.closeReason === undefined || error.closeReason === "" ? "" : `: ${error.closeReason}`
    return SystemFailure.make(socketClosed, `the socket was closed with code ${error.code}${why}`)
  }
  return error.cause instanceof Error
    ? SystemFailure.fromError(error.cause)
    : SystemFailure.make("", `the socket failed: ${error.message}`)
}

const toFailure = (error: unknown): TransportFailure =>
  Socket.isSocketError(error) ? fromSocketError(error) : SystemFailure.fromError(error)

const acquire = (
  open: OpenSocket,
  address: Address
): Effect.Effect<Socket.Socket, TransportFailure, Scope.Scope> =>
  Effect.try({
    try: () => {
      const made = open(address)
      return Effect.isEffect(made) ? made : Effect.succeed(made)
    },
    catch: (error) => error
  }).pipe(Effect.flatten, Effect.mapError(toFailure))

/** Bytes on their way out, taken by one fiber. */
class Outbox {
  private chunks: Array<Uint8Array> = []
  private unsent = 0
  private ending = false
  private wantsDrain = false
  private wake: (() => void) | undefined

  constructor(
    private readonly bound: number,
    private readonly onDrain: () => void
  ) {}

  push(bytes: Uint8Array): boolean {
    if (this.ending) return true
    this.chunks.push(bytes)
    this.unsent += bytes.length
    this.wake?.()
    if (this.unsent < this.bound) return true
    this.wantsDrain = true
    return false
  }

  end(): void {
    this.ending = true
    this.wake?.()
  }

  /** Writes until the end was asked for and everything has left. */
  pump(
    write: (bytes: Uint8Array) => Effect.Effect<void, Socket.SocketError>
  ): Effect.Effect<void, Socket.SocketError> {
    const something = Effect.async<void>((resume) => {
      if (this.chunks.length > 0 || this.ending) return resume(Effect.void)
      const wake = (): void => {
        this.wake = undefined
        resume(Effect.void)
      }
      this.wake = wake
    })
    const next: Effect.Effect<void, Socket.SocketError> = Effect.flatMap(something, () => {
      const chunk = this.chunks.shift()
      if (chunk === undefined) return Effect.void
      return Effect.flatMap(write(chunk), () => {
        this.unsent -= chunk.length
        if (this.wantsDrain && this.unsent === 0) {
          this.wantsDrain = false
          this.onDrain()
        }
        return next
      })
    })
    return next
  }
}

const connect = (
  open: OpenSocket,
  address: Address,
  options: Options,
  scope: Scope.CloseableScope,
  close: Effect.Effect<void>
): Effect.Effect<Link, TransportFailure> =>
  Effect.gen(function* () {
    const bufferBytes = options.bufferBytes ?? 16 * 1024 * 1024
    const inbox = new Inbox()
    const outbox = new Outbox(options.sendBytes ?? 64 * 1024, () => inbox.drained())
    const opened = yield* Deferred.make<void, TransportFailure>()

    const fail = (failure: TransportFailure): void => {
      inbox.clear()
      inbox.finish(failure)
      Effect.runFork(close)
    }
    const onData = (chunk: Uint8Array): void => {
      if (inbox.ended) return
      inbox.push(chunk)
      if (inbox.held <= bufferBytes) return
      fail(
        SystemFailure.make(
          bufferExceeded,
          `more than ${bufferBytes} bytes arrived and were not read, and a socket of this kind cannot be slowed: ` +
            `read faster, ask for less at a time, or raise bufferBytes`
        )
      )
    }

    const socket = yield* Scope.extend(acquire(open, address), scope)
    // The caller that opens the link may be uninterruptible. The fibers of the link must not be.
    const reading = yield* socket.run(onData, { onOpen: Deferred.succeed(opened, undefined) }).pipe(
      Effect.interruptible,
      Effect.onExit((exit) => {
        const failure = Exit.isSuccess(exit) ? undefined : toFailure(Cause.squash(exit.cause))
        inbox.finish(failure)
        return Deferred.fail(opened, failure ?? SystemFailure.fromCode("ERR_STREAM_PREMATURE_CLOSE"))
      }),
      Effect.forkIn(scope)
    )
    yield* Deferred.await(opened)

    // Its scope is the end-of-stream mark: leaving it ends the socket's writing side.
    yield* Effect.scoped(Effect.flatMap(socket.writer, (write) => outbox.pump(write))).pipe(
      Effect.onError((cause) => Effect.sync(() => fail(toFailure(Cause.squash(cause))))),
      Effect.interruptible,
      Effect.forkIn(scope)
    )
    // Runs first when the scope closes. A socket that has ended takes no more events, so that is the other way out.
    yield* Scope.addFinalizer(
      scope,
      Effect.scoped(Effect.flatMap(socket.writer, (write) => write(new Socket.CloseEvent(1000)))).pipe(
        Effect.ignore,
        Effect.interruptible,
        Effect.raceFirst(Effect.interruptible(Fiber.await(reading)))
      )
    )
    return {
      address: describe(address),
      listen: (handlers) => inbox.listen(handlers),
      pause: () => {
        inbox.braked = true
      },
      resume: () => {
        if (inbox.braked) inbox.resume()
      },
      write: (bytes) => outbox.push(bytes),
      end: () => outbox.end(),
      destroy: () => {
        inbox.close()
        Effect.runFork(close)
      }
    }
  })

/**
 * Begun by the first caller, awaited by all. `Effect.cached` would pass on to all of them what happens to the first
 * caller's fiber, its interruption too.
 */
const once = (effect: Effect.Effect<void>): Effect.Effect<Effect.Effect<void>> =>
  Effect.map(Deferred.make<void>(), (done) => {
    let hasBegun = false
    return Effect.suspend(() => {
      if (hasBegun) return Deferred.await(done)
      hasBegun = true
      return Effect.ensuring(effect, Deferred.succeed(done, undefined))
    }).pipe(Effect.uninterruptible)
  })

/**
 * The transport itself, for a layer of your own.
 *
 * `open` fails with the socket's error. Interruption and the scope close the socket. A write
 * that fails ends the link.
 */
export const make = (open: OpenSocket, options: Options = {}): Transport["Type"] => ({
  open: (address) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const close = yield* once(Scope.close(scope, Exit.void))
        const link = yield* restore(connect(open, address, options, scope, close)).pipe(
          Effect.onError(() => close)
        )
        yield* Effect.addFinalizer(() => {
          link.destroy()
          return close
        })
        return link
      })
    )
})

/** Links over the sockets that `open` makes. */
export const layer = (open: OpenSocket, options: Options = {}): Layer.Layer<Transport> =>
  Layer.succeed(Transport, make(open, options))
