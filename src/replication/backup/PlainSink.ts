/**
 * Archives unpacked to a data folder. Only what a server sends becomes a file: names are checked before a path is made of them,
 * links lead to tablespaces and nowhere else, and nothing is written through a link that an archive made. The control file, without
 * which no server starts, has another name until the backup is whole, and so has the manifest.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgBackupError } from "../../model/BackupError.js"
import * as ArchiveSource from "./ArchiveSource.js"
import type { ArchiveStarted, BackupStarted } from "./BackupEvent.js"
import { failure, onFile } from "./BackupFailure.js"
import type { BackupFile, BackupFolder } from "./BackupFolder.js"
import { partialSuffix } from "./BackupFolder.js"
import * as MemberPath from "./MemberPath.js"
import type { TablespacePlace } from "./TablespacePlace.js"
import { places } from "./TablespacePlace.js"
import type { TarData, TarMember, TarMemberEnd, TarPart, TarReader } from "./TarReader.js"
import type { WrittenFiles } from "./WrittenFiles.js"

export interface PlainSinkOptions {
  readonly fs: FileSystem.FileSystem
  readonly folder: string
  readonly mode: number
  readonly tablespaces: Readonly<Record<string, string>>
  readonly output: BackupFolder
  readonly makeTar: () => TarReader
  /** `undefined`: nothing is compared with the manifest. */
  readonly written: WrittenFiles | undefined
}

type Write<A = void> = Effect.Effect<A, PgBackupError>

/** Without it no server starts. */
export const controlFile = "global/pg_control"
export const manifestFile = "backup_manifest"

/** What a server does not send: it would be taken for what it is called. */
const reserved: ReadonlySet<string> = new Set([manifestFile, "tablespace_map", "postmaster.pid"])

/** Files that are written at the same time. */
const filesAtOnce = 8

/** A member whose name may become a path. */
interface CheckedMember {
  readonly name: string
  /** The tablespace whose link it is. */
  readonly linked: TablespacePlace | undefined
}

interface FilePlace {
  readonly path: string
  readonly mode: number
}

interface WholeFile extends FilePlace {
  readonly data: ReadonlyArray<Uint8Array>
}

/** Where the end of the member lies that begins here, if it has come. */
const endOf = (parts: ReadonlyArray<TarPart>, begin: number): number | undefined => {
  let at = begin + 1
  while (parts[at]?._tag === "TarData") at++
  return parts[at]?._tag === "TarMemberEnd" ? at : undefined
}

export class PlainSink {
  private places: ReadonlyArray<TablespacePlace> = []
  private source: ArchiveSource.ArchiveSource | undefined
  /** The tablespace whose archive is read; `undefined` for the data folder. */
  private place: TablespacePlace | undefined
  private file: BackupFile | undefined
  private hasControl = false

  constructor(private readonly options: PlainSinkOptions) {}

  get tablespaces(): ReadonlyArray<TablespacePlace> {
    return this.places
  }

  /** Takes the folders of the tablespaces. */
  begin({ tablespaces }: BackupStarted): Write {
    const { folder, mode, output } = this.options
    return Effect.gen(this, function* () {
      this.places = yield* places(folder, tablespaces, this.options.tablespaces)
      for (const { isInPlace, path } of this.places) if (!isInPlace) yield* output.take(path, mode)
    })
  }

  archive({ name, tablespace }: ArchiveStarted): Effect.Effect<void, PgBackupError, Scope.Scope> {
    const { folder, makeTar, mode, output } = this.options
    return Effect.gen(this, function* () {
      this.place = this.places.find(({ oid }) => oid === tablespace.oid)
      if (this.place?.isInPlace === true) {
        yield* output.makeFolder(`${folder}/pg_tblspc`, mode)
        yield* output.makeFolder(this.place.path, mode)
      }
      this.source = yield* ArchiveSource.open(name, makeTar, (parts) => this.parts(parts))
    })
  }

  data(data: Uint8Array): Write {
    return this.source!.write(data)
  }

  readonly archiveEnd: Write = Effect.suspend(() => this.source!.end)

  /** Every archive has come. Fails when there is no control file. */
  readonly finish: Write = Effect.suspend(() =>
    this.hasControl ? Effect.void : Effect.fail(failure("archive", "base.tar", `it has no ${controlFile}`))
  )

  /** Makes the folder one from which a server starts. */
  readonly publish: Write = Effect.suspend(() => {
    const { folder, output } = this.options
    const path = `${folder}/${controlFile}`
    return Effect.zipRight(output.rename(path + partialSuffix, path), output.syncFolder(`${folder}/global`))
  })

  /** Everything in order, but for files that have come whole: they are written side by side at the end. */
  private parts(parts: ReadonlyArray<TarPart>): Write {
    return Effect.gen(this, function* () {
      const files: Array<WholeFile> = []
      for (let at = 0; at < parts.length; at++) {
        const part = parts[at]!
        if (part._tag !== "TarMember") {
          const waiting = this.more(part)
          if (waiting !== undefined) yield* waiting
          continue
        }
        const { linked, name } = yield* this.checked(part)
        if (part.type === "file") {
          const file = yield* this.beginFile(part, name)
          const end = endOf(parts, at)
          if (end === undefined) this.file = yield* this.options.output.open(file.path, file.mode)
          else {
            const data = parts.slice(at + 1, end).flatMap((one) => (one._tag === "TarData" ? [one.data] : []))
            for (const one of data) this.options.written?.update(one)
            this.options.written?.end()
            files.push({ ...file, data })
            at = end
          }
        } else if (part.type === "folder") {
          yield* this.options.output.makeFolder(this.pathOf(name), part.mode | 0o700)
        } else yield* this.link(part, name, linked)
      }
      yield* Effect.forEach(
        files,
        ({ data, mode, path }) => this.options.output.writeFile(path, data, mode),
        { discard: true, concurrency: filesAtOnce }
      )
    })
  }

  /** What follows of a file that has not come whole. */
  private more(part: TarData | TarMemberEnd): Write | undefined {
    const { output, written } = this.options
    const { file } = this
    if (file === undefined) return undefined
    if (part._tag === "TarData") {
      written?.update(part.data)
      return output.write(file, part.data)
    }
    this.file = undefined
    written?.end()
    return output.close(file)
  }

  private refuse(member: TarMember, detail: string): Effect.Effect<never, PgBackupError> {
    return Effect.fail(
      failure("archive", `${this.source?.name ?? ""}: ${MemberPath.shown(member.path)}`, detail)
    )
  }

  private checked(member: TarMember): Effect.Effect<CheckedMember, PgBackupError> {
    const reason = MemberPath.refusal(member.path)
    if (reason !== undefined) return this.refuse(member, reason)
    if (member.type === "other") {
      return this.refuse(member, `it must be a file, a folder or a link, got a ${member.kind}`)
    }
    const name = MemberPath.plain(member.path)
    const [top, oid, ...below] = name.split("/")
    const linked =
      this.place === undefined && top === "pg_tblspc"
        ? this.places.find((place) => String(place.oid) === oid && !place.isInPlace)
        : undefined
    return linked !== undefined && (member.type !== "link" || below.length > 0)
      ? this.refuse(member, "a tablespace's folder must be a link, with nothing below it")
      : Effect.succeed({ name, linked })
  }

  private pathOf(name: string): string {
    return `${this.place?.path ?? this.options.folder}/${name}`
  }

  private link(member: TarMember, name: string, place: TablespacePlace | undefined): Write {
    if (place === undefined || member.target !== place.location) {
      return this.refuse(
        member,
        `it is a link to ${MemberPath.shown(member.target)}, and links lead to tablespaces`
      )
    }
    const path = this.pathOf(name)
    return onFile(path, this.options.fs.symlink(place.path, path))
  }

  /** A file begins: where it is written. */
  private beginFile(member: TarMember, name: string): Effect.Effect<FilePlace, PgBackupError> {
    const inMain = this.place === undefined
    if (inMain && reserved.has(name)) return this.refuse(member, "a server does not send this file")
    const isControl = inMain && name === controlFile
    if (isControl) this.hasControl = true
    const path = this.pathOf(name) + (isControl ? partialSuffix : "")
    this.options.written?.begin(inMain ? name : `pg_tblspc/${this.place!.oid}/${name}`)
    return Effect.succeed({ path, mode: member.mode & 0o660 })
  }
}
