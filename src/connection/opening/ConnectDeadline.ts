/** The deadline of one address, shared by all ways to it: socket, encryption and login together. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import { PgTimeoutError } from "../../model/PgError.js"

export class ConnectDeadline {
  private from: number | undefined

  /** It begins with the first use. `address` is for the error. */
  constructor(
    private readonly limit: Duration.Duration,
    private readonly address: string
  ) {}

  /**
   * Runs with `environment` for the time that is left. When the time is over, or the caller is interrupted, the effect is
   * interrupted, and the caller waits for its finalizers.
   */
  within<A, E, R>(
    effect: Either.Either<A, E> | Effect.Effect<A, E, R>,
    environment: Context.Context<R>
  ): Effect.Effect<A, E | PgTimeoutError> {
    // What is known already needs no timer.
    if (Either.isEither(effect)) return effect
    if (!Duration.isFinite(this.limit)) return Effect.provide(effect, environment)
    const millis = Duration.toMillis(this.limit)
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.from ??= now
      const late = (): PgTimeoutError =>
        new PgTimeoutError({
          deadline: "connect",
          millis,
          sent: false,
          during: `connecting to ${this.address}`
        })
      return raced(effect, environment, Math.max(0, this.from + millis - now), late)
    })
  }
}

/**
 * `Effect.timeoutFail` for an effect that needs an environment and leaves its fiber's settings alone. That one joins the
 * fibers' settings, for which it looks at every one of them, and waits for the timer to be gone: a sixth of what opening a
 * session costs a young process.
 */
const raced = <A, E, R, F>(
  effect: Effect.Effect<A, E, R>,
  environment: Context.Context<R>,
  millis: number,
  late: () => F
): Effect.Effect<A, E | F> =>
  Effect.flatMap(Effect.runtime<never>(), (runtime) =>
    Effect.async<A, E | F>((resume) => {
      const { context, fiberRefs, runtimeFlags } = runtime
      const work = Runtime.runFork(
        Runtime.make({ context: Context.merge(context, environment), fiberRefs, runtimeFlags }),
        effect
      )
      const timer = Runtime.runFork(runtime, Effect.interruptible(Effect.sleep(millis)))
      let isLate = false
      work.addObserver((exit) => {
        timer.unsafeInterruptAsFork(work.id())
        const stopped = isLate && Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)
        resume(stopped ? Effect.fail(late()) : exit)
      })
      timer.addObserver((exit) => {
        if (Exit.isFailure(exit)) return
        isLate = true
        work.unsafeInterruptAsFork(timer.id())
      })
      return Effect.zipRight(Fiber.interrupt(timer), Fiber.interrupt(work))
    })
  )
