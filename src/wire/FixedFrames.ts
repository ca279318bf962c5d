/** Requests that are always the same bytes, for senders in a hurry. Equal to their messages' own encoders. */
import type { ByteWriter } from "../bytes/ByteWriter.js"

const preset = (bytes: ReadonlyArray<number>) => {
  const frame = Uint8Array.from(bytes)
  const size = frame.length
  /** Appends the frame; after a failure on the writer nothing, so that no part of a broken series leaves. */
  return (writer: ByteWriter): void => {
    if (writer.failure !== null || !writer.reserve(size)) return
    const target = writer.bytes
    const at = writer.offset
    for (let index = 0; index < size; index++) target[at + index] = frame[index]!
    writer.offset = at + size
  }
}

/** Sync. */
export const sync = preset([0x53, 0, 0, 0, 4])
/** Flush. */
export const flush = preset([0x48, 0, 0, 0, 4])
/** Execute of the unnamed portal, all rows. */
export const executeUnnamed = preset([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0])
/** Describe of the unnamed portal. */
export const describeUnnamedPortal = preset([0x44, 0, 0, 0, 6, 0x50, 0])
/** Terminate. */
export const terminate = preset([0x58, 0, 0, 0, 4])
/** CopyDone. */
export const copyDone = preset([0x63, 0, 0, 0, 4])
