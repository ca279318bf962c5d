/** One connection through a simulated network: two directions, each a fiber that delivers in order and when it is time. */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { TransportFailure } from "../model/PgError.js"
import type { Link, LinkHandlers } from "../net/Transport.js"
import type { NetworkConditions } from "./NetworkConditions.js"
import type { SeededRandom } from "./SeededRandom.js"

type Parcel =
  | { readonly _tag: "Data"; readonly bytes: Uint8Array; readonly sent: number }
  | { readonly _tag: "End"; readonly failure: TransportFailure | undefined }
  | { readonly _tag: "Destroyed" }

/** What waits to be delivered in one direction. */
class Road {
  readonly parcels: Array<Parcel> = []
  private wake: (() => void) | undefined

  push(parcel: Parcel): void {
    this.parcels.push(parcel)
    this.changed()
  }

  changed(): void {
    const wake = this.wake
    this.wake = undefined
    wake?.()
  }

  /** Waits until the condition holds; it is looked at again after each change. */
  until(condition: () => boolean): Effect.Effect<void> {
    return Effect.suspend(() =>
      condition()
        ? Effect.void
        : Effect.zipRight(
            Effect.async<void>((resume) => {
              if (condition()) return resume(Effect.void)
              const wake = (): void => resume(Effect.void)
              this.wake = wake
            }),
            this.until(condition)
          )
    )
  }
}

export const connectionReset: TransportFailure = {
  _tag: "TransportFailure",
  code: "ECONNRESET",
  message: "connection reset by the simulated network (ECONNRESET)"
}

export class SimulatedLink {
  private readonly toClient = new Road()
  private readonly toServer = new Road()
  private handlers: LinkHandlers | undefined
  private isBraked = false
  /** The client has hung up. */
  private isDestroyed = false
  /** The client has received the end of the connection. */
  private isEnded = false
  /** Nothing passes any more, and neither side knows. */
  isHalfOpen = false

  constructor(
    private readonly server: Link,
    private readonly clock: Clock.Clock,
    private readonly random: SeededRandom,
    private readonly conditions: () => NetworkConditions
  ) {}

  private data(bytes: Uint8Array): Parcel {
    return { _tag: "Data", bytes, sent: this.clock.unsafeCurrentTimeMillis() }
  }

  /** The client's end. */
  get client(): Link {
    return {
      address: this.server.address,
      listen: (handlers) => {
        this.handlers = handlers
        this.toClient.changed()
      },
      pause: () => {
        this.isBraked = true
        this.server.pause()
      },
      resume: () => {
        this.isBraked = false
        this.server.resume()
        this.toClient.changed()
      },
      write: (bytes) => {
        if (!this.isDestroyed && !this.isEnded) this.toServer.push(this.data(bytes.slice()))
        return true
      },
      end: () => this.toServer.push({ _tag: "End", failure: undefined }),
      destroy: () => {
        if (this.isDestroyed) return
        this.isDestroyed = true
        this.handlers = undefined
        this.toServer.push({ _tag: "Destroyed" })
        this.toClient.changed()
      }
    }
  }

  /** Ends the connection for both sides, at once. */
  break(failure: TransportFailure | undefined): void {
    if (this.isDestroyed || this.isEnded) return
    this.toClient.parcels.length = 0
    this.toServer.parcels.length = 0
    this.toServer.push({ _tag: "Destroyed" })
    this.toClient.push({ _tag: "End", failure })
  }

  /** Carries what both sides send, until the client has hung up or knows that the connection has ended. */
  get carry(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.server.listen({
        onData: (chunk) => this.toClient.push(this.data(chunk)),
        onEnd: (failure) => this.toClient.push({ _tag: "End", failure }),
        onDrain: () => {}
      })
      return Effect.all([this.carryToClient, this.carryToServer], {
        concurrency: "unbounded",
        discard: true
      })
    })
  }

  /** What happens to a piece before it is delivered; false when it is not delivered any more. */
  private pass(sent: number): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const { random } = this
      const conditions = this.conditions()
      if (random.happens(conditions.halfOpen ?? 0)) this.isHalfOpen = true
      if (this.isHalfOpen) return Effect.succeed(false)
      const isCut = random.happens(conditions.cut ?? 0)
      if (isCut || random.happens(conditions.reset ?? 0)) {
        this.break(isCut ? undefined : connectionReset)
        return Effect.succeed(false)
      }
      const most = Duration.toMillis(conditions.latency ?? 0)
      const least = Math.min(most, Duration.toMillis(conditions.minLatency ?? most))
      const stalled = random.happens(conditions.stall ?? 0)
        ? Duration.toMillis(conditions.stallTime ?? "1 second")
        : 0
      const way = least + (most > least ? random.below(most - least + 1) : 0) + stalled
      const wait = sent + way - this.clock.unsafeCurrentTimeMillis()
      return Effect.as(wait > 0 ? this.clock.sleep(Duration.millis(wait)) : Effect.void, true)
    })
  }

  /** In pieces, each of which the network looks at by itself. */
  private pieces(bytes: Uint8Array): ReadonlyArray<Uint8Array> {
    const { slice } = this.conditions()
    if (slice === undefined || bytes.length <= 1) return [bytes]
    const pieces: Array<Uint8Array> = []
    for (let at = 0; at < bytes.length;) {
      const size = 1 + this.random.below(Math.max(1, slice))
      pieces.push(bytes.slice(at, at + size))
      at += size
    }
    return pieces
  }

  private get carryToClient(): Effect.Effect<void> {
    const road = this.toClient
    const isReady = (): boolean =>
      this.isDestroyed || (road.parcels.length > 0 && this.handlers !== undefined && !this.isBraked)
    const deliver = (bytes: Uint8Array): Effect.Effect<void> =>
      Effect.map(
        road.until(() => this.isDestroyed || (this.handlers !== undefined && !this.isBraked)),
        () => {
          if (!this.isHalfOpen && !this.isEnded) this.handlers?.onData(bytes)
        }
      )
    const next: Effect.Effect<void> = Effect.flatMap(road.until(isReady), () => {
      if (this.isDestroyed || this.isEnded) return Effect.void
      const parcel = road.parcels.shift()!
      if (parcel._tag === "Data") {
        return Effect.zipRight(
          Effect.forEach(
            this.pieces(parcel.bytes),
            (piece) =>
              Effect.flatMap(this.pass(parcel.sent), (passes) => (passes ? deliver(piece) : Effect.void)),
            { discard: true }
          ),
          next
        )
      }
      if (this.isHalfOpen) return next
      this.isEnded = true
      if (parcel._tag === "End") this.handlers?.onEnd(parcel.failure)
      return Effect.void
    })
    return next
  }

  private get carryToServer(): Effect.Effect<void> {
    const road = this.toServer
    const next: Effect.Effect<void> = Effect.flatMap(
      road.until(() => road.parcels.length > 0),
      () => {
        const parcel = road.parcels.shift()!
        switch (parcel._tag) {
          case "Data":
            return Effect.zipRight(
              Effect.forEach(
                this.pieces(parcel.bytes),
                (piece) =>
                  Effect.map(this.pass(parcel.sent), (passes) => {
                    if (passes && !this.isHalfOpen) this.server.write(piece)
                  }),
                { discard: true }
              ),
              next
            )
          case "End":
            if (!this.isHalfOpen) this.server.end()
            return next
          case "Destroyed":
            // A host that has vanished sends nothing: the server's side stays open.
            if (!this.isHalfOpen) this.server.destroy()
            return Effect.void
        }
      }
    )
    return next
  }
}
