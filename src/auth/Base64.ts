/**
 * Canonical base64 (RFC 4648 §4) as SASL messages use it. Decoding is strict: no white space, no missing padding, no
 * stray bits behind the last byte, so that every value has one spelling.
 */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

const values: Int8Array = new Int8Array(128).fill(-1)
for (let value = 0; value < 64; value++) values[alphabet.charCodeAt(value)] = value

/** The base64 form of `bytes`, padded. */
export const encode = (bytes: Uint8Array): string => {
  let text = ""
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    text += alphabet[group >> 18]! + alphabet[(group >> 12) & 63]!
    text += left > 1 ? alphabet[(group >> 6) & 63]! : "="
    text += left > 2 ? alphabet[group & 63]! : "="
  }
  return text
}

/** The bytes of `text`, or `null` when it is not canonical base64. Empty text is no bytes. */
export const decode = (text: string): Uint8Array | null => {
  if (text.length % 4 !== 0) return null
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  const digits = text.length - padding
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  let group = 0
  let bits = 0
  let to = 0
  for (let at = 0; at < digits; at++) {
    const code = text.charCodeAt(at)
    const value = code < 128 ? values[code]! : -1
    if (value < 0) return null
    group = ((group << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[to++] = group >> bits
  }
  return (group & ((1 << bits) - 1)) === 0 ? bytes : null
}
