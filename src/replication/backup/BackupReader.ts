/**
 * From the parts of BASE_BACKUP's answer to events: the single copy of PostgreSQL 15 and later, whose messages have types,
 * and the copy for each archive of PostgreSQL 14. A server that sends anything else is refused.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { CopyPart, CopyPartResult } from "../../connection/copy/CopyOutParts.js"
import type { Lsn } from "../../model/Lsn.js"
import * as LsnText from "../../model/Lsn.js"
import { PgProtocolError } from "../../model/PgError.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import * as BackupMessage from "../../wire/replication/BackupMessage.js"
import { isTimeline } from "../../wire/replication/TimelineHistory.js"
import { textOf } from "../walsender/Answers.js"
import { ArchiveEnd, endBlocks } from "./ArchiveEnd.js"
import type { BackupEvent, BackupFinished, BackupTablespace } from "./BackupEvent.js"

/** Where the answer stands. */
type State =
  | { readonly _tag: "Start" }
  | { readonly _tag: "Tablespaces" }
  /** Between two copies, or before the first. */
  | { readonly _tag: "Between" }
  /** In a copy, before its first archive. */
  | { readonly _tag: "Copy" }
  | { readonly _tag: "Archive" }
  | { readonly _tag: "Manifest" }
  /** The end position has come. */
  | { readonly _tag: "End" }

export interface BackupFacts {
  readonly systemId: string
  readonly serverVersion: number | undefined
  /** Whether messages have types, as from PostgreSQL 15 on. */
  readonly hasTags: boolean
  /** Whether the server sends the archives, and not only their names. */
  readonly isSent: boolean
  /** Whether a manifest was asked for. */
  readonly hasManifest: boolean
}

type Row = Readonly<Record<string, unknown>>

interface LogPosition {
  readonly position: Lsn
  readonly timeline: number
}

/** PostgreSQL 14 has no messages of progress. After this many bytes one is made here. */
const progressBytes = 1n << 20n

const archiveName = /^(base|[1-9]\d{0,9})\.tar(\.gz|\.lz4|\.zst)?$/

export class BackupReader {
  private state: State = { _tag: "Start" }
  private tablespaces: ReadonlyArray<BackupTablespace> = []
  private start: LogPosition | undefined
  private readonly seen = new Set<string>()
  private readonly archiveEnd = new ArchiveEnd()
  private isCompressed = false
  private hasBegun = false
  private hadManifest = false
  private bytes = 0n
  private reported = 0n
  private estimated: bigint | undefined
  private end: BackupFinished | undefined
  /** The first thing that was wrong. */
  private refusal: PgProtocolError | undefined

  constructor(private readonly facts: BackupFacts) {}

  /** The events of these parts. */
  read(parts: Iterable<CopyPart>): Either.Either<ReadonlyArray<BackupEvent>, PgProtocolError> {
    const events: Array<BackupEvent> = []
    for (const part of parts) {
      this.part(part, events)
      if (this.refusal !== undefined) return Either.left(this.refusal)
    }
    return Either.right(events)
  }

  /** What the answer ended with. */
  finish(): Either.Either<BackupFinished, PgProtocolError> {
    if (this.end !== undefined) return Either.right(this.end)
    this.refuse("ReadyForQuery", "the backup ended before its end position")
    return Either.left(this.refusal!)
  }

  private refuse(tag: string, reason: string): void {
    this.refusal ??= new PgProtocolError({ state: `BaseBackup.${this.state._tag}`, tag, reason })
  }

  private part(part: CopyPart, events: Array<BackupEvent>): void {
    switch (part._tag) {
      case "CopyPartResult":
        return this.result(part, events)
      case "CopyPartBegin":
        return this.copyBegins(events)
      case "CopyPartEnd":
        return this.copyEnds(events)
      case "CopyPartData": {
        const { bytes, count, starts } = part.run
        for (let index = 0; index < count; index++) {
          const start = starts[index]!
          const end = bodyEnd(part.run, index)
          if (this.facts.hasTags) this.message(bytes, start, end, events)
          else this.data(bytes.subarray(start, end), events)
        }
      }
    }
  }

  private result({ result }: CopyPartResult, events: Array<BackupEvent>): void {
    const { columns, rows } = result
    switch (this.state._tag) {
      case "Start":
        this.start = this.position(rows[0], "start")
        this.state = { _tag: "Tablespaces" }
        return
      case "Tablespaces":
        return this.begin(rows, events)
      case "Between": {
        if (columns.length === 0) return this.refuse("CommandComplete", "the end position is missing")
        if (this.seen.size < this.tablespaces.length) {
          return this.refuse("RowDescription", "an archive is missing")
        }
        if (this.facts.hasManifest && !this.hadManifest) {
          return this.refuse("RowDescription", "the manifest is missing")
        }
        const end = this.position(rows[0], "end")
        if (end === undefined) return
        this.end = { _tag: "BackupFinished", end: end.position, timeline: end.timeline }
        this.state = { _tag: "End" }
        return
      }
      default:
        if (columns.length > 0) this.refuse("RowDescription", "there is one result too many")
    }
  }

  private begin(rows: ReadonlyArray<Row>, events: Array<BackupEvent>): void {
    const tablespaces = rows.map((row) => this.tablespace(row))
    const found = tablespaces.filter((one) => one !== undefined)
    this.tablespaces = found
    this.checkTablespaces()
    this.state = { _tag: "Between" }
    if (this.start === undefined || this.refusal !== undefined) return
    const { systemId, serverVersion } = this.facts
    const { position: start, timeline } = this.start
    events.push({ _tag: "BackupStarted", systemId, serverVersion, start, timeline, tablespaces: found })
  }

  private position(row: Row = {}, which: string): LogPosition | undefined {
    const position = LsnText.fromText(textOf(row, "recptr") ?? "")
    const timeline = Number(textOf(row, "tli"))
    if (Option.isSome(position) && isTimeline(timeline)) return { position: position.value, timeline }
    this.refuse("DataRow", `the ${which} position has no recptr and tli that can be read`)
    return undefined
  }

  private tablespace(row: Row): BackupTablespace | undefined {
    const oid = textOf(row, "spcoid")
    const location = textOf(row, "spclocation")
    const size = textOf(row, "size")
    if ((oid === undefined) !== (location === undefined)) {
      this.refuse("DataRow", "a tablespace must have an OID and a folder, or neither")
    } else if (oid !== undefined && !/^[1-9]\d{0,9}$/.test(oid)) {
      this.refuse("DataRow", `the OID of a tablespace must be a number, got ${oid}`)
    } else if (size !== undefined && !/^\d{1,18}$/.test(size)) {
      this.refuse("DataRow", `the size of a tablespace must be a number, got ${size}`)
    } else {
      return {
        oid: oid === undefined ? undefined : Number(oid),
        location,
        estimatedBytes: size === undefined ? undefined : BigInt(size) * 1024n
      }
    }
    return undefined
  }

  private checkTablespaces(): void {
    const main = this.tablespaces.filter(({ oid }) => oid === undefined)
    if (main.length !== 1) return this.refuse("DataRow", "there must be one row for the data folder")
    const oids = new Set(this.tablespaces.map(({ oid }) => oid))
    if (oids.size !== this.tablespaces.length) return this.refuse("DataRow", "a tablespace is listed twice")
    const sizes = this.tablespaces.map(({ estimatedBytes }) => estimatedBytes)
    if (sizes.some((size) => size !== undefined)) {
      this.estimated = sizes.reduce<bigint>((sum, size) => sum + (size ?? 0n), 0n)
    }
  }

  private copyBegins(events: Array<BackupEvent>): void {
    if (this.state._tag !== "Between") {
      return this.refuse("CopyOutResponse", "a copy must follow the tablespaces")
    }
    if (this.facts.hasTags) {
      if (this.hasBegun) return this.refuse("CopyOutResponse", "there must be one copy")
      this.hasBegun = true
      this.state = { _tag: "Copy" }
      return
    }
    const tablespace = this.tablespaces[this.seen.size]
    if (tablespace !== undefined) {
      this.archive(tablespace.oid === undefined ? "base.tar" : `${tablespace.oid}.tar`, tablespace, events)
    } else if (this.facts.hasManifest && !this.hadManifest) this.manifest(events)
    else this.refuse("CopyOutResponse", "there are more copies than archives")
  }

  private copyEnds(events: Array<BackupEvent>): void {
    if (!this.facts.hasTags && this.state._tag === "Archive") {
      // Its end is for the client to write.
      if (!this.archiveEnd.isThere) this.archiveData(new Uint8Array(endBlocks), events)
      this.report(events)
    }
    this.leave(events)
    this.state = { _tag: "Between" }
  }

  private message(bytes: Uint8Array, start: number, end: number, events: Array<BackupEvent>): void {
    const read = BackupMessage.decode(bytes, start, end)
    if (Either.isLeft(read)) return this.refuse("CopyData", read.left.message)
    const message = read.right
    switch (message._tag) {
      case "BackupData":
        return this.data(message.data, events)
      case "BackupProgress":
        this.bytes = message.bytes
        return this.report(events)
      case "NewManifest":
        if (!this.facts.hasManifest || this.hadManifest) {
          return this.refuse("CopyData", "there is a manifest too many")
        }
        this.leave(events)
        return this.manifest(events)
      case "NewArchive": {
        if (this.hadManifest) return this.refuse("CopyData", "an archive must not follow the manifest")
        this.leave(events)
        const { archive, location } = message
        const [, stem] = archiveName.exec(archive) ?? []
        if (stem === undefined) {
          const wanted = "must be base.tar or a tablespace's OID with .tar, and a compression's suffix"
          return this.refuse("CopyData", `the name of an archive ${wanted}, got ${JSON.stringify(archive)}`)
        }
        const oid = stem === "base" ? undefined : Number(stem)
        const tablespace = this.tablespaces.find((one) => one.oid === oid)
        if (tablespace === undefined || (tablespace.location ?? "") !== location) {
          return this.refuse("CopyData", `the archive ${archive} belongs to no tablespace that was listed`)
        }
        return this.archive(archive, tablespace, events)
      }
    }
  }

  private archive(name: string, tablespace: BackupTablespace, events: Array<BackupEvent>): void {
    const key = String(tablespace.oid)
    if (this.seen.has(key)) return this.refuse("CopyData", `the archive ${name} comes twice`)
    this.seen.add(key)
    this.isCompressed = !name.endsWith(".tar")
    this.archiveEnd.reset()
    this.state = { _tag: "Archive" }
    events.push({ _tag: "ArchiveStarted", name, tablespace })
  }

  private manifest(events: Array<BackupEvent>): void {
    this.hadManifest = true
    this.state = { _tag: "Manifest" }
    events.push({ _tag: "ManifestStarted" })
  }

  /** The archive that is open ends here. */
  private leave(events: Array<BackupEvent>): void {
    if (this.state._tag !== "Archive") return
    if (this.facts.isSent && !this.isCompressed && !this.archiveEnd.isWhole) {
      this.refuse("CopyData", "an archive must end with two blocks of zeros")
    }
    events.push({ _tag: "ArchiveEnded" })
  }

  private data(data: Uint8Array, events: Array<BackupEvent>): void {
    switch (this.state._tag) {
      case "Archive":
        if (data.length === 0) return
        this.archiveData(data, events)
        if (!this.facts.hasTags && this.bytes - this.reported >= progressBytes) this.report(events)
        return
      case "Manifest":
        if (data.length > 0) events.push({ _tag: "ManifestData", data })
        return
      default:
        return this.refuse("CopyData", "there is data before any archive")
    }
  }

  private archiveData(data: Uint8Array, events: Array<BackupEvent>): void {
    if (!this.isCompressed) this.archiveEnd.see(data)
    if (!this.facts.hasTags) this.bytes += BigInt(data.length)
    events.push({ _tag: "ArchiveData", data })
  }

  private report(events: Array<BackupEvent>): void {
    this.reported = this.bytes
    const { bytes, estimated } = this
    events.push({
      _tag: "BackupProgressed",
      bytes,
      estimatedBytes: estimated === undefined || estimated > bytes ? estimated : bytes
    })
  }
}
