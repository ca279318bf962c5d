/** Runs other programs for the tools: their output goes to ours, their failure is a value. */
import { spawnSync } from "node:child_process"

export interface Run {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /** Added to an environment without PostgreSQL's own variables. */
  readonly env?: Readonly<Record<string, string>>
  readonly seconds: number
}

const withoutPostgres = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^PG|^DATABASE_URL$/.test(name)))

/** Undefined when it ended with 0; otherwise what went wrong. */
export const run = ({ args, command, cwd, env, seconds }: Run): string | undefined => {
  const { error, signal, status } = spawnSync(command, args, {
    cwd,
    env: { ...withoutPostgres(), ...env },
    stdio: ["ignore", "inherit", "inherit"],
    timeout: seconds * 1000,
    killSignal: "SIGKILL"
  })
  if (status === 0) return undefined
  const line = [command, ...args].join(" ")
  return `${line}: ${error?.message ?? (signal === null ? `exit code ${status}` : signal)}`
}

/** What it printed, whatever became of it. */
export const outputOf = ({
  args,
  command,
  cwd,
  env,
  seconds
}: Run): { readonly failed: boolean; readonly output: string } => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    env: { ...withoutPostgres(), ...env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
    maxBuffer: 64 * 1024 * 1024
  })
  return { failed: status !== 0, output: `${error?.message ?? ""}${stdout ?? ""}${stderr ?? ""}` }
}

/** What it printed; throws where it failed, since there is nothing to go on with. */
export const capture = (command: string, args: ReadonlyArray<string>, cwd: string): string => {
  const { error, status, stdout } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  if (status !== 0)
    throw new Error(`${[command, ...args].join(" ")}: ${error?.message ?? `exit code ${status}`}`)
  return stdout
}

/** Prints the outcome, and makes the process fail when it did not go well. */
export const report = (what: string, failure: string | undefined): void => {
  if (failure === undefined) {
    console.log(`ok: ${what}`)
  } else {
    console.error(`FAILED: ${what}: ${failure}`)
    process.exitCode = 1
  }
}
