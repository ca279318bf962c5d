/** A proxy of ten lines: what it reads from either side it writes to the other. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"
import type { AddressInfo } from "node:net"

type Place = { readonly host: string; readonly port: number }

/** Listens on loopback until the scope closes. */
export const start = ({ host, port }: Place): Effect.Effect<Place, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly server: NodeNet.Server; readonly open: Set<NodeNet.Socket> }>((resume) => {
        const open = new Set<NodeNet.Socket>()
        const server = NodeNet.createServer((near) => {
          const far = NodeNet.connect(port, host)
          for (const [from, to] of [
            [near, far],
            [far, near]
          ] as const) {
            open.add(from)
            from.pipe(to)
            from.on("error", () => to.destroy())
            from.on("close", () => {
              open.delete(from)
              to.destroy()
            })
          }
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, open })))
      }),
      ({ open, server }) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of open) socket.destroy()
        })
    ),
    ({ server }) => ({ host: "127.0.0.1", port: (server.address() as AddressInfo).port })
  )
