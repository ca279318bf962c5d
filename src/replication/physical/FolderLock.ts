/**
 * The right to write to a folder alone, on this machine. It is a listening socket: the system closes it with the process, however
 * that ends, so that nothing is left behind by SIGKILL. A lock file would be.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"

/** Held until the scope closes. Fails with the code of the system: `EADDRINUSE` while another holds it. */
export const acquire = (key: string): Effect.Effect<void, string, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(listen(pathOf(key)), (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
      })
    )
  )

/** Linux has names for sockets that are no files; elsewhere a file is left after SIGKILL, at which no process listens. */
const pathOf = (key: string): string =>
  process.platform === "linux" ? `\0effect-postgres/${key}` : `/tmp/effect-postgres-${key}.sock`

const listen = (path: string): Effect.Effect<NodeNet.Server, string> =>
  Effect.async((resume) => {
    const server = NodeNet.createServer((socket) => socket.destroy())
    server.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    server.listen(path, () => {
      server.unref()
      resume(Effect.succeed(server))
    })
  })
