/** Checksums of files as a manifest has them: hexadecimal, CRC-32C with its bytes in the order of a little-endian machine. */
import * as NodeCrypto from "node:crypto"
import type { ManifestChecksums } from "./BackupOptions.js"
import * as Crc32c from "./Crc32c.js"

/** The checksum of a file that goes by. */
export interface Checksum {
  readonly update: (bytes: Uint8Array) => void
  /** In lower case. Once. */
  readonly digest: () => string
}

const crc32c = (): Checksum => {
  let crc = 0
  return {
    update: (bytes) => {
      crc = Crc32c.update(crc, bytes)
    },
    digest: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(crc)
      return bytes.toString("hex")
    }
  }
}

const none: Checksum = { update: () => {}, digest: () => "" }

/** Names of algorithms that manifests have, in upper case. */
export const algorithms: ReadonlyArray<ManifestChecksums> = [
  "NONE",
  "CRC32C",
  "SHA224",
  "SHA256",
  "SHA384",
  "SHA512"
]

/** A new one; that of `NONE` is the empty text. */
export const make = (algorithm: ManifestChecksums): Checksum => {
  if (algorithm === "NONE") return none
  if (algorithm === "CRC32C") return crc32c()
  const hash = NodeCrypto.createHash(algorithm.toLowerCase())
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") }
}
