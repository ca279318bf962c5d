/**
 * A network in memory between a client and a server, with latency, slices, stalls, cuts, resets, half-open connections,
 * refused and unanswered openings. A seed decides when each of them happens. All times go by the `Clock` of `make`, so that
 * `TestClock` or `Simulation.simulate` moves them.
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
  /** The seed, a whole number. Default 0. */
  readonly seed?: number
}

/** The handle of a network for a test. */
export interface Network {
  /** The transport for the client, through this network. */
  readonly transport: Transport["Type"]
  /** Replaces the conditions from now on, for open connections too. */
  readonly setConditions: (conditions: NetworkConditions) => Effect.Effect<void>
  /** Ends all open connections in order. */
  readonly cutAll: Effect.Effect<void>
  /** Resets all open connections. */
  readonly resetAll: Effect.Effect<void>
  /** Makes all open connections half-open. */
  readonly dropAll: Effect.Effect<void>
  /** The number of openings, refused and unanswered ones included. */
  readonly openings: Effect.Effect<number>
  /** The number of connections that the client has open. */
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
