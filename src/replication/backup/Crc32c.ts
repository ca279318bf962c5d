/**
 * CRC-32C (Castagnoli), which manifests have for every file. Sixteen bytes are looked up at once, as four words where the machine is
 * little-endian and the bytes lie aligned.
 *
 * @see https://www.postgresql.org/docs/current/backup-manifest-files.html
 */

const polynomial = 0x82f6_3b78

/** Sixteen tables of 256 entries: table `n` is for a byte with `n` more bytes behind it. */
const tables = (() => {
  const all = new Int32Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ polynomial
    all[byte] = crc
  }
  for (let at = 256; at < all.length; at++) {
    const before = all[at - 256]!
    all[at] = (before >>> 8) ^ all[before & 0xff]!
  }
  return all
})()

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Byte after byte: the plain twin, and the way for what is not aligned. `state` is the complement of the checksum so far. */
const bytewise = (state: number, bytes: Uint8Array, from: number, to: number): number => {
  let crc = state
  for (let at = from; at < to; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 0xff]!
  return crc
}

/** The checksum of what came before and of these bytes; begin with 0. */
export const updatePlain = (crc: number, bytes: Uint8Array): number =>
  ~bytewise(~crc, bytes, 0, bytes.length) >>> 0

/** As `updatePlain`. */
export const update = (crc: number, bytes: Uint8Array): number => {
  if (!isLittleEndian || bytes.length < 20) return updatePlain(crc, bytes)
  const aligned = (4 - (bytes.byteOffset & 3)) & 3
  let c = bytewise(~crc, bytes, 0, aligned)
  const count = ((bytes.length - aligned) >> 4) << 2
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, count)
  const t = tables
  for (let at = 0; at < count; at += 4) {
    const w0 = words[at]! ^ c
    const w1 = words[at + 1]!
    const w2 = words[at + 2]!
    const w3 = words[at + 3]!
    c =
      t[3840 + (w0 & 255)]! ^
      t[3584 + ((w0 >>> 8) & 255)]! ^
      t[3328 + ((w0 >>> 16) & 255)]! ^
      t[3072 + (w0 >>> 24)]! ^
      t[2816 + (w1 & 255)]! ^
      t[2560 + ((w1 >>> 8) & 255)]! ^
      t[2304 + ((w1 >>> 16) & 255)]! ^
      t[2048 + (w1 >>> 24)]! ^
      t[1792 + (w2 & 255)]! ^
      t[1536 + ((w2 >>> 8) & 255)]! ^
      t[1280 + ((w2 >>> 16) & 255)]! ^
      t[1024 + (w2 >>> 24)]! ^
      t[768 + (w3 & 255)]! ^
      t[512 + ((w3 >>> 8) & 255)]! ^
      t[256 + ((w3 >>> 16) & 255)]! ^
      t[w3 >>> 24]!
  }
  return ~bytewise(c, bytes, aligned + count * 4, bytes.length) >>> 0
}
