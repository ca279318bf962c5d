/**
 * A real PgBouncer before a server, for as long as a scope lives. It listens on loopback only and runs as `nobody` where the
 * tests run as root, which it refuses to be.
 *
 * It is not an npm package: where it is not installed (Debian: `apt-get install pgbouncer`), `program` is undefined and titles of tests
 * give that as the reason why they are skipped.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeChildProcess from "node:child_process"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { describe } from "@effect/vitest"
import * as FreePort from "../../../src/testing/FreePort.js"
import { eventually } from "./eventually.js"
import { rawRows } from "./rawSession.js"

/** Debian keeps it where only root looks for programs. */
const folders = [...(process.env["PATH"] ?? "").split(NodePath.delimiter), "/usr/sbin", "/usr/local/sbin"]

/** The path of the program, if it is installed. */
export const program: string | undefined = folders
  .map((folder) => NodePath.join(folder, "pgbouncer"))
  .find((path) => NodeFs.existsSync(path))

/** A suite that needs the program; without it, its title gives the reason why it is skipped. */
export const describePgBouncer = (name: string, body: () => void): void => {
  if (program === undefined) describe.skip(`${name} (skipped: pgbouncer is not installed)`, body)
  else describe(name, body)
}

export interface Options {
  /** The server behind it, which trusts `postgres`. */
  readonly target: { readonly host: string; readonly port: number }
  /** Unless given, `transaction`. */
  readonly poolMode?: "session" | "transaction" | "statement"
  /** Most server sessions, which take turns. Unless given, 2. */
  readonly poolSize?: number
  /** Further lines of the section `pgbouncer`. */
  readonly settings?: Readonly<Record<string, string | number>>
}

export interface PgBouncer {
  readonly host: string
  readonly port: number
  /** What it has written to its log so far. */
  readonly log: () => string
}

/** Every database of the server is served under its own name, to the user `postgres`. */
const iniOf = (options: Options, port: number, folder: string): string => {
  const settings = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    auth_type: "trust",
    auth_file: `${folder}/users.txt`,
    pool_mode: options.poolMode ?? "transaction",
    default_pool_size: options.poolSize ?? 2,
    min_pool_size: options.poolSize ?? 2,
    // Else one session takes all that comes one after the other.
    server_round_robin: 1,
    ignore_startup_parameters: "extra_float_digits",
    ...options.settings
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`)
  const { host, port: to } = options.target
  return `[databases]\n* = host=${host} port=${to}\n\n[pgbouncer]\n${lines.join("\n")}\n`
}

const makeFolder = Effect.acquireRelease(
  Effect.sync(() => NodeFs.mkdtempSync("/tmp/pgbouncer-")),
  (folder) => Effect.sync(() => NodeFs.rmSync(folder, { recursive: true, force: true }))
)

/** Starts one, and waits until it leads to the server. */
export const start = (options: Options): Effect.Effect<PgBouncer, Error, Scope.Scope> =>
  Effect.gen(function* () {
    if (program === undefined) return yield* Effect.fail(new Error("pgbouncer is not installed"))
    const path = program
    const folder = yield* makeFolder
    const port = yield* FreePort.find
    NodeFs.writeFileSync(`${folder}/users.txt`, '"postgres" ""\n')
    NodeFs.writeFileSync(`${folder}/pgbouncer.ini`, iniOf(options, port, folder))
    NodeFs.chmodSync(folder, 0o755)
    let log = ""
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const as = process.getuid?.() === 0 ? ["-u", "nobody"] : []
        const child = NodeChildProcess.spawn(path, [...as, `${folder}/pgbouncer.ini`], {
          stdio: ["ignore", "ignore", "pipe"]
        })
        child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")))
        child.on("error", (error) => (log += error.message))
        return child
      }),
      (child) =>
        Effect.async<void>((resume) => {
          if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
          child.once("exit", () => resume(Effect.void))
          // Not SIGTERM, by which it would wait for its clients.
          child.kill("SIGKILL")
        })
    )
    const self: PgBouncer = { host: "127.0.0.1", port, log: () => log }
    yield* eventually(
      Effect.map(Effect.either(rawRows(self, "select 1")), (answer) => [answer._tag, log] as const),
      ([tag]) => tag === "Right"
    )
    return self
  })
