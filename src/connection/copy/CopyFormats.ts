import type { Format } from "../../model/Format.js"

/** The formats of a copy as the server names them before the data. */
export interface CopyFormats {
  /** Of the data: 0 for lines of text or CSV, 1 for binary. */
  readonly format: Format
  /** Of each column, in the order of the copy. */
  readonly columnFormats: ReadonlyArray<Format>
}

/** Takes the formats of a copy. */
export type TakeFormats = (formats: CopyFormats) => void
