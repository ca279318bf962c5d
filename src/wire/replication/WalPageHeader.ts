/**
 * The header with which a segment of the log begins: which cluster wrote it, and how large its segments are. It is written in
 * the byte order of the server's machine, which its first two bytes show.
 *
 * @see https://www.postgresql.org/docs/current/wal-internals.html
 */

export interface WalPageHeader {
  /** Identifies the version that wrote the page: `0xD1` in the upper byte. */
  readonly magic: number
  readonly timeline: number
  /** Where in the log the page stands. */
  readonly position: bigint
  /** As IDENTIFY_SYSTEM gives it. */
  readonly systemId: string
  readonly segmentSize: number
  readonly blockSize: number
  readonly littleEndian: boolean
}

/** Bytes of the header. */
export const headerBytes = 40

const magicFamily = 0xd1
/** Marks a first page, whose header has more fields than others. */
const longHeader = 0x0002

/** Reads the first page of a segment; `undefined` when the bytes are no such page, as in a file that is not filled yet. */
export const decode = (bytes: Uint8Array): WalPageHeader | undefined => {
  if (bytes.length < headerBytes) return undefined
  const littleEndian = bytes[1] === magicFamily
  if (!littleEndian && bytes[0] !== magicFamily) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  if ((view.getUint16(2, littleEndian) & longHeader) === 0) return undefined
  return {
    magic: view.getUint16(0, littleEndian),
    timeline: view.getUint32(4, littleEndian),
    position: view.getBigUint64(8, littleEndian),
    systemId: String(view.getBigUint64(24, littleEndian)),
    segmentSize: view.getUint32(32, littleEndian),
    blockSize: view.getUint32(36, littleEndian),
    littleEndian
  }
}

/** The header as a server writes it. */
export const encode = (header: WalPageHeader): Uint8Array => {
  const { littleEndian } = header
  const bytes = new Uint8Array(headerBytes)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, header.magic, littleEndian)
  view.setUint16(2, longHeader, littleEndian)
  view.setUint32(4, header.timeline, littleEndian)
  view.setBigUint64(8, header.position, littleEndian)
  view.setBigUint64(24, BigInt(header.systemId), littleEndian)
  view.setUint32(32, header.segmentSize, littleEndian)
  view.setUint32(36, header.blockSize, littleEndian)
  return bytes
}
