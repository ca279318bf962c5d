/**
 * Child processes under the server's uid. `@effect/platform`'s Command can neither set a uid nor hand a file to
 * the child as its output, so this file, and only this one, uses `node:child_process`.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as NodeChildProcess from "node:child_process"
import * as NodeFs from "node:fs"
import { EmbeddedPostgresError, tail } from "./EmbeddedPostgresError.js"
import * as ExitHook from "./ExitHook.js"
import type { ServerUser } from "./ServerUser.js"

/** A server takes defaults from `PG…` variables and its messages' language from the locale: neither may leak in. */
const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))),
  LC_ALL: "C"
})

const spawnOptions = (user: Option.Option<ServerUser>, cwd: string): NodeChildProcess.SpawnOptions => ({
  cwd,
  env: environment(),
  // A session of its own: Ctrl-C in a terminal reaches us, and we decide when the server stops.
  detached: true,
  ...Option.getOrElse(user, () => ({}))
})

const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // it has ended already
  }
}

export interface Program {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly user: Option.Option<ServerUser>
  /** A folder that `user` may enter. */
  readonly cwd: string
  /** Text for standard input. */
  readonly input?: string
}

/**
 * Runs a program to its end and answers what it printed. Fails with `reason: "prepare"` when it cannot be run or
 * ends with another status than 0. Interrupting kills it with its children and waits until it is gone.
 */
export const run = (program: Program): Effect.Effect<string, EmbeddedPostgresError> =>
  Effect.async((resume) => {
    const child = NodeChildProcess.spawn(
      program.command,
      program.args,
      spawnOptions(program.user, program.cwd)
    )
    const killGroup = () => {
      if (child.pid !== undefined) kill(-child.pid, "SIGKILL")
    }
    const forget = ExitHook.register(killGroup)
    let output = ""
    let gone = () => {}
    const append = (chunk: Buffer) => {
      output += chunk.toString("utf8")
    }
    const fail = (why: string) =>
      resume(
        Effect.fail(
          new EmbeddedPostgresError({
            reason: "prepare",
            text: `${program.command} ${why}`,
            log: tail(output)
          })
        )
      )
    child.stdout?.on("data", append)
    child.stderr?.on("data", append)
    child.stdin?.on("error", () => {}) // a program that ends early does not read its input: its status has the reason
    child.stdin?.end(program.input ?? "")
    child.on("error", (error) => {
      forget()
      fail(`cannot be run: ${error.message}`)
    })
    child.on("close", (code, signal) => {
      forget()
      gone()
      if (code === 0) resume(Effect.succeed(output))
      else fail(`ended with ${signal ?? `status ${code}`}`)
    })
    return Effect.async<void>((resume) => {
      gone = () => resume(Effect.void)
      if (child.pid === undefined) gone()
      else killGroup()
    })
  })

/** A running server. */
export interface ServerProcess {
  readonly pid: number
  /** Done once the process has ended, with its status or signal. */
  readonly exited: Deferred.Deferred<string>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Waits for the end; keeps this process alive meanwhile, which a running server alone does not. */
  readonly awaitExit: Effect.Effect<string>
}

const lockFile = (dataFolder: string) => `${dataFolder}/postmaster.pid`

/** The last resort, without an event loop: ask for an immediate shutdown and watch its lock file go. */
const stopNow = (pid: number, dataFolder: string) => () => {
  if (NodeFs.existsSync(lockFile(dataFolder))) {
    kill(pid, "SIGQUIT")
    const cell = new Int32Array(new SharedArrayBuffer(4))
    for (let waited = 0; waited < 5_000 && NodeFs.existsSync(lockFile(dataFolder)); waited += 5) {
      Atomics.wait(cell, 0, 0, 5)
    }
    if (!NodeFs.existsSync(lockFile(dataFolder))) return
  }
  kill(pid, "SIGKILL")
}

/**
 * Starts `postgres` on a data folder, its output appended to `logFile`. Does not wait until it is ready. The process
 * is stopped when ours ends; until then it is the caller's to stop.
 */
export const launch = (options: {
  readonly postgres: string
  readonly dataFolder: string
  readonly logFile: string
  readonly user: Option.Option<ServerUser>
}): Effect.Effect<ServerProcess, EmbeddedPostgresError> =>
  Effect.async((resume) => {
    const exited = Deferred.unsafeMake<string>(FiberId.none)
    const log = NodeFs.openSync(options.logFile, "a", 0o600)
    const child = NodeChildProcess.spawn(options.postgres, ["-D", options.dataFolder], {
      ...spawnOptions(options.user, options.dataFolder),
      stdio: ["ignore", log, log]
    })
    NodeFs.closeSync(log)
    child.unref()
    const pid = child.pid
    const forget = pid === undefined ? () => {} : ExitHook.register(stopNow(pid, options.dataFolder))
    child.on("error", (error) =>
      resume(
        Effect.fail(
          new EmbeddedPostgresError({
            reason: "start",
            text: `${options.postgres} cannot be run: ${error.message}`,
            log: ""
          })
        )
      )
    )
    child.on("exit", (code, signal) => {
      forget()
      Deferred.unsafeDone(exited, Effect.succeed(signal ?? `status ${code}`))
    })
    if (pid !== undefined) {
      resume(
        Effect.succeed({
          pid,
          exited,
          signal: (signal) => Effect.sync(() => child.kill(signal)),
          awaitExit: Effect.suspend(() => {
            child.ref()
            return Deferred.await(exited)
          })
        })
      )
    }
  })
