/**
 * UTF-8 both ways. Where the runtime has a `Buffer` its native routines are used, which decode a short
 * string in a third of the time of `TextDecoder`; elsewhere the standard coders serve. Both give the same text.
 */
import * as ShortAscii from "./ShortAscii.js"

interface NativeBytes {
  utf8Slice(start: number, end: number): string
  utf8Write(text: string, offset: number, length: number): number
}

interface NativeBuffer {
  readonly prototype: NativeBytes
  byteLength(text: string): number
}

const native = (globalThis as { readonly Buffer?: NativeBuffer }).Buffer
const utf8Slice = native?.prototype.utf8Slice
const utf8Write = native?.prototype.utf8Write
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
const encoder = new TextEncoder()

/** Text of `bytes[start, end)`; invalid sequences become U+FFFD, a byte order mark is kept. */
export const decode = (bytes: Uint8Array, start: number, end: number): string => {
  const length = end - start
  return (
    (length <= ShortAscii.longest ? ShortAscii.decode(bytes, start, length) : undefined) ??
    decodeLong(bytes, start, end)
  )
}

const decodeLong = (bytes: Uint8Array, start: number, end: number): string =>
  utf8Slice === undefined
    ? decoder.decode(bytes.subarray(start, end))
    : utf8Slice.call(bytes as never, start, end)

/** The plain twin of `decode`: the standard decoder and nothing else. */
export const decodePlain = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end))

/** Below this many characters a loop over ASCII beats the call into native code. */
const shortText = 24

/** Number of bytes `text` takes in UTF-8. */
export const byteLength = (text: string): number =>
  native === undefined ? encoder.encode(text).length : native.byteLength(text)

/** Writes `text` at `offset` and returns the bytes written. The caller has reserved `3 × text.length`. */
export const write = (bytes: Uint8Array, text: string, offset: number): number => {
  const length = text.length
  if (length <= shortText) {
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 127) return writeLong(bytes, text, offset)
      bytes[offset + index] = code
    }
    return length
  }
  return writeLong(bytes, text, offset)
}

const writeLong = (bytes: Uint8Array, text: string, offset: number): number =>
  utf8Write === undefined
    ? encoder.encodeInto(text, bytes.subarray(offset)).written
    : utf8Write.call(bytes as never, text, offset, bytes.length - offset)

/** The UTF-8 bytes of `text`. */
export const encode = (text: string): Uint8Array => encoder.encode(text)

/** True when `text` has no lone surrogate, so that UTF-8 can carry it unchanged. */
export const isWellFormed = (text: string): boolean => text.isWellFormed()
