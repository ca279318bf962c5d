/** PGlite, PostgreSQL compiled to WebAssembly, behind its socket server: one session for all connections. */
import { PGlite } from "@electric-sql/pglite"
import { PGLiteSocketServer } from "@electric-sql/pglite-socket"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** In memory, on loopback, until the scope closes. `maxConnections`: of its socket server. */
export const start = (
  maxConnections: number
): Effect.Effect<{ readonly host: string; readonly port: number }, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const db = await PGlite.create()
        const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections })
        await server.start()
        return { db, server }
      }),
      ({ db, server }) =>
        Effect.promise(async () => {
          await server.stop()
          await db.close()
        })
    ),
    ({ server }) => ({ host: "127.0.0.1", port: Number(server.getServerConn().split(":").at(-1)) })
  )
