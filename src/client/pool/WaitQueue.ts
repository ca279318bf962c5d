/**
 * Fibers that wait for something, in the order in which they asked, each for the same longest time. A value that is handed over
 * goes to the fiber that has waited longest, and no other fiber is woken.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** The place of one fiber. */
export interface QueueEntry<A> {
  /** What was handed over. */
  handed: { readonly value: A } | undefined
  /** Called once, when the wait is over: something was handed over, or it has been too long. */
  wake?: (() => void) | undefined
  /** No fiber waits here any more. */
  isOver: boolean
  /** When the wait has been too long, by the clock. */
  end: number
  /** In which order the fibers asked, also those of another queue with the same tickets. */
  ticket: number
}

/** The next number to be given. */
export interface Tickets {
  next: number
}

/** Places in front of the queue that are kept before they are cut off. */
const maxPassed = 64

export class WaitQueue<A> {
  /** Those before `from` are empty: an entry that is over would live as long as the array. */
  private places: Array<QueueEntry<A> | undefined> = []
  private from = 0
  /** How many wait. */
  waiting = 0
  /** Whether waits that are too long are ended: a fiber does that which `waitIn` starts. */
  isWatched = false

  private constructor(
    private readonly patience: number,
    private readonly clock: Clock.Clock,
    private readonly scope: Scope.Scope,
    private readonly tickets: Tickets
  ) {}

  /**
   * `patience`: the longest wait. One fiber of the scope looks after all of them. `tickets`: shared with another queue, so that the
   * order of all is known.
   */
  static make<A>(
    patience: Duration.DurationInput,
    tickets: Tickets = { next: 0 }
  ): Effect.Effect<WaitQueue<A>, never, Scope.Scope> {
    return Effect.zipWith(
      Effect.scope,
      Effect.clock,
      (scope, clock) => new WaitQueue<A>(Math.ceil(Duration.toMillis(patience)), clock, scope, tickets)
    )
  }

  /** The ticket of the fiber that has waited longest; `undefined` when none waits. */
  get firstTicket(): number | undefined {
    return this.waiting === 0 ? undefined : this.oldest()?.ticket
  }

  /** Takes a place at the end, which must be waited in at once by `waitIn`. */
  join(): QueueEntry<A> {
    const place: QueueEntry<A> = {
      handed: undefined,
      wake: undefined,
      isOver: false,
      end: 0,
      ticket: 0
    }
    this.enter(place)
    return place
  }

  /** Puts an entry at the end that is woken without a fiber. The queue must be watched. */
  enter(place: QueueEntry<A>): void {
    place.end = this.clock.unsafeCurrentTimeMillis() + this.patience
    place.ticket = this.tickets.next++
    this.places.push(place)
    this.waiting++
  }

  /**
   * Waits for what is handed over, and fails with `late` when that takes too long. An interruption leaves the queue; a value that
   * was handed over in that very moment is given to `back`. The region must be uninterruptible.
   */
  waitIn<E>(
    place: QueueEntry<A>,
    restore: (effect: Effect.Effect<void>) => Effect.Effect<void>,
    back: (value: A) => Effect.Effect<void>,
    late: () => E
  ): Effect.Effect<A, E> {
    const woken = Effect.async<void>((resume) => {
      const wake = (): void => resume(Effect.void)
      if (place.isOver) wake()
      else place.wake = wake
    })
    const waiting = Effect.matchCauseEffect(restore(woken), {
      onFailure: (cause) => Effect.zipRight(this.leave(place, back), Effect.failCause(cause)),
      onSuccess: () =>
        place.handed === undefined ? Effect.failSync(late) : Effect.succeed(place.handed.value)
    })
    return this.isWatched ? waiting : Effect.zipRight(this.watch, waiting)
  }

  /** To the fiber that has waited longest; false when none waits. */
  hand(value: A): boolean {
    const place = this.oldest()
    if (place === undefined) return false
    this.places[this.from++] = undefined
    place.handed = { value }
    this.end(place)
    return true
  }

  /** Gives up a place in which no fiber waits yet. */
  quit(place: QueueEntry<A>): void {
    if (!place.isOver) this.end(place)
  }

  private end(place: QueueEntry<A>): void {
    place.isOver = true
    this.waiting--
    place.wake?.()
  }

  private leave(place: QueueEntry<A>, back: (value: A) => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (place.handed !== undefined) return back(place.handed.value)
      if (!place.isOver) this.end(place)
      return Effect.void
    })
  }

  private oldest(): QueueEntry<A> | undefined {
    for (; this.from < this.places.length; this.from++) {
      const place = this.places[this.from]
      if (place?.isOver === false) return place
      this.places[this.from] = undefined
      if (this.from > maxPassed && this.from * 2 > this.places.length) {
        this.places = this.places.slice(this.from)
        this.from = 0
      }
    }
    this.places.length = 0
    this.from = 0
    return undefined
  }

  /** Ends the waits that are too long. All are as long, so that the oldest is the first to end. */
  private get watch(): Effect.Effect<void> {
    if (!Number.isFinite(this.patience)) {
      this.isWatched = true
      return Effect.void
    }
    const watching: Effect.Effect<void> = Effect.suspend(() => {
      const now = this.clock.unsafeCurrentTimeMillis()
      const place = this.oldest()
      if (place === undefined) {
        this.isWatched = false
        return Effect.void
      }
      if (place.end > now) return Effect.zipRight(Effect.sleep(Duration.millis(place.end - now)), watching)
      this.end(place)
      return watching
    })
    this.isWatched = true
    return Effect.asVoid(Effect.forkIn(Effect.interruptible(watching), this.scope))
  }
}
