/** A full backup and its increments, read and compared before anything is made of them. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as LsnText from "../../model/Lsn.js"
import type { PgBackupError } from "../../model/BackupError.js"
import { failure, onFile } from "./BackupFailure.js"
import type { BackupLabel, LabelPlace } from "./BackupLabel.js"
import * as Label from "./BackupLabel.js"
import type { ManifestChecksums } from "./BackupOptions.js"
import type { ManifestFacts } from "./Manifest.js"
import { ManifestReader } from "./ManifestReader.js"
import { controlFile, manifestFile } from "./PlainSink.js"

/** A manifest whose checksums are asked for. */
export interface KnownManifest {
  readonly facts: ManifestFacts
  /** The checksum of a file, when it is listed with this size and a checksum of this kind. */
  readonly checksum: (path: string, size: bigint, algorithm: ManifestChecksums) => string | undefined
  /** The size of a file that is listed. */
  readonly size: (path: string) => number | undefined
}

/** A backup of a chain. */
export interface BackupLink {
  readonly folder: string
  readonly label: BackupLabel
  /** The text of its `backup_label` as that of a full backup. */
  readonly fullLabel: string
  readonly systemId: string
  readonly version: string
  /** `undefined` when it has none. */
  readonly manifest: KnownManifest | undefined
}

type Read<A> = Effect.Effect<A, PgBackupError, FileSystem.FileSystem>

/** A label or a version has no more bytes. */
const longestText = 1 << 16
const pieceBytes = 1 << 18

const text = (path: string): Read<string> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* onFile(path, fs.open(path, { flag: "r" }))
    const bytes = yield* onFile(path, file.readAlloc(longestText))
    return Buffer.from(Option.getOrElse(bytes, () => new Uint8Array(0))).toString()
  }).pipe(Effect.scoped)

const systemIdOf = (path: string): Read<string> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* onFile(path, fs.open(path, { flag: "r" }))
    const head = Buffer.from(
      Option.getOrElse(yield* onFile(path, file.readAlloc(8)), () => new Uint8Array(0))
    )
    return head.length < 8
      ? yield* Effect.fail(failure("content", path, "it is not a control file of PostgreSQL"))
      : String(head.readBigUInt64LE(0))
  }).pipe(Effect.scoped)

const manifestOf = (path: string): Read<KnownManifest | undefined> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (!(yield* onFile(path, fs.exists(path)))) return undefined
    const file = yield* onFile(path, fs.open(path, { flag: "r" }))
    const reader = new ManifestReader()
    const checked = <A>(read: Either.Either<A, string>): Effect.Effect<A, PgBackupError> =>
      Either.isRight(read) ? Effect.succeed(read.right) : Effect.fail(failure("manifest", path, read.left))
    const known = new Map<string, string>()
    for (;;) {
      const piece = yield* onFile(path, file.readAlloc(pieceBytes))
      if (Option.isNone(piece)) break
      for (const { algorithm, checksum, path, size } of yield* checked(reader.read(piece.value))) {
        known.set(path, `${size} ${algorithm} ${checksum}`)
      }
    }
    const facts = yield* checked(reader.finish())
    return {
      facts,
      checksum: (name: string, size: bigint, algorithm: ManifestChecksums) => {
        const [bytes, kind, checksum] = known.get(name)?.split(" ") ?? []
        return bytes === String(size) && kind === algorithm ? checksum : undefined
      },
      size: (name: string) => {
        const file = known.get(name)
        return file === undefined ? undefined : Number.parseInt(file, 10)
      }
    }
  }).pipe(Effect.scoped)

const link = (folder: string): Read<BackupLink> =>
  Effect.gen(function* () {
    const labelPath = `${folder}/backup_label`
    const version = (yield* text(`${folder}/PG_VERSION`)).trim()
    const systemId = yield* systemIdOf(`${folder}/${controlFile}`)
    const source = yield* text(labelPath)
    const label = Label.parse(source)
    if (Either.isLeft(label)) return yield* Effect.fail(failure("content", labelPath, label.left))
    const manifest = yield* manifestOf(`${folder}/${manifestFile}`)
    const stated = manifest?.facts.systemId
    if (stated !== undefined && stated !== systemId) {
      const detail = `it belongs to the cluster ${stated}, and ${controlFile} to the cluster ${systemId}`
      return yield* Effect.fail(failure("manifest", `${folder}/${manifestFile}`, detail))
    }
    return { folder, label: label.right, fullLabel: Label.withoutFrom(source), systemId, version, manifest }
  })

const placed = ({ position, timeline }: LabelPlace): string =>
  `${LsnText.toText(position)} on timeline ${timeline}`

/** Why a backup cannot follow the one before it. */
const contradiction = (
  before: BackupLink | undefined,
  { label, systemId, version }: BackupLink
): string | undefined => {
  if (before === undefined) {
    return label.from === undefined
      ? undefined
      : "the first backup must be a full one, and this is an increment"
  }
  if (label.from === undefined) return "only the first backup may be a full one, and this is a full backup"
  if (systemId !== before.systemId)
    return `it belongs to the cluster ${systemId}, and the backup before it to the cluster ${before.systemId}`
  if (version !== before.version)
    return `it is of PostgreSQL ${version}, and the backup before it of PostgreSQL ${before.version}`
  const { position, timeline } = before.label.start
  return label.from.position === position && label.from.timeline === timeline
    ? undefined
    : `it was taken from the backup that begins at ${placed(label.from)}, and the backup before it begins at ${placed(before.label.start)}`
}

/** The backups of these folders, the full one first, once it is known that each follows the one before. */
export const read = (folders: ReadonlyArray<string>): Read<ReadonlyArray<BackupLink>> =>
  Effect.gen(function* () {
    if (folders.length === 0)
      return yield* Effect.fail(failure("chain", "", "the chain must have at least one backup"))
    const links: Array<BackupLink> = []
    for (const folder of folders) {
      const next = yield* link(folder)
      const detail = contradiction(links.at(-1), next)
      if (detail !== undefined) return yield* Effect.fail(failure("chain", folder, detail))
      links.push(next)
    }
    return links
  })

/** The tablespaces of a data folder: links to other folders, and folders of their own. */
export const tablespaces = (
  folder: string
): Read<ReadonlyArray<{ readonly oid: number; readonly location: string }>> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = `${folder}/pg_tblspc`
    const found: Array<{ readonly oid: number; readonly location: string }> = []
    for (const name of yield* onFile(path, fs.readDirectory(path))) {
      if (!/^[1-9]\d{0,9}$/.test(name)) continue
      const target = yield* Effect.option(fs.readLink(`${path}/${name}`))
      found.push({ oid: Number(name), location: Option.getOrElse(target, () => `pg_tblspc/${name}`) })
    }
    return found
  })
