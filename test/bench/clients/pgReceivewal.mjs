/** `pg_receivewal`, which comes with the server's client programs: the log as segment files. */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { timed } from "./timed.mjs"

/** Debian keeps each version's programs in a folder of its own; the one on `PATH` is a script that looks for them. */
const debian = "/usr/lib/postgresql/15/bin/pg_receivewal"
const program = existsSync(debian) ? debian : "pg_receivewal"

/** What a process of this machine has used, in milliseconds; Linux counts in hundredths of a second. */
const cpuOf = (pid) => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}

export const open = async ({ host, port, user }) => {
  if (spawnSync(program, ["--version"]).error !== undefined) return undefined
  let cpuMs = 0
  const argumentsOf = ({ application, end, folder, slot, synchronous }) => [
    ...["-D", folder, "--slot", slot, "--no-loop"],
    ...["-d", `host=${host} port=${port} user=${user} application_name=${application}`],
    ...(end === undefined ? [] : ["--endpos", end]),
    ...(synchronous === true ? ["--synchronous"] : [])
  ]
  return {
    archive: async (log) => {
      if (log.end !== undefined) {
        const done = timed(program, argumentsOf(log)).then((used) => void (cpuMs += used))
        return { done, isOutside: true }
      }
      const child = spawn(program, argumentsOf(log), { stdio: ["ignore", "inherit", "inherit"] })
      const ended = new Promise((resolve) => child.on("close", resolve))
      return {
        pid: child.pid,
        cpuMs: () => cpuOf(child.pid),
        stop: async () => {
          child.kill("SIGINT")
          await Promise.race([ended, sleep(5000)])
        }
      }
    },
    cpuMs: () => cpuMs,
    close: async () => {}
  }
}
