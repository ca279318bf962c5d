/**
 * Certificates, keys and revocation lists for TLS: read from the paths in the settings, or from libpq's usual places, and
 * checked before a socket is opened.
 *
 * A setting may hold PEM text in place of a file's path.
 *
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { PgConfig } from "../../config/PgConfig.js"
import * as PrivateKey from "../../config/PrivateKey.js"
import type { HostFile } from "../../host/Files.js"
import { Host } from "../../host/Host.js"
import type { HostService } from "../../host/Host.js"
import { PgConfigError } from "../../model/PgError.js"
import type { MaterialProblem, Prepared } from "../../net/Tls.js"
import * as Tls from "../../net/Tls.js"
import * as DerKey from "./EncryptKey.js"

/** Bundles of trusted certificates that systems keep, in the order they are looked for. */
const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem"
]

type Key = MaterialProblem["key"]

interface Found {
  readonly text: string
  /** The path, or `code` for text. */
  readonly source: string
}

const refuse = (key: Key, reason: string, source: string): PgConfigError =>
  new PgConfigError({ key, reason, source })

const readFile = (
  host: HostService,
  key: Key,
  path: string
): Effect.Effect<Option.Option<HostFile>, PgConfigError> =>
  Effect.mapError(host.readFile(path), (failure) => refuse(key, failure.reason, path))

/** The file of the setting, else the file in the user's own folder if it exists. A file that is named must exist. */
const find = (
  host: HostService,
  key: Key,
  setting: string | undefined,
  usual: string | undefined
): Effect.Effect<Option.Option<Found>, PgConfigError> => {
  if (setting !== undefined && PrivateKey.isPem(setting))
    return Effect.succeedSome({ text: setting, source: "code" })
  const path = setting ?? usual
  if (path === undefined) return Effect.succeedNone
  return Effect.flatMap(
    readFile(host, key, path),
    Option.match({
      onNone: () =>
        setting === undefined ? Effect.succeedNone : Effect.fail(refuse(key, "there is no such file", path)),
      onSome: ({ text }) => Effect.succeedSome({ text, source: path })
    })
  )
}

/** The user's folder with libpq's usual files. */
const defaultFolder = (host: HostService): Effect.Effect<string | undefined> =>
  host.family === "windows"
    ? Effect.map(host.environment, ({ APPDATA }) =>
        APPDATA === undefined ? undefined : `${APPDATA}\\postgresql\\`
      )
    : host.homeFolder.pipe(
        Effect.map((home) => `${home}/.postgresql/`),
        Effect.orElseSucceed(() => undefined)
      )

const platformRoots = (host: HostService): Effect.Effect<Found, PgConfigError> =>
  Effect.gen(function* () {
    const { SSL_CERT_FILE: named } = yield* host.environment
    for (const path of named === undefined || named === "" ? bundles : [named]) {
      const file = yield* readFile(host, "sslrootcert", path)
      if (Option.isSome(file)) return { text: file.value.text, source: path }
    }
    return yield* Effect.fail(
      refuse(
        "sslrootcert",
        "system: this platform's trusted certificates were not found; set SSL_CERT_FILE, or sslrootcert to a file",
        named === undefined || named === "" ? bundles.join(", ") : named
      )
    )
  })

const rootOf = (
  host: HostService,
  config: PgConfig,
  usual: string | undefined
): Effect.Effect<Found | undefined, PgConfigError> =>
  Effect.gen(function* () {
    if (config.sslRootCert === "system") return yield* platformRoots(host)
    const found = yield* find(host, "sslrootcert", config.sslRootCert, usual)
    if (Option.isSome(found)) return found.value
    if (config.sslMode !== "verify-ca" && config.sslMode !== "verify-full") return undefined
    return yield* Effect.fail(
      refuse(
        "sslrootcert",
        `is needed by sslmode=${config.sslMode}${usual === undefined ? "" : `, and there is no ${usual}`}: name a file, or system for the platform's own`,
        "code"
      )
    )
  })

/** Others may not read the key; root's may be read by its group. */
const keyProblem = (file: HostFile): string | undefined => {
  const ofRoot = Option.contains(file.owner, 0)
  return (file.mode & (ofRoot ? 0o037 : 0o077)) === 0
    ? undefined
    : "others may read or write this key: allow the owner only (0600), or root's group to read it (0640)"
}

const keyOf = (
  host: HostService,
  config: PgConfig,
  usual: string | undefined
): Effect.Effect<Found, PgConfigError> =>
  Effect.gen(function* () {
    const setting = config.sslKey === undefined ? undefined : Redacted.value(config.sslKey)
    if (setting !== undefined && PrivateKey.isPem(setting)) return { text: setting, source: "code" }
    const path = setting ?? usual
    const file = path === undefined ? Option.none() : yield* readFile(host, "sslkey", path)
    if (path === undefined || Option.isNone(file)) {
      return yield* Effect.fail(
        refuse("sslkey", "there is a certificate but no such key file", path ?? "code")
      )
    }
    const problem = host.family === "unix" ? keyProblem(file.value) : undefined
    if (problem !== undefined) return yield* Effect.fail(refuse("sslkey", problem, path))
    return {
      text: PrivateKey.isPem(file.value.text) ? file.value.text : DerKey.toPem(file.value.bytes),
      source: path
    }
  })

/** The texts of a folder's files. Folders in it are passed over; a file that cannot be read is an error. */
const textsIn = (host: HostService, folder: string): Effect.Effect<ReadonlyArray<string>, PgConfigError> =>
  Effect.gen(function* () {
    const names = yield* Effect.mapError(host.listFolder(folder), ({ reason }) =>
      refuse("sslcrldir", reason, folder)
    )
    if (Option.isNone(names))
      return yield* Effect.fail(refuse("sslcrldir", "there is no such folder", folder))
    const texts: Array<string> = []
    for (const name of names.value) {
      const path = `${folder}/${name}`
      if (yield* host.isFolder(path)) continue
      const file = yield* readFile(host, "sslcrldir", path)
      if (Option.isSome(file)) texts.push(file.value.text)
    }
    return texts
  })

/** Adds the keys of sessions to the file that `sslkeylogfile` names. A failure is only logged. */
const keyLogTo =
  (host: HostService, path: string): Prepared["keyLog"] =>
  (lines) =>
    Effect.catchAll(host.appendFile(path, lines), ({ reason }) =>
      Effect.logWarning(`the keys of a TLS session were not written to ${path} (sslkeylogfile): ${reason}`)
    )

const sameTexts = (a: ReadonlyArray<string> | undefined, b: ReadonlyArray<string> | undefined): boolean =>
  a === b || (a !== undefined && a.length === b?.length && a.every((text, at) => text === b[at]))

/** Whether the files have the same content; the settings are the same for one configuration. */
const sameFiles = (a: Tls.Material, b: Tls.Material): boolean =>
  a.root === b.root &&
  a.crl === b.crl &&
  a.cert === b.cert &&
  a.key === b.key &&
  sameTexts(a.crlDir, b.crlDir)

/**
 * The certificates and keys of each configuration, parsed: while the files hold the same they are not parsed again, which takes longer
 * than reading the files.
 */
export class MaterialCache {
  private readonly latest = new WeakMap<
    PgConfig,
    { readonly material: Tls.Material; readonly prepared: Prepared }
  >()

  prepare(config: PgConfig, material: Tls.Material): Either.Either<Prepared, MaterialProblem> {
    const before = this.latest.get(config)
    if (before !== undefined && sameFiles(before.material, material)) return Either.right(before.prepared)
    return Either.map(Tls.prepare(material), (prepared) => {
      this.latest.set(config, { material, prepared })
      return prepared
    })
  }
}

/** Reads and checks everything. Fails with `PgConfigError` naming the setting and the file, never what is in it. */
export const load = (config: PgConfig, cache: MaterialCache): Effect.Effect<Prepared, PgConfigError, Host> =>
  Effect.gen(function* () {
    const host = yield* Host
    const folder = yield* defaultFolder(host)
    const usual = (name: string): string | undefined => (folder === undefined ? undefined : folder + name)

    const root = yield* rootOf(host, config, usual("root.crt"))
    const noUsualList = config.sslRootCert === "system" || config.sslCrlDir !== undefined
    const crl =
      root === undefined
        ? Option.none()
        : yield* find(host, "sslcrl", config.sslCrl, noUsualList ? undefined : usual("root.crl"))
    const crlDir =
      root === undefined || config.sslCrlDir === undefined
        ? undefined
        : yield* textsIn(host, config.sslCrlDir)
    const cert =
      config.sslCertMode === "disable"
        ? undefined
        : Option.getOrUndefined(yield* find(host, "sslcert", config.sslCert, usual("postgresql.crt")))
    if (cert === undefined && config.sslCertMode === "require") {
      return yield* Effect.fail(
        refuse("sslcert", "is needed by sslcertmode=require", usual("postgresql.crt") ?? "code")
      )
    }
    const key = cert === undefined ? undefined : yield* keyOf(host, config, usual("postgresql.key"))

    const prepared = cache.prepare(config, {
      root: root?.text,
      crl: Option.getOrUndefined(crl)?.text,
      crlDir,
      cert: cert?.text,
      key: key?.text,
      passphrase: config.sslPassword,
      minVersion: config.sslMinProtocolVersion,
      maxVersion: config.sslMaxProtocolVersion
    })
    if (Either.isRight(prepared)) {
      const { sslKeyLogFile: path } = config
      return path === undefined ? prepared.right : { ...prepared.right, keyLog: keyLogTo(host, path) }
    }
    const sources: { readonly [K in Key]?: string | undefined } = {
      sslrootcert: root?.source,
      sslcrl: Option.getOrUndefined(crl)?.source,
      sslcrldir: config.sslCrlDir,
      sslcert: cert?.source,
      sslkey: key?.source
    }
    const { key: setting, reason } = prepared.left
    return yield* Effect.fail(refuse(setting, reason, sources[setting] ?? "code"))
  })
