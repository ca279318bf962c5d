/**
 * A network between a client and a server in memory, with everything that happens to connections: latency, slices, stalls, cuts,
 * resets, half-open connections, refused and unanswered openings. What happens when follows from a seed, and all times go by the
 * `Clock` of `make`, so that `TestClock` or `Simulation.simulate` moves them.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { TransportFailure } from "../model/PgError.js"
import type { Transport } from "../net/Transport.js"
import type { NetworkConditions } from "./NetworkConditions.js"
import { SeededRandom } from "./SeededRandom.js"
import { connectionReset, SimulatedLink } from "./SimulatedLink.js"

export type { NetworkConditions } from "./NetworkConditions.js"

/** How a network is made. */
export interface NetworkOptions extends NetworkConditions {
  /** A whole number from which all that happens follows. Default 0. */
  readonly seed?: number
}

/** What a test holds of the network. */
export interface Network {
  /** For the client: as the transport underneath, and what the network does to it. */
  readonly transport: Transport["Type"]
  /** Other conditions from now on, for open connections too. They replace those before. */
  readonly setConditions: (conditions: NetworkConditions) => Effect.Effect<void>
  /** Ends all open connections in an orderly way. */
  readonly cutAll: Effect.Effect<void>
  /** Resets all open connections. */
  readonly resetAll: Effect.Effect<void>
  /** All open connections are half-open from now on. */
  readonly dropAll: Effect.Effect<void>
  /** Openings that there have been, refused and unanswered ones too. */
  readonly openings: Effect.Effect<number>
  /** Connections that the client has open. */
  readonly open: Effect.Effect<number>
}

const connectionRefused: TransportFailure = {
  _tag: "TransportFailure",
  code: "ECONNREFUSED",
  message: "connection refused by the simulated network (ECONNREFUSED)"
}

/**
 * A network in front of `transport`, such as that of a `ScriptedServer` or of `MemoryTransport`. Connections are carried by fibers
 * of the scope, and end with it.
 */
export const make = (
  transport: Transport["Type"],
  options: NetworkOptions = {}
): Effect.Effect<Network, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const clock = yield* Effect.clock
    const { seed = 0, ...first } = options
    let conditions: NetworkConditions = first
    let openings = 0
    const links = new Set<SimulatedLink>()

    const open: Transport["Type"]["open"] = (address) =>
      Effect.suspend(() => {
        const random = new SeededRandom(seed, ++openings)
        if (random.happens(conditions.refuse ?? 0)) return Effect.fail(connectionRefused)
        if (random.happens(conditions.unreachable ?? 0)) return Effect.never
        return Effect.uninterruptibleMask((restore) =>
          Effect.gen(function* () {
            const inner = yield* Scope.fork(scope, ExecutionStrategy.sequential)
            const server = yield* Effect.onError(
              restore(Scope.extend(transport.open(address), inner)),
              (cause) => Scope.close(inner, Exit.failCause(cause))
            )
            const link = new SimulatedLink(server, clock, random, () => conditions)
            links.add(link)
            const { client } = link
            // The server's side of a half-open connection stays until the network ends.
            const hangUp = Effect.suspend(() =>
              link.isHalfOpen ? Effect.void : Scope.close(inner, Exit.void)
            )
            yield* Effect.forkIn(Effect.interruptible(Effect.ensuring(link.carry, hangUp)), scope)
            yield* Effect.addFinalizer(() =>
              Effect.sync(() => {
                links.delete(link)
                client.destroy()
              })
            )
            return client
          })
        )
      })

    const each = (harm: (link: SimulatedLink) => void): Effect.Effect<void> =>
      Effect.sync(() => links.forEach(harm))
    return {
      transport: { open },
      setConditions: (next) =>
        Effect.sync(() => {
          conditions = next
        }),
      cutAll: each((link) => link.break(undefined)),
      resetAll: each((link) => link.break(connectionReset)),
      dropAll: each((link) => {
        link.isHalfOpen = true
      }),
      openings: Effect.sync(() => openings),
      open: Effect.sync(() => links.size)
    }
  })
