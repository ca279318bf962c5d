/** A backup while it is compared with its manifest, a part of the files at a time. */
import { constTrue } from "effect/Function"
import * as Checksums from "./Checksum.js"
import { LogCheck } from "./LogCheck.js"
import type { ManifestFacts, ManifestFile } from "./Manifest.js"
import { shown } from "./MemberPath.js"
import { controlFile, manifestFile } from "./PlainSink.js"
import type { BackupDeviation, BackupReport, DeviationKind, VerifyOptions } from "./VerifyReport.js"
import { isInLog } from "./WrittenFiles.js"

/** Files that may differ from the manifest, or come on top of it. */
const passed: ReadonlySet<string> = new Set([
  manifestFile,
  "postgresql.auto.conf",
  "standby.signal",
  "recovery.signal"
])

const isPassed = (path: string): boolean => passed.has(path) || path === "pg_wal" || isInLog(path)

const isSegmentPath = /^pg_wal\/[0-9A-F]{24}$/

/** A file that is being read. */
export interface Checking {
  readonly update: (piece: Uint8Array) => void
  readonly end: () => void
}

interface Expected extends ManifestFile {
  isSeen: boolean
}

/** The cluster's identifier with which a control file begins, in both orders of its bytes. */
const systemIds = (head: Buffer): ReadonlyArray<string> => [
  String(head.readBigUInt64LE(0)),
  String(head.readBigUInt64BE(0))
]

export class Verification {
  private readonly deviations: Array<BackupDeviation> = []
  private count = 0
  private files = 0
  private bytes = 0n
  private expected = new Map<string, Expected>()
  private facts: ManifestFacts | undefined
  private isPart: (path: string) => boolean = constTrue
  /** Of the first part alone, for what is looked at once. */
  private log: LogCheck | undefined
  private isFirst = true

  constructor(private readonly options: VerifyOptions & { readonly limit: number }) {}

  private add(kind: DeviationKind, path: string, detail: string): void {
    this.count++
    if (this.deviations.length < this.options.limit) this.deviations.push({ kind, path, detail })
  }

  manifest(detail: string): void {
    this.add("manifest", manifestFile, detail)
  }

  archive(name: string, detail: string): void {
    if (this.isFirst) this.add("archive", name, detail)
  }

  extra(path: string, detail = "the manifest does not list it"): void {
    if (this.isFirst) this.add("extra", path, detail)
  }

  unreadable(path: string): void {
    const expected = this.expected.get(path)
    if (expected !== undefined) expected.isSeen = true
    if (this.isPart(path)) this.add("unreadable", path, "it cannot be read")
  }

  beginPart(facts: ManifestFacts, isPart: (path: string) => boolean, isFirst: boolean): void {
    this.facts = facts
    this.isPart = isPart
    this.isFirst = isFirst
    this.expected = new Map()
    this.log = isFirst && this.options.log !== false ? new LogCheck(facts.walRanges) : undefined
  }

  /** A file that the manifest has. */
  expect(file: ManifestFile): void {
    if (isPassed(file.path)) return
    if (this.expected.has(file.path)) this.add("repeated", file.path, "the manifest lists it twice")
    this.expected.set(file.path, { ...file, isSeen: false })
  }

  /** A file that is there. `undefined`: it need not be read. */
  begin(path: string, size: bigint): Checking | undefined {
    if (this.log !== undefined && isSegmentPath.test(path)) return this.segment(path.slice(7), this.log)
    if (isPassed(path) || !this.isPart(path)) return undefined
    const expected = this.expected.get(path)
    if (expected === undefined) {
      this.add("extra", path, "the manifest does not list it")
      return undefined
    }
    if (expected.isSeen) {
      this.add("extra", path, "it occurs twice")
      return undefined
    }
    expected.isSeen = true
    this.files++
    this.bytes += size
    if (expected.size !== size) {
      this.add("size", path, `it has ${size} bytes, and should have ${expected.size}`)
      return undefined
    }
    return this.contents(expected)
  }

  private contents(expected: Expected): Checking | undefined {
    const { algorithm, path } = expected
    const isControl = path === controlFile && this.facts?.systemId !== undefined
    const isRead = this.options.checksums !== false && algorithm !== "NONE"
    if (!isControl && !isRead) return undefined
    const checksum = Checksums.make(isRead ? algorithm : "NONE")
    const head = Buffer.alloc(8)
    let bytes = 0
    return {
      update: (piece) => {
        if (isControl && bytes < 8) head.set(piece.subarray(0, 8 - bytes), bytes)
        bytes += piece.length
        checksum.update(piece)
      },
      end: () => {
        const computed = checksum.digest()
        if (BigInt(bytes) !== expected.size) {
          this.add("size", path, `${bytes} bytes were read, and it should have ${expected.size}`)
        } else if (isRead && computed !== expected.checksum) {
          this.add("checksum", path, `its ${algorithm} is ${computed}, and should be ${expected.checksum}`)
        }
        const wanted = this.facts?.systemId
        if (isControl && wanted !== undefined && !systemIds(head).includes(wanted)) {
          this.add(
            "system",
            path,
            `it belongs to the cluster ${systemIds(head)[0]}, and the manifest to the cluster ${wanted}`
          )
        }
      }
    }
  }

  private segment(name: string, log: LogCheck): Checking {
    log.begin(name)
    return { update: (piece) => log.update(piece), end: () => {} }
  }

  /** Everything has gone by: adds what is missing. */
  endPart(): void {
    for (const { isSeen, path, size } of this.expected.values()) {
      if (!isSeen) this.add("missing", path, `the manifest lists it with ${size} bytes`)
    }
    this.log?.finish()
    for (const { detail, name } of this.log?.faults ?? []) this.add("log", `pg_wal/${name}`, detail)
    this.expected = new Map()
  }

  report(manifest: ManifestFacts | undefined): BackupReport {
    return {
      isWhole: this.count === 0,
      files: this.files,
      bytes: this.bytes,
      deviations: this.deviations.map((one) => ({
        ...one,
        path: one.path.length > 300 ? shown(one.path) : one.path
      })),
      deviationCount: this.count,
      manifest
    }
  }
}
