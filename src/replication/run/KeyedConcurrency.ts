/**
 * Work that may be done at the same time, except where two pieces have a key in common: those are done one after the other,
 * in the order in which they came.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import type { Keys } from "../feed/ChangeKeys.js"

/** Pieces that may wait for others, for each that is at work. */
const waitingPerWorker = 16

type Done = Deferred.Deferred<void>

export interface KeyedConcurrency<E, R> {
  /** Takes a piece of work; waits while too many are unfinished. */
  readonly submit: (keys: Keys, work: Effect.Effect<void, E, R>) => Effect.Effect<void, never, R>
  /** Waits until everything is done. */
  readonly drain: Effect.Effect<void>
  /** Fails as soon as a piece of work does: what waits for it is never begun. */
  readonly failed: Effect.Effect<never, E>
}

/** Closing the scope interrupts what is unfinished and waits for it. */
export const make = <E, R>(concurrency: number): Effect.Effect<KeyedConcurrency<E, R>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const workers = yield* Effect.makeSemaphore(concurrency)
    const window = yield* Effect.makeSemaphore(concurrency * waitingPerWorker)
    const failed = yield* Deferred.make<never, E>()
    const unfinished = new Set<Done>()
    /** The last piece of each key. */
    const tails = new Map<string, Done>()
    /** The last piece that touches everything. */
    let wall: Done | undefined

    const before = (keys: Keys): ReadonlySet<Done> => {
      if (keys === "all") return new Set(unfinished)
      const found = new Set(keys.flatMap((key) => tails.get(key) ?? []))
      if (wall !== undefined) found.add(wall)
      return found
    }
    const enter = (keys: Keys, done: Done): void => {
      unfinished.add(done)
      if (keys === "all") wall = done
      else for (const key of keys) tails.set(key, done)
    }
    const leave = (keys: Keys, done: Done): Effect.Effect<void> =>
      Effect.suspend(() => {
        unfinished.delete(done)
        if (wall === done) wall = undefined
        if (keys !== "all") for (const key of keys) if (tails.get(key) === done) tails.delete(key)
        return Effect.zipRight(Deferred.succeed(done, undefined), window.release(1))
      })

    return {
      submit: (keys, work) =>
        Effect.zipRight(
          window.take(1),
          Effect.suspend(() => {
            const done = Deferred.unsafeMake<void>(FiberId.none)
            const others = before(keys)
            enter(keys, done)
            return Effect.forEach(others, Deferred.await, { discard: true }).pipe(
              Effect.zipRight(workers.withPermits(1)(work)),
              Effect.matchCauseEffect({
                onFailure: (cause) => Effect.asVoid(Deferred.failCause(failed, cause)),
                onSuccess: () => leave(keys, done)
              }),
              Effect.forkIn(scope),
              Effect.asVoid
            )
          })
        ),
      drain: Effect.suspend(() => Effect.forEach([...unfinished], Deferred.await, { discard: true })),
      failed: Deferred.await(failed)
    }
  })
