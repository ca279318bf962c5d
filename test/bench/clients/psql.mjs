/** `psql`: its `\copy` in the binary format, which reads and writes bytes and no rows. */
import { spawnSync } from "node:child_process"
import { timed } from "./timed.mjs"

const program = "psql"

export const open = async ({ database, host, port, user }) => {
  if (spawnSync(program, ["--version"]).error !== undefined) return undefined
  let cpuMs = 0
  const run = async (command) => {
    cpuMs += await timed(program, [
      ...["-h", host, "-p", String(port), "-U", user, "-d", database],
      ...["-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", command]
    ])
  }
  return {
    copyOut: async ({ items, table }) => {
      await run(`\\copy ${table} to /dev/null (format binary)`)
      return items
    },
    copyIn: async ({ items, path, table }) => {
      await run(`\\copy ${table} from '${path}' (format binary)`)
      return items
    },
    cpuMs: () => cpuMs,
    close: async () => {}
  }
}
