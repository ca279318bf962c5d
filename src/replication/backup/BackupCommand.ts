/**
 * BASE_BACKUP as text, in the grammar of the server's version: options in parentheses from PostgreSQL 15 on, bare words before.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP
 */
import * as Either from "effect/Either"
import type { PgUsageError } from "../../model/PgError.js"
import type { Command, ServerVersionNumber } from "../walsender/Command.js"
import { atLeast, needs } from "../walsender/Command.js"
import * as Quoting from "../walsender/Quoting.js"
import type { BackupOptions, BackupTarget, ServerCompression } from "./BackupOptions.js"

type Checked = Either.Either<void, PgUsageError>

const refuse = (key: string, reason: string): Either.Either<never, PgUsageError> =>
  Either.left(Quoting.refusal(key, reason))

const within = (key: string, value: number | undefined, least: number, most: number): Checked =>
  value === undefined || (Number.isInteger(value) && value >= least && value <= most)
    ? Either.void
    : refuse(key, `must be a whole number from ${least} to ${most}, got ${value}`)

const oneOf = (key: string, value: unknown, allowed: ReadonlyArray<unknown>): Checked =>
  value === undefined || allowed.includes(value)
    ? Either.void
    : refuse(key, `must be one of ${allowed.join(", ")}, got ${String(value)}`)

const booleans = ["wal", "wait", "tablespaceMap", "verifyChecksums", "progress"] as const
const checksums = ["NONE", "CRC32C", "SHA224", "SHA256", "SHA384", "SHA512"] as const
const levels = { gzip: [1, 9], lz4: [1, 12], zstd: [-131_072, 22] } as const

const longestLabel = 1024

const checkLabel = (label: string | undefined): Checked => {
  if (label === undefined) return Either.void
  if (/[\r\n]/.test(label)) return refuse("label", "must be a single line")
  const bytes = new TextEncoder().encode(label).length
  return bytes > longestLabel
    ? refuse("label", `must have at most ${longestLabel} bytes, got ${bytes}`)
    : Either.void
}

const checkCompression = (
  compression: ServerCompression | undefined,
  version: ServerVersionNumber
): Checked =>
  Either.gen(function* () {
    if (compression === undefined) return
    yield* needs(version, 15, "compression")
    const { level, long, method, workers } = compression
    yield* oneOf("compression.method", method, Object.keys(levels))
    const [least, most] = levels[method]
    yield* within("compression.level", level, least, most)
    yield* within("compression.workers", workers, 0, 1024)
    yield* oneOf("compression.long", long, [true, false])
    if (method !== "zstd") {
      for (const [key, value] of Object.entries({ workers, long })) {
        if (value !== undefined)
          yield* refuse(`compression.${key}`, `is an option of the method zstd, got ${method}`)
      }
    }
    if (long !== undefined) yield* needs(version, 16, "compression.long")
  })

/** The target and its detail; `undefined` for the client. */
const targetOf = (
  target: BackupTarget | undefined
): readonly [name: string, detail: string | undefined] | undefined => {
  if (target === undefined || target === "client") return undefined
  if (target === "blackhole") return [target, undefined]
  return "server" in target ? ["server", target.server] : [target.name, target.detail]
}

const checkTarget = (target: BackupTarget | undefined, version: ServerVersionNumber): Checked =>
  Either.gen(function* () {
    const [name, detail] = targetOf(target) ?? []
    if (name === undefined) return
    yield* needs(version, 15, "target")
    if (name === "server" && !detail?.startsWith("/")) {
      yield* refuse("target", `must be an absolute folder of the server, got ${detail ?? "none"}`)
    }
    if ((name === "client" || name === "blackhole") && detail !== undefined) {
      yield* refuse("target", `must not have a detail for ${name}`)
    }
  })

const check = (options: BackupOptions, version: ServerVersionNumber): Checked =>
  Either.gen(function* () {
    yield* checkLabel(options.label)
    for (const key of booleans) yield* oneOf(key, options[key], [true, false])
    yield* oneOf("checkpoint", options.checkpoint, ["fast", "spread"])
    yield* oneOf("manifest", options.manifest, [true, false, "force-encode"])
    yield* oneOf("manifestChecksums", options.manifestChecksums, checksums)
    yield* within("maxRate", options.maxRate, 32, 1_048_576)
    yield* checkCompression(options.compression, version)
    yield* checkTarget(options.target, version)
    const hasManifest = options.manifest === true || options.manifest === "force-encode"
    if (options.manifestChecksums !== undefined && !hasManifest) {
      yield* refuse("manifestChecksums", "needs manifest: true")
    }
    if (options.incrementalFrom !== undefined) {
      yield* needs(version, 17, "incrementalFrom")
      if (!hasManifest) yield* refuse("incrementalFrom", "needs manifest: true")
    }
  })

/** The level and the rest, as the server reads them. */
const detailOf = ({ level, long, workers }: ServerCompression): string =>
  [
    ...(level === undefined ? [] : [`level=${level}`]),
    ...(workers === undefined ? [] : [`workers=${workers}`]),
    ...(long === true ? ["long"] : [])
  ].join(",")

const manifestOf = (manifest: BackupOptions["manifest"]): string | undefined =>
  manifest === undefined || manifest === false ? undefined : manifest === true ? "yes" : manifest

/** The words of PostgreSQL 14. */
const words = (options: BackupOptions): Command =>
  Either.gen(function* () {
    const list: Array<string> = []
    if (options.label !== undefined) list.push(`LABEL ${yield* Quoting.literal("label", options.label)}`)
    if (options.progress === true) list.push("PROGRESS")
    if (options.checkpoint === "fast") list.push("FAST")
    if (options.wal === true) list.push("WAL")
    if (options.wait === false) list.push("NOWAIT")
    if (options.maxRate !== undefined) list.push(`MAX_RATE ${options.maxRate}`)
    if (options.tablespaceMap === true) list.push("TABLESPACE_MAP")
    if (options.verifyChecksums === false) list.push("NOVERIFY_CHECKSUMS")
    const manifest = manifestOf(options.manifest)
    if (manifest !== undefined) list.push(`MANIFEST '${manifest}'`)
    if (options.manifestChecksums !== undefined)
      list.push(`MANIFEST_CHECKSUMS '${options.manifestChecksums}'`)
    return ["BASE_BACKUP", ...list].join(" ")
  })

/** The list in parentheses of PostgreSQL 15 and later. */
const list = (options: BackupOptions): Command =>
  Either.gen(function* () {
    const list: Array<string> = []
    if (options.label !== undefined) list.push(`LABEL ${yield* Quoting.literal("label", options.label)}`)
    const [target, detail] = targetOf(options.target) ?? []
    if (target !== undefined) list.push(`TARGET ${yield* Quoting.literal("target", target)}`)
    if (detail !== undefined) list.push(`TARGET_DETAIL ${yield* Quoting.literal("target", detail)}`)
    if (options.progress !== undefined) list.push(`PROGRESS ${options.progress}`)
    if (options.checkpoint !== undefined) list.push(`CHECKPOINT '${options.checkpoint}'`)
    if (options.wal !== undefined) list.push(`WAL ${options.wal}`)
    if (options.wait !== undefined) list.push(`WAIT ${options.wait}`)
    if (options.compression !== undefined) {
      list.push(`COMPRESSION '${options.compression.method}'`)
      const detail = detailOf(options.compression)
      if (detail !== "") list.push(`COMPRESSION_DETAIL '${detail}'`)
    }
    if (options.maxRate !== undefined) list.push(`MAX_RATE ${options.maxRate}`)
    if (options.tablespaceMap !== undefined) list.push(`TABLESPACE_MAP ${options.tablespaceMap}`)
    if (options.verifyChecksums !== undefined) list.push(`VERIFY_CHECKSUMS ${options.verifyChecksums}`)
    const manifest = manifestOf(options.manifest)
    if (manifest !== undefined) list.push(`MANIFEST '${manifest}'`)
    if (options.manifestChecksums !== undefined)
      list.push(`MANIFEST_CHECKSUMS '${options.manifestChecksums}'`)
    if (options.incrementalFrom !== undefined) list.push("INCREMENTAL")
    return list.length === 0 ? "BASE_BACKUP" : `BASE_BACKUP (${list.join(", ")})`
  })

/** The command, or what in the options this server does not know or needs besides. */
export const baseBackup = (options: BackupOptions, version: ServerVersionNumber): Command =>
  Either.flatMap(check(options, version), () => (atLeast(version, 15) ? list(options) : words(options)))

/** Begins the upload of the manifest that an incremental backup is taken from. */
export const uploadManifest = "UPLOAD_MANIFEST"
