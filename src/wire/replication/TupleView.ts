/**
 * The columns of one tuple as places in the bytes they came in: kinds, offsets and lengths in arrays that are used
 * again for the next tuple. The plain twin is `PgOutputTuple`.
 */
import type { ByteReader } from "../../bytes/ByteReader.js"
import { binaryKind, nullKind, type PgOutputTuple, textKind, unchangedKind } from "./PgOutputTuple.js"

/** Most tables are narrower; wider ones let the arrays grow once. */
const defaultWidth = 32

export class TupleView {
  /** Number of columns. */
  count = 0
  /** Kind of each column: `n`, `u`, `t` or `b` as its byte. */
  kinds: Uint8Array = new Uint8Array(defaultWidth)
  /** Where the value of a `t` or `b` begins. */
  starts: Int32Array = new Int32Array(defaultWidth)
  /** How many bytes it has; 0 for `n` and `u`. */
  lengths: Int32Array = new Int32Array(defaultWidth)

  /** Reads a tuple. What is wrong is recorded on the reader, and then the view is not valid. */
  read(reader: ByteReader): void {
    const count = reader.uint16()
    this.count = 0
    const end = reader.end
    let at = reader.offset
    // A column takes a byte at the least: room is made for what is there and not for what is claimed.
    if (count > end - at) {
      reader.fail(`a count of ${count} where ${end - at} bytes are left`)
      return
    }
    if (count > this.kinds.length) this.grow(count)
    const { kinds, lengths, starts } = this
    const { bytes, view } = reader
    for (let index = 0; index < count; index++) {
      if (at >= end) {
        reader.fail(`a tuple that ends before column ${index}`)
        return
      }
      const kind = bytes[at++]!
      kinds[index] = kind
      if (kind === textKind || kind === binaryKind) {
        if (end - at < 4) {
          reader.fail(`a tuple that ends inside column ${index}`)
          return
        }
        const length = view.getInt32(at)
        at += 4
        if (length < 0 || length > end - at) {
          reader.fail(`column ${index} has ${length} bytes where ${end - at} are left`)
          return
        }
        starts[index] = at
        lengths[index] = length
        at += length
      } else if (kind === nullKind || kind === unchangedKind) {
        starts[index] = at
        lengths[index] = 0
      } else {
        reader.fail(`a column of the unknown kind ${kind}`)
        return
      }
    }
    reader.offset = at
    if (reader.failure === null) this.count = count
  }

  private grow(count: number): void {
    this.kinds = new Uint8Array(count)
    this.starts = new Int32Array(count)
    this.lengths = new Int32Array(count)
  }

  /** The tuple as a value of its own; `bytes` are those it was read from. */
  toTuple(bytes: Uint8Array): PgOutputTuple {
    return Array.from({ length: this.count }, (_, index) => {
      const kind = this.kinds[index]
      if (kind === nullKind) return { _tag: "Null" }
      if (kind === unchangedKind) return { _tag: "Unchanged" }
      const start = this.starts[index]!
      const value = Uint8Array.from(bytes.subarray(start, start + this.lengths[index]!))
      return { _tag: kind === textKind ? "Text" : "Binary", bytes: value }
    })
  }
}
