/** `pg_recvlogical`, which comes with the server: it writes what it gets to /dev/null, unread. */
import { spawnSync } from "node:child_process"
import { timed } from "./timed.mjs"

const program = "pg_recvlogical"

export const open = async ({ host, port, user, database }) => {
  if (spawnSync(program, ["--version"]).error !== undefined) return undefined
  let cpuMs = 0
  return {
    replicate: async ({ publication, slot, end, items }) => {
      const options = ["proto_version=1", `publication_names=${publication}`, "binary=true"]
      cpuMs += await timed(program, [
        ...["-h", host, "-p", String(port), "-U", user, "-d", database],
        ...["--slot", slot, "--start", "--no-loop", "--endpos", end, "-f", "/dev/null"],
        ...options.flatMap((option) => ["-o", option])
      ])
      return items
    },
    cpuMs: () => cpuMs,
    close: async () => {}
  }
}
