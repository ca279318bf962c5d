/** Links over TCP and Unix sockets, by Node's `net`. */
import * as net from "node:net"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { TransportFailure } from "../model/PgError.js"
import { describe } from "./Address.js"
import * as DuplexLink from "./DuplexLink.js"
import * as SystemFailure from "./SystemFailure.js"
import type { Address, Link } from "./Transport.js"
import { Transport } from "./Transport.js"

/** Settings of the sockets. */
export interface Options {
  /** Whether the system asks a silent peer for a sign of life. Default true, as libpq's `keepalives`. */
  readonly keepAlive?: boolean
  /**
   * Silence before the first such question, in whole seconds. Default `defaultKeepAliveIdle`; zero: the system's own setting,
   * mostly two hours.
   */
  readonly keepAliveIdle?: Duration.DurationInput
}

/**
 * Silence before the first keepalive, unless set otherwise: shorter than the 350 seconds after which load balancers forget a
 * connection. Then Node's library asks every second, ten times, whatever the system's settings are, and the socket fails with
 * ETIMEDOUT after 70 seconds.
 */
export const defaultKeepAliveIdle: Duration.Duration = Duration.seconds(60)

/** libpq's socket settings that Node cannot make; a program that sets one gets a warning. */
export const unsettable: ReadonlyArray<string> = [
  "keepalives_interval",
  "keepalives_count",
  "tcp_user_timeout"
]

// Chunks come by the stream's 'data' event. Reading into buffers of our own (`onread`, a slab) took 11.7 instead of
// 12.9 µs per round trip of 80 bytes and 0.42 instead of 0.48 ms per megabyte on loopback, and pins a buffer per
// idle connection; one buffer reused was faster still, but a chunk belongs to its receiver. Larger high-water marks
// changed nothing, reading or writing.

/** Time a name's address gets before its next address is tried too, in milliseconds. */
const nextAddressAfter = 1000

/** Bytes of a Unix socket's path, without the terminator that a file's path needs. */
const longestPath = process.platform === "linux" ? 107 : 103

/**
 * A socket that reads on after a write failed because the peer has hung up: its last message, with the reason, may still be
 * unread. The reading side then ends by itself.
 */
class PatientSocket extends net.Socket {
  failedWrite: NodeJS.ErrnoException | undefined

  override _write(chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.failedWrite !== undefined) callback()
    else super._write(chunk, encoding, (error) => callback(this.forgive(error)))
  }

  override _writev(
    chunks: Array<{ chunk: unknown; encoding: BufferEncoding }>,
    callback: (error?: Error | null) => void
  ): void {
    if (this.failedWrite !== undefined) callback()
    else super._writev!(chunks, (error) => callback(this.forgive(error)))
  }

  private forgive(error: NodeJS.ErrnoException | null | undefined): Error | null | undefined {
    if (error?.code !== "EPIPE" && error?.code !== "ECONNRESET") return error
    this.failedWrite = error
    return null
  }
}

const start = (socket: net.Socket, address: Address, options: Options): void => {
  if (address._tag === "Unix") {
    // A leading `@` is the usual spelling of Linux's abstract namespace, whose names begin with a zero byte.
    socket.connect({ path: address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path })
    return
  }
  socket.setNoDelay(true)
  if (options.keepAlive ?? true) {
    socket.setKeepAlive(true, Duration.toMillis(options.keepAliveIdle ?? defaultKeepAliveIdle))
  }
  socket.connect({
    host: address.host,
    port: address.port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: nextAddressAfter
  })
}

/** Waits until the socket is connected; the link is destroyed when it fails or is interrupted. */
const connect = (
  socket: net.Socket,
  link: Link,
  address: Address,
  options: Options
): Effect.Effect<Link, TransportFailure> =>
  Effect.async((resume) => {
    const fail = (error: unknown): void => {
      link.destroy()
      resume(Effect.fail(SystemFailure.fromError(error)))
    }
    const onConnect = (): void => {
      socket.off("error", onError)
      resume(Effect.succeed(link))
    }
    const onError = (error: Error): void => {
      socket.off("connect", onConnect)
      fail(error)
    }
    socket.once("connect", onConnect)
    socket.once("error", onError)
    try {
      start(socket, address, options)
    } catch (error) {
      // A port out of range, for one, is thrown and not emitted.
      fail(error)
    }
    return Effect.sync(link.destroy)
  })

const tooLong = (address: Address): TransportFailure | undefined => {
  if (address._tag === "Tcp") return undefined
  const size = new TextEncoder().encode(address.path).length
  if (size <= longestPath) return undefined
  return SystemFailure.make(
    "ENAMETOOLONG",
    `the socket's path has ${size} bytes and the system allows ${longestPath}: choose a shorter directory`
  )
}

/**
 * The transport itself, for a layer of your own.
 *
 * `open` fails with the operating system's reason. Interrupting it destroys the socket that was connecting; the
 * scope destroys the one that is open.
 */
export const make = (options: Options = {}): Transport["Type"] => ({
  open: (address): Effect.Effect<Link, TransportFailure, Scope.Scope> =>
    Effect.flatMap(Effect.scope, (scope) => {
      const long = tooLong(address)
      if (long !== undefined) return Effect.fail(long)
      const socket = new PatientSocket()
      const link = DuplexLink.make(socket, describe(address), {
        failedWrite: () => socket.failedWrite,
        lends: true
      })
      // First the finalizer: nothing can come between the two then.
      return Effect.zipRight(
        Scope.addFinalizer(scope, Effect.sync(link.destroy)),
        connect(socket, link, address, options)
      )
    })
})

/** Links over TCP (Nagle off, keepalive on) and Unix sockets. */
export const layer: Layer.Layer<Transport> = Layer.succeed(Transport, make())

/** Like `layer`, with settings of your own. */
export const layerWith = (options: Options): Layer.Layer<Transport> => Layer.succeed(Transport, make(options))
