/**
 * Between the socket's callback and the consumer of a stream: chunks in order, with a bound in bytes at which the socket is
 * paused.
 */
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PgSessionError } from "../../model/PgError.js"
import * as ArrayChunk from "./ArrayChunk.js"
import type { ConnectionState } from "./ConnectionState.js"

/** A chunk; or, as a failure, the end of the stream (none) or what ended it. */
export type Pull<A> = Effect.Effect<Chunk.Chunk<A>, Option.Option<PgSessionError>>

export class StreamBuffer<A> {
  private readonly chunks: Array<ReadonlyArray<A>> = []
  private readonly sizes: Array<number> = []
  private bytes = 0
  private waiter: (() => void) | undefined
  private end: { readonly failure: PgSessionError | undefined } | undefined
  /** Whether it has paused the socket. */
  braked = false
  /** Called when the consumer wants more and nothing is here. */
  onDemand: (() => void) | undefined

  /**
   * `bound`: undelivered bytes at which reading stops; unless given, the connection's own. `whole`: the consumer takes
   * all that is here at once, not a chunk at a time.
   */
  constructor(
    private readonly core: ConnectionState,
    private readonly bound: number = core.streamBufferBytes,
    private readonly whole = false
  ) {}

  /** Whether it has elements that were not taken yet. */
  get isEmpty(): boolean {
    return this.chunks.length === 0
  }

  /** Takes a chunk that weighed `bytes` on the wire; at the bound reading stops. */
  push(chunk: ReadonlyArray<A>, bytes: number): void {
    this.chunks.push(chunk)
    this.sizes.push(bytes)
    this.bytes += bytes
    if (this.waiter !== undefined) this.wake()
    else if (this.bytes >= this.bound) this.brake(true)
  }

  /** Nothing more comes; what is here is still delivered. What comes behind on the wire is for others. */
  finish(failure: PgSessionError | undefined): void {
    this.end = { failure }
    this.brake(false)
    this.wake()
  }

  private brake(on: boolean): void {
    this.braked = on
    this.core.pulse.brake(on)
  }

  /** Asks for more when the consumer waits already. */
  demandIfWaiting(): void {
    if (this.waiter !== undefined && this.chunks.length === 0) this.onDemand?.()
  }

  private wake(): void {
    const waiter = this.waiter
    this.waiter = undefined
    waiter?.()
  }

  private takeAll(): ReadonlyArray<A> {
    const [first] = this.chunks
    const all = this.chunks.length === 1 ? first! : this.chunks.flat()
    this.chunks.length = 0
    this.sizes.length = 0
    return all
  }

  /** What can be returned at once. */
  private next(): Pull<A> | undefined {
    if (this.chunks.length > 0) {
      const chunk = this.whole ? this.takeAll() : this.chunks.shift()!
      this.bytes = this.whole ? 0 : this.bytes - this.sizes.shift()!
      if (this.bytes * 2 < this.bound) this.brake(false)
      return Effect.succeed(ArrayChunk.make(chunk))
    }
    return this.end === undefined ? undefined : Effect.fail(Option.fromNullable(this.end.failure))
  }

  private readonly wait: Pull<A> = Effect.async((resume) => {
    this.onDemand?.()
    const waiter = (): void => resume(this.pull)
    this.waiter = waiter
    // What `onDemand` did may have ended the stream already.
    if (this.chunks.length > 0 || this.end !== undefined) this.wake()
    return Effect.sync(() => {
      this.waiter = undefined
    })
  })

  /**
   * What can be returned at once, else the result of `wait`. When it is time for a turn of the event loop, elements that
   * are here are returned after that turn.
   */
  private orElse(wait: Pull<A>): Pull<A> {
    const given = Effect.suspend(() => this.next() ?? wait)
    return Effect.suspend(() => {
      const { fairness } = this.core
      return this.chunks.length > 0 && fairness.isDue()
        ? Effect.zipRight(fairness.turn, given)
        : (this.next() ?? wait)
    })
  }

  /** The consumer's next chunk. Interrupting it leaves the buffer as it was. */
  readonly pull: Pull<A> = this.orElse(this.wait)

  /** The same, with a bound put on the wait for a chunk that is not there yet. */
  pullWithin(limited: (wait: Pull<A>) => Pull<A>): Pull<A> {
    return this.orElse(limited(this.wait))
  }
}
