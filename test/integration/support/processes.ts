/** Looking at processes from outside, and running programs of ours as children. */
import * as Effect from "effect/Effect"
import * as NodeChildProcess from "node:child_process"
import * as NodeFs from "node:fs"
import { fileURLToPath } from "node:url"

/** Whether a process runs. One that has ended but was not waited for does not. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
  try {
    return !/\) [ZX] /.test(NodeFs.readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return NodeFs.existsSync("/proc/self/stat") ? false : true
  }
}

/** The uid a process runs under; where there is no `/proc`, that of the folder's owner must do. */
export const ownerOf = (pid: number): number => NodeFs.statSync(`/proc/${pid}`).uid

/** Ids of the processes whose command line contains `text`. Needs `/proc`. */
export const mentioning = (text: string): ReadonlyArray<number> =>
  NodeFs.readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return NodeFs.readFileSync(`/proc/${name}/cmdline`, "latin1").includes(text)
      } catch {
        return false
      }
    })
    .map(Number)

export interface Child {
  /** The first line it prints; fails with everything it printed when it ends before. */
  readonly firstLine: Effect.Effect<string, Error>
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  readonly tell: (text: string) => Effect.Effect<void>
  readonly ended: Effect.Effect<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** Runs a TypeScript program of this folder under Node, killed when the scope closes. */
export const runScript = (
  script: string,
  args: ReadonlyArray<string>,
  user: { readonly uid?: number; readonly gid?: number } = {}
) =>
  Effect.acquireRelease(
    Effect.sync((): Child & { readonly stop: () => void } => {
      const path = fileURLToPath(new URL(script, import.meta.url))
      const child = NodeChildProcess.spawn(process.execPath, ["--import", "tsx", path, ...args], {
        ...user,
        stdio: ["pipe", "pipe", "pipe"]
      })
      let output = ""
      const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
        child.on("close", (code, signal) => resolve({ code, signal }))
      )
      const line = new Promise<string>((resolve, reject) => {
        const collect = (chunk: Buffer) => {
          output += chunk.toString("utf8")
          const match = /^(\{.*)\n/m.exec(output)
          if (match?.[1] !== undefined) resolve(match[1])
        }
        child.stdout.on("data", collect)
        child.stderr.on("data", collect)
        void exit.then(() => reject(new Error(`it ended early: ${output}`)))
      })
      line.catch(() => {}) // a later call returns the same
      return {
        firstLine: Effect.tryPromise({ try: () => line, catch: (error) => error as Error }),
        kill: (signal) => Effect.sync(() => void child.kill(signal)),
        tell: (text) => Effect.sync(() => void child.stdin.write(text)),
        ended: Effect.promise(() => exit),
        stop: () => child.kill("SIGKILL")
      }
    }),
    (child) => Effect.sync(() => child.stop())
  )
