/**
 * A loopback proxy that does to a connection what networks do: ends it in the middle, resets it, goes silent, cuts the
 * stream into small pieces, is slow. Between a client and a real server it shows what the client makes of that.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"
import type { Fault } from "./Fault.js"
import * as FaultLink from "./FaultLink.js"
import * as FreePort from "./FreePort.js"
import * as ProxySocket from "./ProxySocket.js"

export type { DirectionFault, Fault } from "./Fault.js"

/** One fault for all, or one for each connection, counted from 0 in the order of arrival. */
export type Faults = Fault | ((connection: number) => Fault)

/** Where the proxy leads, and what it does to connections from the beginning. */
export interface Options {
  /** Where the real server listens. */
  readonly target: { readonly host: string; readonly port: number } | { readonly path: string }
  /** Unset, nothing is harmed. */
  readonly faults?: Faults
}

/** How many bytes have passed in each direction. */
export interface Bytes {
  readonly toServer: number
  readonly toClient: number
}

/** A proxy on the loopback that harms what passes through it. Closing its scope closes every connection. */
export interface FaultProxy {
  /** `127.0.0.1`. */
  readonly host: string
  readonly port: number
  /** How many connections have arrived so far, and how many of them are open. */
  readonly connections: Effect.Effect<{ readonly arrived: number; readonly open: number }>
  /** Bytes passed on so far, by all connections together. */
  readonly bytes: Effect.Effect<Bytes>
  /** Replaces the faults of open and of future connections. What a former fault held back moves on. */
  readonly setFault: (faults: Faults) => Effect.Effect<void>
  /** Ends all open connections, by RST by default; new ones are welcome. */
  readonly dropAll: (how?: "cut" | "reset") => Effect.Effect<void>
  /** While true the proxy does not listen: connecting fails with ECONNREFUSED. Open connections stay. */
  readonly refuse: (refuse: boolean) => Effect.Effect<void>
  /** New connections go to this server. Open connections stay. */
  readonly retarget: (target: Options["target"]) => Effect.Effect<void>
}

const host = "127.0.0.1"

const listen = (server: NodeNet.Server, port: number): Effect.Effect<void, Error> =>
  Effect.async((resume) => {
    server.once("error", (error) => resume(Effect.fail(error)))
    server.listen({ host, port, exclusive: true }, () => resume(Effect.void))
  })

/**
 * Starts a proxy on a free loopback port. Closing the scope stops listening and resets what is open.
 */
export const make = Effect.fn("FaultProxy.make")(function* (
  options: Options
): Effect.fn.Return<FaultProxy, never, Scope.Scope> {
  const links = new Set<FaultLink.FaultLink>()
  const totals = { toServer: 0, toClient: 0 }
  let arrived = 0
  let faults: Faults = options.faults ?? {}
  let address = options.target
  const faultOf = (index: number): Fault => (typeof faults === "function" ? faults(index) : faults)
  const fork = yield* FiberSet.makeRuntime<never>()

  const accept = (socket: NodeNet.Socket): void => {
    const index = arrived++
    const target = NodeNet.connect({ ...address, allowHalfOpen: true })
    const link = FaultLink.make({
      index,
      client: ProxySocket.make(socket),
      server: ProxySocket.make(target),
      fault: faultOf(index),
      count: (direction, bytes) => {
        totals[direction] += bytes
      }
    })
    links.add(link)
    fork(
      Effect.ensuring(
        link.run,
        Effect.sync(() => links.delete(link))
      )
    )
  }
  const newServer = () => NodeNet.createServer({ allowHalfOpen: true, noDelay: true }, accept)
  const close = Effect.sync(() => {
    if (server.listening) server.close()
  })

  let server = newServer()
  yield* Effect.addFinalizer(() => close)
  const port = yield* FreePort.find.pipe(
    Effect.tap((port) => listen(server, port)),
    Effect.retry({ times: 5 }),
    Effect.orDie
  )
  const reopen = Effect.suspend(() => {
    if (server.listening) return Effect.void
    server = newServer()
    return Effect.orDie(listen(server, port))
  })

  return {
    host,
    port,
    connections: Effect.sync(() => ({ arrived, open: links.size })),
    bytes: Effect.sync(() => ({ ...totals })),
    setFault: (next) =>
      Effect.sync(() => {
        faults = next
        for (const link of links) link.setFault(faultOf(link.index))
      }),
    dropAll: (how = "reset") => Effect.forEach(links, (link) => link.end(how), { discard: true }),
    refuse: (refuse) => (refuse ? close : reopen),
    retarget: (target) =>
      Effect.sync(() => {
        address = target
      })
  }
})
