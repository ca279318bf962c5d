/**
 * Writing frames in place: the header first with room for the length, then the body, then the length. A frame that
 * cannot be sent (a value that could not be written, a length the server refuses) is taken back whole, and the
 * writer's failure stays, so that frames after it are taken back too until its owner has looked.
 */
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as FrameLimits from "./FrameLimits.js"
import { tagText } from "./Tag.js"

/** Most parameters, columns, formats and types: the counts are unsigned 16-bit numbers. */
export const maxCount = 65_535

/** Begins a frame; the result is the mark that `end` wants. Valid as long as the writer is not detached. */
export const begin = (writer: ByteWriter, tag: number): number => {
  const mark = writer.offset
  if (writer.reserve(5)) {
    writer.bytes[mark] = tag
    // The length word is patched by `end`.
    writer.offset = mark + 5
  }
  return mark
}

/**
 * Ends a frame: writes its length, or takes the frame back and answers false. `most` is the greatest length the other
 * side accepts; unless given, the server's bound for a request with this tag.
 */
export const end = (writer: ByteWriter, mark: number, most?: number): boolean => {
  if (writer.failure === null) {
    const tag = writer.bytes[mark]!
    const length = writer.offset - mark - 1
    if (length <= (most ?? FrameLimits.frontend.most[tag]!)) {
      writer.patchInt32(mark + 1, length)
      return true
    }
    writer.fail(
      `message '${tagText(tag)}' of ${length} bytes is longer than the ${most ?? FrameLimits.frontend.most[tag]!} allowed`
    )
  }
  writer.offset = mark
  return false
}

/** Begins a packet without a tag: a length word and a body, as the first packets of a connection have it. */
export const beginPacket = (writer: ByteWriter): number => {
  const mark = writer.offset
  writer.int32(0)
  return mark
}

/** Ends a packet without a tag; false when it was taken back. */
export const endPacket = (writer: ByteWriter, mark: number, most: number): boolean => {
  if (writer.failure === null) {
    const length = writer.offset - mark
    if (length <= most) {
      writer.patchInt32(mark, length)
      return true
    }
    writer.fail(`a startup packet of ${length} bytes is longer than the ${most} the server takes`)
  }
  writer.offset = mark
  return false
}

/** Begins a value of Bind or FunctionCall: room for its length. The result is what `endValue` wants. */
export const beginValue = (writer: ByteWriter): number => {
  const mark = writer.offset
  if (writer.reserve(4)) writer.offset = mark + 4
  return mark
}

/** Ends a value by writing its length before it. */
export const endValue = (writer: ByteWriter, mark: number): void => {
  if (writer.failure === null) writer.patchInt32(mark, writer.offset - mark - 4)
}

/** NULL: a length of −1 and no bytes. */
export const nullValue = (writer: ByteWriter): void => writer.int32(-1)
