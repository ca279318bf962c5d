/**
 * A configuration made complete with what the machine gives: service file, password file, user and default host. Done
 * for every new session, so that a changed file is seen.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PgConfig } from "../config/PgConfig.js"
import * as Resolve from "../config/Resolve.js"
import { Host } from "../host/Host.js"
import type { HostService } from "../host/Host.js"
import { PgConfigError } from "../model/PgError.js"

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
    return host.family === "windows"
      ? { appData: environment["APPDATA"], sysconfdir: environment["PGSYSCONFDIR"] }
      : { home: Option.getOrUndefined(home), sysconfdir: environment["PGSYSCONFDIR"] }
  })

const defaultHost = (host: HostService): Effect.Effect<string> =>
  host.family === "windows"
    ? Effect.succeed("localhost")
    : Effect.map(
        Effect.findFirst(socketFolders, (folder) => host.isFolder(folder)),
        Option.getOrElse(() => "localhost")
      )

/** Fails with `PgConfigError` when a named service or file cannot be read, or the settings do not go together. */
export const resolve = (config: PgConfig): Effect.Effect<Resolve.ResolvedPgConfig, PgConfigError, Host> =>
  Effect.gen(function* () {
    const host = yield* Host
    const where = yield* folders(host)
    const services = yield* Effect.forEach(Resolve.serviceFiles(config, where), (path) => read(host, path))
    const served = yield* Resolve.withService(config, services.flatMap(Option.toArray))
    const path = Resolve.passFile(served, where)
    const passFile = path === undefined ? Option.none() : yield* read(host, path)
    // The machine is asked only for what the settings leave open: each answer costs a call to the system.
    const osUser = served.user === undefined ? yield* Effect.option(host.osUser) : Option.none()
    const openHost = served.hosts.some((entry) => entry.host === "" && entry.hostaddr === undefined)
    const resolved = yield* Resolve.resolve(served, {
      osUser: Option.getOrUndefined(osUser),
      defaultHost:
        openHost || served.hosts.some(({ host: name }) => name.startsWith("/"))
          ? yield* defaultHost(host)
          : undefined,
      passFile: Option.getOrUndefined(passFile)
    })
    yield* Effect.forEach(resolved.warnings, (warning) => Effect.logWarning(warning))
    return resolved
  })
