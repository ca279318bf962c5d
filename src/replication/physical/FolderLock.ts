/**
 * The right to write to a folder alone, on this machine. It is a listening socket: the system closes it with the process, however
 * that ends, so that nothing holds the folder after SIGKILL. A lock file would.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs/promises"
import * as NodeNet from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * Linux has names for sockets that are no files. Elsewhere the socket is a file, which is left after SIGKILL; no process listens at it
 * then, and the next one removes it.
 */
const pathOf = (key: string): string =>
  process.platform === "linux" ? `\0effect-postgres/${key}` : join(tmpdir(), `effect-postgres-${key}.sock`)

/** Held until the scope closes. Fails with the code of the system: `EADDRINUSE` while another process holds it. */
export const acquire = (key: string, path: string = pathOf(key)): Effect.Effect<void, string, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.catchAll(listen(path), (code) =>
        Effect.if(code === "EADDRINUSE" && !path.startsWith("\0") ? isLeft(path) : Effect.succeed(false), {
          onTrue: () => Effect.zipRight(remove(path), listen(path)),
          onFalse: () => Effect.fail(code)
        })
      ),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
        })
    )
  )

const listen = (path: string): Effect.Effect<NodeNet.Server, string> =>
  Effect.async((resume) => {
    const server = NodeNet.createServer((socket) => socket.destroy())
    server.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    server.listen(path, () => {
      server.unref()
      resume(Effect.succeed(server))
    })
  })

/** Whether a socket's file is there at which no process listens. */
const isLeft = (path: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const socket = NodeNet.connect({ path })
    const answer = (left: boolean): void => {
      socket.destroy()
      resume(Effect.succeed(left))
    }
    socket.once("connect", () => answer(false))
    socket.once("error", (error: NodeJS.ErrnoException) => answer(error.code === "ECONNREFUSED"))
  })

const remove = (path: string): Effect.Effect<void> =>
  Effect.ignore(Effect.tryPromise(() => NodeFs.unlink(path)))
