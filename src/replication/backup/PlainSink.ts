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
import type { TarMember, TarPart, TarReader } from "./TarReader.js"
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
      this.source = yield* ArchiveSource.open(name, makeTar, (part) => this.part(part))
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

  private part(part: TarPart): Write | undefined {
    const { output, written } = this.options
    switch (part._tag) {
      case "TarData":
        if (this.file === undefined) return undefined
        written?.update(part.data)
        return output.write(this.file, part.data)
      case "TarMember":
        return this.member(part)
      case "TarMemberEnd": {
        const { file } = this
        if (file === undefined) return undefined
        this.file = undefined
        written?.end()
        return output.close(file)
      }
    }
  }

  private refuse(member: TarMember, detail: string): Write {
    return Effect.fail(
      failure("archive", `${this.source?.name ?? ""}: ${MemberPath.shown(member.path)}`, detail)
    )
  }

  private member(member: TarMember): Write {
    const reason = MemberPath.refusal(member.path)
    if (reason !== undefined) return this.refuse(member, reason)
    const name = MemberPath.plain(member.path)
    const [top, oid, ...below] = name.split("/")
    const linked =
      this.place === undefined && top === "pg_tblspc"
        ? this.places.find((place) => String(place.oid) === oid && !place.isInPlace)
        : undefined
    if (linked !== undefined && (member.type !== "link" || below.length > 0)) {
      return this.refuse(member, "a tablespace's folder must be a link, with nothing below it")
    }
    switch (member.type) {
      case "folder":
        return this.options.output.makeFolder(this.pathOf(name), member.mode | 0o700)
      case "link":
        return this.link(member, name, linked)
      case "file":
        return this.open(member, name)
      case "other":
        return this.refuse(member, `it is a ${member.kind}, and a backup has files, folders and links only`)
    }
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

  private open(member: TarMember, name: string): Write {
    const { output, written } = this.options
    const inMain = this.place === undefined
    if (inMain && reserved.has(name)) return this.refuse(member, "a server does not send this file")
    const isControl = inMain && name === controlFile
    if (isControl) this.hasControl = true
    const path = this.pathOf(name) + (isControl ? partialSuffix : "")
    written?.begin(inMain ? name : `pg_tblspc/${this.place!.oid}/${name}`)
    return Effect.map(output.open(path, member.mode & 0o660), (file) => {
      this.file = file
    })
  }
}
