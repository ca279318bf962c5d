/** Manifests as text, right and wrong. */
import * as NodeCrypto from "node:crypto"
import * as Either from "effect/Either"
import * as Checksum from "../../../src/replication/backup/Checksum.js"
import type { ManifestFile } from "../../../src/replication/backup/Manifest.js"
import { ManifestReader } from "../../../src/replication/backup/ManifestReader.js"

/** The text with its checksum behind it. */
export const signed = (text: string): string =>
  `${text}"Manifest-Checksum": "${NodeCrypto.createHash("sha256").update(text).digest("hex")}"}\n`

export const range = `{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }`

export const crc = (content: string | Uint8Array): string => {
  const checksum = Checksum.make("CRC32C")
  checksum.update(Buffer.from(content as string))
  return checksum.digest()
}

/** The line of a file with this content. */
export const line = (path: string, content: string | Uint8Array): string =>
  `{ "Path": ${JSON.stringify(path)}, "Size": ${Buffer.byteLength(content as string)}, ` +
  `"Last-Modified": "2026-11-30 09:00:00 GMT", "Checksum-Algorithm": "CRC32C", "Checksum": "${crc(content)}" }`

export const manifestOf = (
  lines: ReadonlyArray<string>,
  systemId: string | undefined = "7000000000000000001"
): string =>
  signed(
    `{ "PostgreSQL-Backup-Manifest-Version": ${systemId === undefined ? 1 : 2},\n` +
      (systemId === undefined ? "" : `"System-Identifier": ${systemId},\n`) +
      `"Files": [\n${lines.join(",\n")}\n],\n"WAL-Ranges": [\n${range}\n],\n`
  )

/** What a reader makes of the pieces. */
export const read = (pieces: Iterable<Uint8Array>) => {
  const reader = new ManifestReader()
  const files: Array<ManifestFile> = []
  for (const piece of pieces) {
    const read = reader.read(piece)
    if (Either.isLeft(read)) return Either.left(read.left)
    files.push(...read.right)
  }
  return Either.map(reader.finish(), (facts) => ({ facts, files }))
}
