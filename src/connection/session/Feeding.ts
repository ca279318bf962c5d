/**
 * Copies that are being fed. What the source of a copy asks of the very connection that it feeds would wait for the copy, and the
 * copy for the source.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { PgUsageError } from "../../model/PgError.js"
import type { Core } from "./Core.js"

/** The connections that a fiber is, or was forked in, the source of. */
const fed: FiberRef.FiberRef<ReadonlyArray<Core>> = FiberRef.unsafeMake<ReadonlyArray<Core>>([])

/** Runs the source of a copy into this connection. */
export const feeding = <A, E, R>(core: Core, source: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => core.feeds++),
    () => Effect.locallyWith(source, fed, (cores) => [...cores, core]),
    () => Effect.sync(() => core.feeds--)
  )

/** Whether the fiber is the source of a copy into the connection, or was forked in one. */
export const isFeeding = (core: Core, fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean =>
  core.feeds > 0 && fiber.getFiberRef(fed).includes(core)

/** Why the source of a copy may not use the connection. */
export const refusal = (sql: string): PgUsageError =>
  new PgUsageError({
    operation: "copyFrom",
    argument: "source",
    reason:
      "must not use the connection that it feeds, each would wait for the other: read through another connection",
    sql
  })

/** Fails with it. */
export const guard = (core: Core, sql: string): Effect.Effect<void, PgUsageError> =>
  Effect.withFiberRuntime((fiber) => (isFeeding(core, fiber) ? Effect.fail(refusal(sql)) : Effect.void))
