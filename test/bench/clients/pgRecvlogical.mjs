/** `pg_recvlogical`, which comes with the server: it writes what it gets to /dev/null, unread. */
import { spawn, spawnSync } from "node:child_process"

const program = "pg_recvlogical"

/** The shell tells what the program used: `0m0.123s 0m0.045s` of its children, after its own. */
const millis = (line) =>
  [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + (Number(m) * 60 + Number(s)) * 1000,
    0
  )

const run = (args) =>
  new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", `${program} "$@" >&2 && times`, program, ...args], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let text = ""
    child.stdout.on("data", (chunk) => (text += chunk))
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0 ? resolve(millis(text.split("\n")[1] ?? "")) : reject(new Error(`it ended with ${code}`))
    )
  })

export const open = async ({ host, port, user, database }) => {
  if (spawnSync(program, ["--version"]).error !== undefined) return undefined
  let cpuMs = 0
  return {
    replicate: async ({ publication, slot, end, items }) => {
      const options = ["proto_version=1", `publication_names=${publication}`, "binary=true"]
      cpuMs += await run([
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
