/**
 * A link in memory, and the server's end of it: no socket, no real time, the same order every run. Every segment
 * reaches the client in a microtask of its own, in the pieces the server chose, and only while the brake is off.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { TransportFailure } from "../model/PgError.js"
import { describe } from "../net/Address.js"
import type { Address, Link, LinkHandlers } from "../net/Transport.js"
import { Transport } from "../net/Transport.js"

/** How the client stands: open, has sent its end-of-stream mark, or has hung up at once. */
export type ClientState = "open" | "ended" | "destroyed"

/** What has gone through a pair so far. */
export interface Counts {
  /** Calls of the client's `write`, and their bytes. */
  readonly writes: number
  readonly written: number
  /** Segments and bytes handed to the client. */
  readonly segments: number
  readonly delivered: number
  /** Bytes that were sent and not yet handed to the client, because the client brakes or does not listen yet. */
  readonly undelivered: number
  /** Bytes the client has written and the server has not taken. */
  readonly untaken: number
  /** How often the client put its brake on. */
  readonly pauses: number
}

/** The server's end of a pair. */
export interface ServerEnd {
  /** Sends one segment: the client gets it as one chunk. Nothing happens for an empty one, or after the end. */
  readonly send: (bytes: Uint8Array) => void
  /** Sends segments of at most `size` bytes. */
  readonly sendSliced: (bytes: Uint8Array, size: number) => void
  /** Waits for the client's next write and takes it; `undefined` once the client has ended or hung up. */
  readonly take: Effect.Effect<Uint8Array | undefined>
  /** Ends the stream in an orderly way, behind what was sent before. */
  readonly hangUp: () => void
  /** Breaks the stream behind what was sent before; the client gets `failure`, by default `ECONNRESET`. */
  readonly reset: (failure?: TransportFailure) => void
  /** Whether the client has its brake on. */
  readonly paused: () => boolean
  /** Waits until the client's brake is on, or off. */
  readonly untilPaused: (paused: boolean) => Effect.Effect<void>
  /** Waits until the client has been handed everything sent, or has hung up. */
  readonly delivered: Effect.Effect<void>
  /** Waits until the client has ended or hung up. What it wrote before may still be taken. */
  readonly ended: Effect.Effect<void>
  readonly client: () => ClientState
  readonly counts: () => Counts
}

/** Both ends of a link in memory. */
export interface Pair {
  readonly client: Link
  readonly server: ServerEnd
}

/** Settings of a pair. */
export interface Options {
  /** Name of the link, for messages. */
  readonly address?: string
  /** Untaken bytes from which on the client's `write` answers false. Default 65,536. */
  readonly sendBuffer?: number
}

const connectionReset: TransportFailure = {
  _tag: "TransportFailure",
  code: "ECONNRESET",
  message: "connection reset by the other side (ECONNRESET)"
}

/** A new pair. */
export const make = (options: Options = {}): Pair => {
  const sendBuffer = options.sendBuffer ?? 65_536
  const toClient: Array<Uint8Array> = []
  const toServer: Array<Uint8Array> = []
  const counts = { writes: 0, written: 0, segments: 0, delivered: 0, undelivered: 0, untaken: 0, pauses: 0 }
  let handlers: LinkHandlers | undefined
  let told: LinkHandlers | undefined
  let braked = false
  let wantsDrain = false
  let scheduled = false
  let client: ClientState = "open"
  /** Set once the server has hung up or reset. */
  let end: { readonly failure: TransportFailure | undefined } | undefined

  // Waiters are re-checked whenever anything changes: few at a time, and always in the order they came.
  const waiters = new Set<() => void>()
  const changed = (): void => {
    for (const check of [...waiters]) check()
  }
  const waitFor = <A>(ready: () => { readonly value: A } | undefined): Effect.Effect<A> =>
    Effect.async((resume) => {
      const check = (): void => {
        const found = ready()
        if (found === undefined) return
        waiters.delete(check)
        resume(Effect.succeed(found.value))
      }
      waiters.add(check)
      check()
      return Effect.sync(() => waiters.delete(check))
    })
  const until = (condition: () => boolean): Effect.Effect<void> =>
    waitFor(() => (condition() ? { value: undefined } : undefined))

  const deliverable = (): boolean =>
    handlers !== undefined && !braked && (toClient.length > 0 || (end !== undefined && told !== handlers))

  const schedule = (): void => {
    if (scheduled || !deliverable()) return
    scheduled = true
    queueMicrotask(deliver)
  }

  const deliver = (): void => {
    scheduled = false
    if (handlers === undefined || !deliverable()) return
    const segment = toClient.shift()
    if (segment !== undefined) {
      counts.segments++
      counts.delivered += segment.length
      counts.undelivered -= segment.length
      handlers.onData(segment)
    } else if (end !== undefined) {
      told = handlers
      handlers.onEnd(end.failure)
    }
    changed()
    schedule()
  }

  const drained = (): void => {
    if (!wantsDrain || counts.untaken > 0) return
    wantsDrain = false
    queueMicrotask(() => handlers?.onDrain())
  }

  const close = (how: TransportFailure | undefined): void => {
    if (end !== undefined) return
    end = { failure: how }
    schedule()
    changed()
  }

  const server: ServerEnd = {
    send: (bytes) => {
      if (bytes.length === 0 || end !== undefined || client === "destroyed") return
      toClient.push(bytes.slice()) // the receiver owns what it is handed
      counts.undelivered += bytes.length
      schedule()
    },
    sendSliced: (bytes, size) => {
      for (let at = 0; at < bytes.length; at += Math.max(1, size)) {
        server.send(bytes.subarray(at, at + Math.max(1, size)))
      }
    },
    take: waitFor(() => {
      const bytes = toServer.shift()
      if (bytes === undefined) return client === "open" ? undefined : { value: undefined }
      counts.untaken -= bytes.length
      drained()
      return { value: bytes }
    }),
    hangUp: () => close(undefined),
    reset: (failure = connectionReset) => close(failure),
    paused: () => braked,
    untilPaused: (paused) => until(() => braked === paused),
    delivered: until(() => toClient.length === 0),
    ended: until(() => client !== "open"),
    client: () => client,
    counts: () => ({ ...counts })
  }

  const link: Link = {
    address: options.address ?? "memory",
    listen: (next) => {
      if (client === "destroyed") return
      handlers = next
      schedule()
    },
    pause: () => {
      if (braked) return
      braked = true
      counts.pauses++
      changed()
    },
    resume: () => {
      if (!braked) return
      braked = false
      schedule()
      changed()
    },
    write: (bytes) => {
      if (client !== "open" || end !== undefined || bytes.length === 0) return true
      toServer.push(bytes)
      counts.writes++
      counts.written += bytes.length
      counts.untaken += bytes.length
      changed()
      if (counts.untaken < sendBuffer) return true
      wantsDrain = true
      return false
    },
    end: () => {
      if (client !== "open") return
      client = "ended"
      changed()
    },
    destroy: () => {
      client = "destroyed"
      handlers = undefined
      toClient.length = 0
      counts.undelivered = 0
      changed()
    }
  }
  return { client: link, server }
}

/** What the server does with one connection. */
export type Serve = (server: ServerEnd) => Effect.Effect<void>

/**
 * A transport whose every `open` asks `accept` for a server, or for the failure of the attempt. The servers run in
 * fibers of the scope in which the transport was made, so that they may look at how the client hung up; when it closes, they are
 * interrupted.
 */
export const transport = (
  accept: (address: Address) => Effect.Effect<Serve, TransportFailure>,
  options: Options = {}
): Effect.Effect<Transport["Type"], never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => ({
    open: (address) =>
      Effect.gen(function* () {
        const serve = yield* accept(address)
        const pair = make({ address: describe(address), ...options })
        // Acquiring is uninterruptible, and so may be the fiber that opens; the server must not be, or its scope never closes.
        const serving = Effect.forkIn(Effect.interruptible(serve(pair.server)), scope)
        yield* Effect.acquireRelease(serving, () => Effect.sync(pair.client.destroy))
        return pair.client
      })
  }))

/** `transport` as a layer. */
export const layer = (
  accept: (address: Address) => Effect.Effect<Serve, TransportFailure>,
  options: Options = {}
): Layer.Layer<Transport> => Layer.scoped(Transport, transport(accept, options))
