/** Archives as files: each under another name until the backup is whole. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgBackupError } from "../../model/BackupError.js"
import * as ArchiveSource from "./ArchiveSource.js"
import type { ArchiveStarted } from "./BackupEvent.js"
import type { BackupFile, BackupFolder } from "./BackupFolder.js"
import { partialSuffix } from "./BackupFolder.js"
import * as Decompression from "./Decompression.js"
import { failure } from "./BackupFailure.js"
import * as MemberPath from "./MemberPath.js"
import type { TarPart, TarReader } from "./TarReader.js"
import type { WrittenFiles } from "./WrittenFiles.js"

export interface ArchiveSinkOptions {
  readonly folder: string
  readonly mode: number
  readonly output: BackupFolder
  readonly makeTar: () => TarReader
  /** `undefined`: nothing is compared with the manifest. */
  readonly written: WrittenFiles | undefined
}

export class ArchiveSink {
  private readonly names: Array<string> = []
  private file: BackupFile | undefined
  private source: ArchiveSource.ArchiveSource | undefined
  private prefix = ""
  private isInFile = false

  constructor(private readonly options: ArchiveSinkOptions) {}

  /** An archive that is written beside those of the server; it gets its own name before they do. */
  add(name: string): void {
    this.names.unshift(name)
  }

  archive({ name, tablespace }: ArchiveStarted): Effect.Effect<void, PgBackupError, Scope.Scope> {
    const { folder, makeTar, mode, output, written } = this.options
    return Effect.gen(this, function* () {
      this.names.push(name)
      this.prefix = tablespace.oid === undefined ? "" : `pg_tblspc/${tablespace.oid}/`
      this.file = yield* output.open(`${folder}/${name}${partialSuffix}`, mode & 0o660)
      this.source =
        written === undefined || Decompression.methodOf(name) !== undefined
          ? undefined
          : yield* ArchiveSource.open(name, makeTar, (parts) => this.parts(parts))
    })
  }

  data(data: Uint8Array): Effect.Effect<void, PgBackupError> {
    const written = this.options.output.write(this.file!, data)
    return this.source === undefined
      ? written
      : Effect.zipRight(written, this.source.write(data), { concurrent: true })
  }

  readonly archiveEnd: Effect.Effect<void, PgBackupError> = Effect.suspend(() =>
    Effect.zipRight(this.source?.end ?? Effect.void, this.options.output.close(this.file!))
  )

  /** Gives the archives their own names, that of the data folder last, as it comes last. */
  readonly publish: Effect.Effect<void, PgBackupError> = Effect.suspend(() => {
    const { folder, output } = this.options
    return Effect.forEach(
      this.names,
      (name) => output.rename(`${folder}/${name}${partialSuffix}`, `${folder}/${name}`),
      { discard: true }
    )
  })

  private parts(parts: ReadonlyArray<TarPart>): Effect.Effect<void, PgBackupError> | undefined {
    const { written } = this.options
    for (const part of parts) {
      switch (part._tag) {
        case "TarMember": {
          const reason = MemberPath.refusal(part.path)
          if (reason !== undefined || part.type === "other") {
            const path = `${this.source?.name ?? ""}: ${MemberPath.shown(part.path)}`
            return Effect.fail(
              failure("archive", path, reason ?? `it must be a file, a folder or a link, got a ${part.kind}`)
            )
          }
          this.isInFile = part.type === "file"
          if (this.isInFile) written?.begin(this.prefix + MemberPath.plain(part.path))
          break
        }
        case "TarData":
          if (this.isInFile) written?.update(part.data)
          break
        case "TarMemberEnd":
          if (this.isInFile) written?.end()
          this.isInFile = false
      }
    }
    return undefined
  }
}
