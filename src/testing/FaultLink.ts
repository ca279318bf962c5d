/** One proxied connection: two directions, each a fiber that reads, does harm, and writes. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import { setImmediate as turnOfLoop } from "node:timers/promises"
import type { DirectionFault, Fault } from "./Fault.js"
import type { ProxySocket } from "./ProxySocket.js"

export type LinkDirection = "toServer" | "toClient"
type Ending = "cut" | "reset"

export interface FaultLink {
  readonly index: number
  /** Until both sides are closed. Interrupting resets them. */
  readonly run: Effect.Effect<void>
  readonly setFault: (fault: Fault) => void
  readonly end: (how: Ending) => Effect.Effect<void>
}

export interface Options {
  readonly index: number
  readonly client: ProxySocket
  readonly server: ProxySocket
  readonly fault: Fault
  readonly count: (direction: LinkDirection, bytes: number) => void
}

/** The fault of one direction while it is in force: `changed` is done when another takes its place. */
interface Current {
  readonly fault: DirectionFault
  passed: number
  readonly changed: Deferred.Deferred<void>
}

const current = (fault: DirectionFault | undefined): Current => ({
  fault: fault ?? {},
  passed: 0,
  changed: Deferred.unsafeMake(FiberId.none)
})

/**
 * Lets a reader in this process take a piece before the next is written: a whole turn of the loop, not a time. Two
 * immediates, because the first may run before sockets are looked at again.
 */
const turn = Effect.promise(() => turnOfLoop().then(() => turnOfLoop()))

type Due = Ending | "stall" | undefined

const due = ({ fault, passed }: Current): Due => {
  if (fault.cutAfter !== undefined && passed >= fault.cutAfter) return "cut"
  if (fault.resetAfter !== undefined && passed >= fault.resetAfter) return "reset"
  if (fault.stallAfter !== undefined && passed >= fault.stallAfter) return "stall"
  return undefined
}

/** How many bytes may be written in one piece. */
const pieceSize = ({ fault, passed }: Current, available: number): number => {
  const { cutAfter = Infinity, resetAfter = Infinity, slice = Infinity, stallAfter = Infinity } = fault
  return Math.min(available, Math.max(slice, 1), Math.min(cutAfter, resetAfter, stallAfter) - passed)
}

export const make = (options: Options): FaultLink => {
  const { client, server } = options
  const now = { toServer: current(options.fault.toServer), toClient: current(options.fault.toClient) }
  /** Done when either side ends the connection. */
  const ending = Deferred.unsafeMake<Ending>(FiberId.none)
  const end = (how: Ending) => Effect.asVoid(Deferred.succeed(ending, how))

  /** Passes when the next byte may move: stalls until another fault comes, ends the link when that is due. */
  const gate = (direction: LinkDirection): Effect.Effect<void> =>
    Effect.suspend(() => {
      const what = due(now[direction])
      if (what === undefined) return Effect.void
      if (what === "stall") return Effect.zipRight(Deferred.await(now[direction].changed), gate(direction))
      return Effect.zipRight(end(what), Effect.never)
    })

  const pass = Effect.fnUntraced(function* (direction: LinkDirection, to: ProxySocket, chunk: Uint8Array) {
    const { delay } = now[direction].fault
    if (delay !== undefined) yield* Effect.sleep(delay)
    for (let offset = 0; offset < chunk.length;) {
      yield* gate(direction)
      const state = now[direction]
      const size = pieceSize(state, chunk.length - offset)
      yield* to.write(chunk.subarray(offset, offset + size))
      offset += size
      state.passed += size
      options.count(direction, size)
      if (state.fault.slice !== undefined) yield* turn
      const rate = state.fault.bytesPerSecond
      if (rate !== undefined) yield* Effect.sleep(Duration.millis((size / rate) * 1000))
    }
  })

  /** A reset of one side is a reset of the other, an ended half an ended half. */
  const pump = (direction: LinkDirection, from: ProxySocket, to: ProxySocket): Effect.Effect<void> =>
    Effect.gen(function* () {
      for (;;) {
        yield* gate(direction)
        yield* Effect.raceFirst(from.readable, Deferred.await(now[direction].changed))
        const next = yield* from.take
        if (next._tag === "End") return yield* to.end
        if (next._tag === "Chunk") yield* pass(direction, to, next.bytes)
      }
    }).pipe(Effect.catchAll(() => end("reset")))

  const reset = Effect.zipRight(client.reset, server.reset)
  /** A reader that finds bytes and a reset at once may see an ordinary end: it gets a turn for the bytes first. */
  const finish = (how: Ending): Effect.Effect<void> =>
    how === "reset"
      ? Effect.zipRight(turn, reset)
      : Effect.all([client.end, server.end, client.drain, server.drain], {
          concurrency: "unbounded",
          discard: true
        })
  const run = Effect.all([pump("toServer", client, server), pump("toClient", server, client)], {
    concurrency: "unbounded",
    discard: true
  }).pipe(
    Effect.as("done" as const),
    Effect.raceFirst(Deferred.await(ending)),
    Effect.flatMap((how) => (how === "done" ? Effect.void : finish(how))),
    Effect.onInterrupt(() => reset)
  )
  return {
    index: options.index,
    run,
    end,
    setFault: (fault) => {
      const before = { ...now }
      now.toServer = current(fault.toServer)
      now.toClient = current(fault.toClient)
      for (const { changed } of [before.toServer, before.toClient]) Deferred.unsafeDone(changed, Effect.void)
    }
  }
}
