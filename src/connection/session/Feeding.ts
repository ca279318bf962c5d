/**
 * Copies that are being fed. What the source of a copy asks of the very connection that it feeds would wait for the copy, and the
 * copy for the source.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import type * as Scope from "effect/Scope"
import { PgUsageError } from "../../model/PgError.js"
import type { ConnectionState, Request } from "./ConnectionState.js"
import * as Outbound from "./Outbound.js"

/** One source of a copy, for as long as the copy takes data. */
interface Feed {
  readonly core: ConnectionState
  isOpen: boolean
}

/** The copies that a fiber is, or was forked in, the source of. */
const fed: FiberRef.FiberRef<ReadonlyArray<Feed>> = FiberRef.unsafeMake<ReadonlyArray<Feed>>([])

const open = (core: ConnectionState): Effect.Effect<Feed> =>
  Effect.sync(() => {
    core.feeds++
    return { core, isOpen: true }
  })

const close = (feed: Feed): Effect.Effect<void> =>
  Effect.sync(() => {
    feed.isOpen = false
    feed.core.feeds--
  })

/** Runs the source of a copy into this connection. */
export const feeding = <A, E, R>(
  core: ConnectionState,
  source: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    open(core),
    (feed) => Effect.locallyWith(source, fed, (feeds) => [...feeds, feed]),
    close
  )

/**
 * From here on, until the scope closes, the fiber is the source of a copy into this connection: a sink runs in the fiber of the
 * stream that it ends.
 */
export const begun = (core: ConnectionState): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Effect.acquireRelease(open(core), close), (feed) =>
    FiberRef.update(fed, (feeds) => [...feeds.filter(({ isOpen }) => isOpen), feed])
  )

/** Whether the fiber is the source of a copy into the connection, or was forked in one. */
export const isFeeding = (core: ConnectionState, fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean =>
  core.feeds > 0 && fiber.getFiberRef(fed).some((feed) => feed.core === core && feed.isOpen)

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
export const guard = (core: ConnectionState, sql: string): Effect.Effect<void, PgUsageError> =>
  Effect.withFiberRuntime((fiber) => (isFeeding(core, fiber) ? Effect.fail(refusal(sql)) : Effect.void))

/** Sends the request, unless the fiber feeds the connection: then the request fails. */
export const submit = (
  core: ConnectionState,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  request: Request
): void => {
  if (!isFeeding(core, fiber)) return Outbound.submit(core, request)
  request.fail(refusal(request.sql))
  request.settle(core)
}
