/**
 * Adds to a configuration what only the machine knows: the operating system's user, the default host, the contents of
 * service and password files. These functions name the files that are needed, and use their contents. The files are read
 * elsewhere.
 *
 * In this order: `serviceFiles` and `withService`, then `passFile` and `resolve`.
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { PgConfigError } from "../model/PgError.js"
import * as Assemble from "./Assemble.js"
import type { HostEntry } from "./Fields.js"
import { isUnixSocket } from "./Hosts.js"
import * as Layers from "./Layers.js"
import * as PgConfig from "./PgConfig.js"
import * as PgPass from "./PgPass.js"
import * as ServiceFile from "./ServiceFile.js"

/** Where the machine keeps the files of a user. */
export interface Folders {
  /** The user's home folder. */
  readonly home?: string | undefined
  /** `%APPDATA%`: given on Windows only, where it takes the place of `home`. */
  readonly appData?: string | undefined
  /** `PGSYSCONFDIR` of the process, for configurations that did not read the environment themselves. */
  readonly sysconfdir?: string | undefined
  /** `PGPASSFILE` and `PGSERVICEFILE` of the process: weaker than what the configuration names. Empty: not set. */
  readonly passfile?: string | undefined
  readonly servicefile?: string | undefined
}

/** A file that was read. */
export interface FileText {
  readonly path: string
  readonly text: string
  /** Permission bits, where the system has them. */
  readonly mode?: number | undefined
}

/** What the machine gives. */
export interface Machine {
  readonly osUser?: string | undefined
  /** Folder of Unix sockets, or on systems without them `localhost`, which it is also unless set. */
  readonly defaultHost?: string | undefined
  /** The file `passFile` named, if there is one. */
  readonly passFile?: FileText | undefined
}

/** A configuration that can be connected with. */
export interface ResolvedPgConfig extends PgConfig.PgConfig {
  readonly user: string
  readonly database: string
}

const inFolder = (folders: Folders, onUnix: string, onWindows: string): ReadonlyArray<string> =>
  folders.appData !== undefined
    ? [`${folders.appData}\\postgresql\\${onWindows}`]
    : folders.home !== undefined
      ? [`${folders.home}/${onUnix}`]
      : []

const said = (text: string | undefined): string | undefined => (text === "" ? undefined : text)

const pendingParts = (config: PgConfig.PgConfig): Assemble.Parts | undefined => {
  const pending = config.pending === undefined ? undefined : Redacted.value(config.pending)
  return pending instanceof Assemble.Parts ? pending : undefined
}

/**
 * The service files to read, in the order in which they are searched; a file that does not exist is passed over.
 * Empty when no service is named.
 */
export const serviceFiles = (config: PgConfig.PgConfig, folders: Folders): ReadonlyArray<string> => {
  const parts = pendingParts(config)
  if (parts === undefined) return []
  const named = config.servicefile ?? said(folders.servicefile)
  const own = named === undefined ? inFolder(folders, ".pg_service.conf", ".pg_service.conf") : [named]
  const common = parts.sysconfdir ?? folders.sysconfdir
  return common === undefined || common === "" ? own : [...own, `${common}/pg_service.conf`]
}

/**
 * Adds the settings of the named service. They are weaker than code and connection string, stronger than the environment.
 * The first file that has the section counts. Without a service to be read the configuration comes back as it is.
 *
 * Fails with `PgConfigError` when no file has the section, or its section is malformed.
 */
export const withService = (
  config: PgConfig.PgConfig,
  files: ReadonlyArray<FileText>
): Either.Either<PgConfig.PgConfig, PgConfigError> => {
  const parts = pendingParts(config)
  if (parts === undefined) return Either.right(config)
  const name = config.service ?? ""
  for (const { path, text } of files) {
    const pairs = ServiceFile.parse(text, name, path)
    if (Either.isLeft(pairs)) return Either.left(pairs.left)
    if (pairs.right === undefined) continue
    const layer = Layers.fromPairs(pairs.right, path)
    if (Either.isLeft(layer)) return Either.left(layer.left)
    return Either.flatMap(
      Assemble.assemble(parts, [parts.strong, layer.right, parts.weak]),
      ({ blame, draft }) => PgConfig.complete({ draft: { ...draft, service: name }, blame })
    )
  }
  return Either.left(
    new PgConfigError({
      key: "service",
      reason: `no file has the section [${name}]`,
      source: files.length === 0 ? "no service file found" : files.map(({ path }) => path).join(", ")
    })
  )
}

const wantsPassFile = (config: PgConfig.PgConfig): boolean =>
  config.passfileLookup &&
  config.password === undefined &&
  config.hosts.some(({ password }) => password === undefined)

/** Whether any file is to be read: without one no folders are needed. */
export const readsFiles = (config: PgConfig.PgConfig): boolean =>
  config.pending !== undefined || wantsPassFile(config)

/** The password file to read, if one is needed; when it does not exist there is no password. */
export const passFile = (config: PgConfig.PgConfig, folders: Folders): string | undefined =>
  wantsPassFile(config)
    ? (config.passfile ?? said(folders.passfile) ?? inFolder(folders, ".pgpass", "pgpass.conf")[0])
    : undefined

/** The name under which a password file knows a host: the default one, however it was come by, as `localhost`. */
const passFileHost = (entry: HostEntry, defaultHost: string): string => {
  const name = entry.host === "" ? (entry.hostaddr ?? "") : entry.host
  return name === "" || (name === defaultHost && isUnixSocket(name)) ? "localhost" : name
}

const isResolved = (config: PgConfig.PgConfig): config is ResolvedPgConfig =>
  config.user !== undefined && config.database !== undefined

/**
 * Fills in what is still open: the user (the operating system's), the database (the user's name), the host (the
 * machine's default) and passwords from the password file, host by host.
 *
 * A password file that others may read is not used, and `warnings` has the reason. Fails with `PgConfigError` when there is
 * no user, when a service has not been read, or when the settings do not go together.
 */
export const resolve = (
  config: PgConfig.PgConfig,
  machine: Machine
): Either.Either<ResolvedPgConfig, PgConfigError> => {
  const blame = ({ key, reason }: { readonly key: string; readonly reason: string }) =>
    new PgConfigError({ key, reason, source: "defaults" })
  if (pendingParts(config) !== undefined) {
    return Either.left(
      new PgConfigError({ key: "service", reason: "the service file has not been read", source: "code" })
    )
  }
  const user = config.user ?? machine.osUser
  if (user === undefined || user === "") {
    return Either.left(
      blame({ key: "user", reason: "is required: the name of the operating system's user is unknown" })
    )
  }
  const database = config.database ?? user
  const defaultHost = machine.defaultHost ?? "localhost"
  const file = config.passfileLookup && config.password === undefined ? machine.passFile : undefined
  const problem = file === undefined ? undefined : PgPass.modeProblem(file.mode)
  const entries = file === undefined || problem !== undefined ? [] : PgPass.parse(file.text)

  const finish = (entry: HostEntry): HostEntry => {
    const host = entry.host === "" && entry.hostaddr === undefined ? defaultHost : entry.host
    const found =
      entry.password === undefined
        ? PgPass.lookup(entries, {
            host: passFileHost(entry, defaultHost),
            port: entry.port,
            database: config.replication === "true" ? "replication" : database,
            user
          })
        : undefined
    return found === undefined
      ? { ...entry, host }
      : { ...entry, host, password: Redacted.make(found), passwordFrom: file?.path }
  }
  const [first, ...rest] = config.hosts
  const warnings = [
    ...config.warnings,
    ...(problem === undefined || file === undefined
      ? []
      : [`password file ${file.path} is not used: ${problem}`]),
    ...tooLong("user", user),
    ...tooLong("database", database)
  ]
  return Either.flatMap(
    PgConfig.complete({
      draft: { ...config, user, database, hosts: [finish(first), ...rest.map(finish)], warnings },
      blame
    }),
    (resolved) =>
      isResolved(resolved)
        ? Either.right(resolved)
        : Either.left(blame({ key: "user", reason: "is required" }))
  )
}

/** Servers up to PostgreSQL 16 use only the first 63 bytes of a client's names, without a notice. */
const tooLong = (key: string, name: string | undefined): ReadonlyArray<string> => {
  const bytes = name === undefined ? 0 : new TextEncoder().encode(name).length
  return bytes <= 63
    ? []
    : [
        `${key} is ${bytes} bytes long: servers before PostgreSQL 17 use its first 63 bytes, which may name another ${key}`
      ]
}

/** The password for one of the hosts: its own, or the one for all. */
export const passwordOf = (
  config: PgConfig.PgConfig,
  entry: HostEntry
): Redacted.Redacted<string> | undefined => entry.password ?? config.password
