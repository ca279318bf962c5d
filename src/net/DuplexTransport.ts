/** Links over streams of the caller's: a tunnel, a proxy's connector, a pair in memory. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { TransportFailure } from "../model/PgError.js"
import { describe } from "./Address.js"
import * as DuplexLink from "./DuplexLink.js"
import type { Duplex } from "./DuplexLink.js"
import * as SystemFailure from "./SystemFailure.js"
import type { Address } from "./Transport.js"
import { Transport } from "./Transport.js"

export type { Duplex } from "./DuplexLink.js"

/**
 * Makes the stream for an address. It may be handed over while still connecting; it must deliver bytes (no
 * `setEncoding`, no object mode), and nothing else may read from it.
 */
export type OpenDuplex = (address: Address) => Duplex | Effect.Effect<Duplex, unknown, Scope.Scope>

const acquire = (open: OpenDuplex, address: Address): Effect.Effect<Duplex, unknown, Scope.Scope> =>
  Effect.flatten(
    Effect.try({
      try: () => {
        const made = open(address)
        return Effect.isEffect(made) ? made : Effect.succeed(made)
      },
      catch: (error) => error
    })
  )

const connected = (duplex: Duplex): Effect.Effect<void, TransportFailure> => {
  if (!("connecting" in duplex) || duplex.connecting !== true) return Effect.void
  return Effect.async((resume) => {
    const forget = (): void => {
      duplex.off("connect", onConnect)
      duplex.off("error", onError)
      duplex.off("close", onClose)
    }
    const done = (result: Effect.Effect<void, TransportFailure>): void => {
      forget()
      resume(result)
    }
    const onConnect = (): void => done(Effect.void)
    const onError = (error: Error): void => done(Effect.fail(SystemFailure.fromError(error)))
    const onClose = (): void => done(Effect.fail(SystemFailure.fromCode("ERR_STREAM_PREMATURE_CLOSE")))
    duplex.on("connect", onConnect)
    duplex.on("error", onError)
    duplex.on("close", onClose)
    return Effect.sync(forget)
  })
}

/**
 * The transport itself, for a layer of your own.
 *
 * `open` fails with what `open` of the caller threw or failed with; a stream that is still connecting is waited for.
 * Interruption and the scope destroy the stream.
 */
export const make = (open: OpenDuplex): Transport["Type"] => ({
  open: (address) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const duplex = yield* restore(acquire(open, address)).pipe(Effect.mapError(SystemFailure.fromError))
        const link = DuplexLink.make(duplex, describe(address))
        yield* restore(connected(duplex)).pipe(Effect.onError(() => Effect.sync(link.destroy)))
        yield* Effect.addFinalizer(() => Effect.sync(link.destroy))
        return link
      })
    )
})

/** Links over the streams that `open` makes. */
export const layer = (open: OpenDuplex): Layer.Layer<Transport> => Layer.succeed(Transport, make(open))
