/** `pg_basebackup` and `pg_verifybackup`, which come with the server's client programs. */
import { existsSync } from "node:fs"
import { timed } from "./timed.mjs"

/** Debian keeps each version's programs in a folder of its own. */
const folderOf = "/usr/lib/postgresql/15/bin"

export const open = async ({ host, port, user }) => {
  if (!existsSync(`${folderOf}/pg_basebackup`)) return undefined
  let cpuMs = 0
  const run = async (name, ...words) => {
    cpuMs += await timed(`${folderOf}/${name}`, words)
    return { isOutside: true }
  }
  return {
    backup: ({ folder, format, sync = true }) =>
      run(
        "pg_basebackup",
        ...["-h", host, "-p", String(port), "-U", user, "-c", "fast", "-D", folder],
        ...(format === "archives" ? ["-Ft"] : []),
        ...(sync ? [] : ["-N"])
      ),
    verify: ({ folder }) => run("pg_verifybackup", "-n", folder),
    cpuMs: () => cpuMs,
    close: async () => {}
  }
}
