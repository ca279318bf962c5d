/** The files that were written, to be compared with the manifest, which comes after them. */
import * as Either from "effect/Either"
import type { ManifestChecksums } from "./BackupOptions.js"
import type { Checksum } from "./Checksum.js"
import * as Checksums from "./Checksum.js"
import type { ManifestFacts } from "./Manifest.js"
import { ManifestReader } from "./ManifestReader.js"
import { shown } from "./MemberPath.js"

/** Of files in this folder a manifest has at most some marks of segments: they are compared with nothing. */
export const isInLog = (path: string): boolean => path.startsWith("pg_wal/")

export class WrittenFiles {
  /** Sizes and checksums by the paths of the manifest, until they have been compared. */
  private readonly files = new Map<string, string>()
  private readonly reader = new ManifestReader()
  private checksum: Checksum | undefined
  private path = ""
  private size = 0
  private refusal: string | undefined

  constructor(private readonly algorithm: ManifestChecksums) {}

  /** A file begins. */
  begin(path: string): void {
    this.path = path
    this.size = 0
    this.checksum = isInLog(path) ? undefined : Checksums.make(this.algorithm)
  }

  update(data: Uint8Array): void {
    this.size += data.length
    this.checksum?.update(data)
  }

  end(): void {
    if (this.checksum === undefined) return
    this.files.set(this.path, `${this.size} ${this.checksum.digest()}`)
    this.checksum = undefined
  }

  /** Takes a piece of the manifest. Left: it is malformed, or a file differs from it. */
  manifest(bytes: Uint8Array): Either.Either<void, string> {
    return Either.flatMap(this.reader.read(bytes), (files) => {
      for (const { algorithm, checksum, path, size } of files) {
        if (isInLog(path)) continue
        const written = this.files.get(path)
        this.files.delete(path)
        if (written === undefined) this.refusal ??= `${shown(path)} was not received, or is listed twice`
        else if (written !== `${size} ${algorithm === this.algorithm ? checksum : ""}`) {
          this.refusal ??= `${shown(path)} was received with ${written}, and should have ${size} ${checksum}`
        }
      }
      return this.refusal === undefined ? Either.void : Either.left(this.refusal)
    })
  }

  /** The manifest is complete. */
  finish(systemId: string): Either.Either<ManifestFacts, string> {
    return Either.flatMap(this.reader.finish(), (facts) => {
      const [extra] = this.files.keys()
      if (extra !== undefined) return Either.left(`${shown(extra)} was received, and is not listed`)
      return facts.systemId === undefined || facts.systemId === systemId
        ? Either.right(facts)
        : Either.left(
            `it belongs to the cluster ${facts.systemId}, and the server to the cluster ${systemId}`
          )
    })
  }
}
