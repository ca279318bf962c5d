/** One connection in place of a pool: it is lent as a pool lends, and never opened again. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgConnection } from "../connection/PgConnection.js"
import type { PgSessionError } from "../model/PgError.js"
import { PgClosedError } from "../model/PgError.js"
import { ConnectionPool } from "./pool/ConnectionPool.js"
import type { PoolOptions } from "./pool/PoolOptions.js"

/** Most statements of other fibers in front of one. */
const depth = 128

const gone = (why: PgSessionError | undefined): PgClosedError =>
  new PgClosedError({
    reason: `the only connection of the client has ended${why === undefined ? "" : `: ${why.message}`}`,
    sent: false,
    server: why instanceof PgClosedError ? why.server : undefined,
    sql: "",
    ended: true
  })

/** Lends the connection. Nothing of it is reset, checked or renewed. */
export const make = (
  connection: PgConnection,
  options: PoolOptions
): Effect.Effect<ConnectionPool, never, Scope.Scope> =>
  Effect.suspend(() => {
    let isTaken = false
    const open = Effect.suspend(() => {
      if (!isTaken) {
        isTaken = true
        return Effect.succeed(connection)
      }
      return Effect.flatMap(Effect.timeoutOption(connection.ended, 0), (why) =>
        Effect.fail(gone(why._tag === "Some" ? why.value : undefined))
      )
    })
    return ConnectionPool.make(
      { config: { maxConnections: 1 }, open: () => open },
      {
        ...options,
        max: 1,
        min: 1,
        multiplex: { depth },
        reset: "none",
        checkAfter: Infinity,
        idleTimeout: Infinity,
        maxLifetime: Infinity
      }
    )
  })
