/** The folder of one throw-away server: data, configuration, log and sockets. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ClusterSettings from "./ClusterSettings.js"
import * as ClusterTemplate from "./ClusterTemplate.js"
import { fromPlatform } from "./EmbeddedPostgresError.js"
import * as ScratchFolder from "./ScratchFolder.js"
import type { ServerBinaries } from "./ServerBinaries.js"
import * as ServerProcess from "./ServerProcess.js"
import type { ServerUser } from "./ServerUser.js"
import { temporaryFolder } from "./ServerUser.js"

/** Certificates and keys: PEM text, or the path of a file with it. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  /** The authority whose client certificates are trusted (`ssl_ca_file`). */
  readonly ca?: string
  /** Revoked client certificates (`ssl_crl_file`). */
  readonly crl?: string
}

export interface ClusterOptions {
  readonly settings?: ClusterSettings.Settings
  readonly hba?: ReadonlyArray<string>
  readonly tls?: TlsMaterial
  readonly listen?: ClusterSettings.Listen
  readonly family?: ClusterSettings.AddressFamily
  readonly password?: string
  readonly dataFolder?: string
  readonly template?: string
  readonly inPlace?: boolean
}

export interface Cluster {
  /** The folder that holds all the others, and the sockets. */
  readonly folder: string
  readonly dataFolder: string
  readonly logFile: string
  /** Adds addresses to the configuration; the last ones count. */
  readonly listenOn: (settings: ClusterSettings.Settings) => Effect.Effect<void, PrepareError>
}

type PrepareError = ReturnType<typeof fromPlatform>

const tlsFiles = (
  tls: TlsMaterial
): ReadonlyArray<readonly [setting: string, file: string, material: string]> => [
  ["ssl_cert_file", "server.crt", tls.cert],
  ["ssl_key_file", "server.key", tls.key],
  ...(tls.ca === undefined ? [] : [["ssl_ca_file", "root.crt", tls.ca] as const]),
  ...(tls.crl === undefined ? [] : [["ssl_crl_file", "root.crl", tls.crl] as const])
]

/** `scram-sha-256` unless passwords are kept as MD5. */
const passwordMethod = (options: ClusterOptions): string => {
  if (options.password === undefined) return "trust"
  return options.settings?.password_encryption === "md5" ? "md5" : "scram-sha-256"
}

/** The superuser's password is in the catalog, which only a server can change: one without sessions, before the start. */
const setPassword = (
  password: string,
  binaries: ServerBinaries,
  dataFolder: string,
  user: Option.Option<ServerUser>
) =>
  ServerProcess.run({
    command: binaries.postgres,
    args: ["--single", "-D", dataFolder, "postgres"],
    user,
    cwd: dataFolder,
    input: `alter role postgres password '${password.replaceAll("'", "''")}'\n`
  })

/** Makes the folder and everything in it that a server needs to start. Removed with the scope. */
export const make = Effect.fn("Cluster.make")(function* (
  binaries: ServerBinaries,
  user: Option.Option<ServerUser>,
  options: ClusterOptions
) {
  const fs = yield* FileSystem.FileSystem
  const settings = options.settings ?? {}
  const source = options.dataFolder ?? (yield* ClusterTemplate.make(binaries, user, options.template))
  const folder = yield* ScratchFolder.make(`${yield* temporaryFolder(user)}/effect-postgres-`, user)
  const isInPlace = options.inPlace === true && options.dataFolder !== undefined
  const dataFolder = isInPlace ? source : `${folder}/data`
  yield* isInPlace
    ? ClusterTemplate.takeOver(dataFolder, user)
    : ClusterTemplate.copy(source, dataFolder, user)

  const own = Effect.fnUntraced(function* (path: string, mode: number) {
    yield* fs.chmod(path, mode)
    if (Option.isSome(user)) yield* fs.chown(path, user.value.uid, user.value.gid)
  })
  const append = (settings: ClusterSettings.Settings) =>
    Effect.mapError(
      fs.writeFileString(`${dataFolder}/postgresql.conf`, ClusterSettings.render(settings), { flag: "a" }),
      fromPlatform
    )
  const write = Effect.fnUntraced(function* (name: string, text: string) {
    yield* fs.writeFileString(`${dataFolder}/${name}`, text)
    yield* own(`${dataFolder}/${name}`, 0o600)
  }, Effect.mapError(fromPlatform))

  yield* append({ ...ClusterSettings.throwAway, ...settings })
  yield* write("pg_hba.conf", ClusterSettings.hba(options.hba, passwordMethod(options)))
  if (settings.primary_conninfo !== undefined) yield* write("standby.signal", "")
  else if (settings.restore_command !== undefined) yield* write("recovery.signal", "")
  if (options.tls !== undefined) {
    yield* append({ ssl: "on" })
    for (const [setting, file, material] of tlsFiles(options.tls)) {
      const text = material.includes("-----BEGIN")
        ? material
        : yield* Effect.mapError(fs.readFileString(material), fromPlatform)
      yield* write(file, text)
      yield* append({ [setting]: file })
    }
  }
  if (options.password !== undefined && options.dataFolder === undefined) {
    yield* setPassword(options.password, binaries, dataFolder, user)
  }
  const cluster: Cluster = { folder, dataFolder, logFile: `${folder}/log`, listenOn: append }
  return cluster
})
