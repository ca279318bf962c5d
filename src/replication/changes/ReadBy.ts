/** The codecs by which the rows of a relation were read, for those who want them read in another way. */
import type { Codec } from "../../types/Codec.js"
import type { Relation } from "./LogicalEvent.js"

const known = new WeakMap<Relation, ReadonlyArray<Codec | undefined>>()

/** Notes the codec of each column. */
export const note = (relation: Relation, codecs: ReadonlyArray<Codec | undefined>): void => {
  known.set(relation, codecs)
}

/** The codec of each column; `undefined` for a relation that did not come from a feed. */
export const of = (relation: Relation): ReadonlyArray<Codec | undefined> | undefined => known.get(relation)
