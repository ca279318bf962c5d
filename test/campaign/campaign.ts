/**
 * What campaigns share: a size, a seed that is printed and can be given again, and randomness from it.
 *
 * `CAMPAIGN_SIZE`: `small` (the default), `full`, or a number of rounds. `CAMPAIGN_SEED`: a whole number.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { randomInt } from "node:crypto"

const given = process.env["CAMPAIGN_SIZE"] ?? "small"

/** How many rounds a campaign makes. */
export const rounds = (sizes: { readonly small: number; readonly full: number }): number => {
  if (given === "small" || given === "") return sizes.small
  if (given === "full") return sizes.full
  const count = Number(given)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`CAMPAIGN_SIZE: small, full or a number, not ${given}`)
  return count
}

export const isFull = given === "full"

export const seed = Number(process.env["CAMPAIGN_SEED"] ?? randomInt(2 ** 31))

/** Prints how to repeat the same run. */
export const announce = (what: string): void => {
  process.stdout.write(`campaign ${what}: CAMPAIGN_SEED=${seed} CAMPAIGN_SIZE=${given}\n`)
}

export interface Random {
  /** From 0 up to, but not including, 1. */
  readonly next: () => number
  /** A whole number from `least` to `most`. */
  readonly whole: (least: number, most: number) => number
  readonly pick: <A>(of: ReadonlyArray<A>) => A
}

/** Mulberry32: small, and good enough to choose places and times. `stream` separates independent users. */
export const randomOf = (stream: number): Random => {
  let state = (seed ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return { next, whole, pick: (of) => of[whole(0, of.length - 1)]! }
}

/** Runs an effect on a clock that goes `times` faster than the real one: deadlines of seconds pass in a moment. */
export const faster = (times: number) => {
  const real = Clock.make()
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => real.unsafeCurrentTimeMillis(),
    unsafeCurrentTimeNanos: () => real.unsafeCurrentTimeNanos(),
    currentTimeMillis: real.currentTimeMillis,
    currentTimeNanos: real.currentTimeNanos,
    sleep: (duration) => real.sleep(Duration.times(duration, 1 / times))
  }
  return Effect.withClock(clock)
}

/** Unhandled rejections while the effect ran. */
export const unhandled = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<unknown>, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const seen: Array<unknown> = []
      const listen = (reason: unknown): void => void seen.push(reason)
      process.on("unhandledRejection", listen)
      process.on("uncaughtExceptionMonitor", listen)
      return { seen, listen }
    }),
    ({ seen }) => Effect.as(effect, seen),
    ({ listen }) =>
      Effect.sync(() => {
        process.off("unhandledRejection", listen)
        process.off("uncaughtExceptionMonitor", listen)
      })
  )
