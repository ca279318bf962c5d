/**
 * A manifest as text, in pieces: its head, a line for each file, and its end with the checksum of all before.
 *
 * @see https://www.postgresql.org/docs/current/backup-manifest-format.html
 */
import * as NodeCrypto from "node:crypto"
import * as LsnText from "../../model/Lsn.js"
import type { ManifestFile, ManifestWalRange } from "./Manifest.js"

export class ManifestWriter {
  private readonly hash = NodeCrypto.createHash("sha256")
  private isFirst = true

  private take(text: string): string {
    this.hash.update(text)
    return text
  }

  /** `systemId`: for version 2. */
  head(systemId: string | undefined): string {
    return this.take(
      systemId === undefined
        ? `{ "PostgreSQL-Backup-Manifest-Version": 1,\n"Files": [`
        : `{ "PostgreSQL-Backup-Manifest-Version": 2,\n"System-Identifier": ${systemId},\n"Files": [`
    )
  }

  file({ algorithm, checksum, lastModified, path, size }: ManifestFile): string {
    const fields = [
      `"Path": ${JSON.stringify(path)}`,
      `"Size": ${size}`,
      ...(lastModified === undefined ? [] : [`"Last-Modified": ${JSON.stringify(lastModified)}`]),
      ...(algorithm === "NONE" ? [] : [`"Checksum-Algorithm": "${algorithm}"`, `"Checksum": "${checksum}"`])
    ]
    const before = this.isFirst ? "\n" : ",\n"
    this.isFirst = false
    return this.take(`${before}{ ${fields.join(", ")} }`)
  }

  end(ranges: ReadonlyArray<ManifestWalRange>): string {
    const list = ranges.map(
      ({ end, start, timeline }) =>
        `\n{ "Timeline": ${timeline}, "Start-LSN": "${LsnText.toText(start)}", "End-LSN": "${LsnText.toText(end)}" }`
    )
    const text = this.take(`\n],\n"WAL-Ranges": [${list.join(",")}\n],\n`)
    return `${text}"Manifest-Checksum": "${this.hash.digest("hex")}"}\n`
  }
}
