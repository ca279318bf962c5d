/**
 * A configuration made complete with what the machine gives: service file, password file, user and default host. Done
 * for every new session, so that a changed file is seen.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { socketPath } from "../../config/Hosts.js"
import type { HostEntry, PgConfig } from "../../config/PgConfig.js"
import * as Resolve from "../../config/Resolve.js"
import type { HostService } from "../../host/Host.js"
import { PgConfigError } from "../../model/PgError.js"

/** Folders in which servers put their Unix sockets, in the order they are looked for. */
const socketFolders = ["/var/run/postgresql", "/tmp"]

const read = (
  host: HostService,
  path: string
): Effect.Effect<Option.Option<Resolve.FileText>, PgConfigError> =>
  host.readFile(path).pipe(
    Effect.mapError((failure) => new PgConfigError({ key: path, reason: failure.reason, source: "file" })),
    Effect.map(Option.map(({ mode, text }) => ({ path, text, mode })))
  )

const folders = (host: HostService): Effect.Effect<Resolve.Folders> =>
  Effect.gen(function* () {
    const environment = yield* host.environment
    const home = yield* Effect.option(host.homeFolder)
    const named = {
      sysconfdir: environment["PGSYSCONFDIR"],
      passfile: environment["PGPASSFILE"],
      servicefile: environment["PGSERVICEFILE"]
    }
    return host.family === "windows"
      ? { ...named, appData: environment["APPDATA"] }
      : { ...named, home: Option.getOrUndefined(home) }
  })

const isDefault = ({ host, hostaddr }: HostEntry): boolean => host === "" && hostaddr === undefined

/**
 * The folder in which a server's socket is, when one is wanted; else the folder that is there, which a password file may know as
 * `localhost`.
 */
const defaultHost = (host: HostService, hosts: ReadonlyArray<HostEntry>): Effect.Effect<string> => {
  const ports = hosts.filter(isDefault).map(({ port }) => port)
  const holdsSocket = (folder: string) =>
    Effect.exists(ports, (port) => host.isSocket(socketPath({ host: folder, port })))
  return host.family === "windows"
    ? Effect.succeed("localhost")
    : Effect.map(
        Effect.findFirst(socketFolders, ports.length === 0 ? host.isFolder : holdsSocket),
        Option.getOrElse(() => "localhost")
      )
}

const sameFile = (a: Resolve.FileText | undefined, b: Resolve.FileText | undefined): boolean =>
  a === b || (a !== undefined && a.path === b?.path && a.text === b.text && a.mode === b.mode)

const sameMachine = (a: Resolve.Machine, b: Resolve.Machine): boolean =>
  a.osUser === b.osUser && a.defaultHost === b.defaultHost && sameFile(a.passFile, b.passFile)

/**
 * The complete settings of each configuration, with what the machine gave for them: while it gives the same, they are not checked
 * again, which is dear.
 */
export class SettingsCache {
  private readonly latest = new WeakMap<
    PgConfig,
    { readonly machine: Resolve.Machine; readonly resolved: Resolve.ResolvedPgConfig }
  >()

  complete(
    config: PgConfig,
    machine: Resolve.Machine
  ): Either.Either<Resolve.ResolvedPgConfig, PgConfigError> {
    const before = this.latest.get(config)
    if (before !== undefined && sameMachine(before.machine, machine)) return Either.right(before.resolved)
    return Either.map(Resolve.resolve(config, machine), (fresh) => {
      this.latest.set(config, { machine, resolved: fresh })
      return fresh
    })
  }
}

/** What is asked of the machine: only what the settings leave open, for each answer costs a call to the system. */
const machineFor = (
  host: HostService,
  config: PgConfig,
  where: Resolve.Folders
): Effect.Effect<Resolve.Machine, PgConfigError> =>
  Effect.gen(function* () {
    const path = Resolve.passFile(config, where)
    const passFile = path === undefined ? Option.none() : yield* read(host, path)
    const osUser = config.user === undefined ? yield* Effect.option(host.osUser) : Option.none()
    return {
      osUser: Option.getOrUndefined(osUser),
      defaultHost: wantsDefaultHost(config) ? yield* defaultHost(host, config.hosts) : undefined,
      passFile: Option.getOrUndefined(passFile)
    }
  })

const wantsDefaultHost = ({ hosts }: PgConfig): boolean =>
  hosts.some((entry) => isDefault(entry) || entry.host.startsWith("/"))

const nothing: Resolve.Machine = { osUser: undefined, defaultHost: undefined, passFile: undefined }

/** Whether the settings leave nothing open. */
const isComplete = (config: PgConfig): boolean =>
  config.user !== undefined && !Resolve.readsFiles(config) && !wantsDefaultHost(config)

/** Fails with `PgConfigError` when a named service or file cannot be read, or the settings do not go together. */
export const resolve = (
  config: PgConfig,
  host: HostService,
  cache: SettingsCache
): Effect.Effect<Resolve.ResolvedPgConfig, PgConfigError> => {
  const found = isComplete(config)
    ? cache.complete(config, nothing)
    : Effect.gen(function* () {
        const where = Resolve.readsFiles(config) ? yield* folders(host) : {}
        const services = yield* Effect.forEach(Resolve.serviceFiles(config, where), (path) =>
          read(host, path)
        )
        const served = yield* Resolve.withService(config, services.flatMap(Option.toArray))
        return yield* cache.complete(served, yield* machineFor(host, served, where))
      })
  return Effect.tap(found, ({ warnings }) =>
    warnings.length === 0
      ? Effect.void
      : Effect.forEach(warnings, (warning) => Effect.logWarning(warning), { discard: true })
  )
}
