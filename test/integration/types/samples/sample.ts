/** What a sample of a type is, and the words that samples are made of. */

export interface Sample {
  /** As SQL names it. */
  readonly type: string
  /** Extremes and oddities, as text. */
  readonly literals: ReadonlyArray<string>
  /** SQL for one random value, or for its text; made of the functions of `makers`. */
  readonly random: string
  /** Its text depends on DateStyle. */
  readonly isDated?: true
  /** Its text has fewer digits than it when `extra_float_digits` is below 1. */
  readonly isFloating?: true
  /** What of column `x` the familiar preset can read: a `Date` ends before the types do. */
  readonly withinDate?: true
  /** Spaces, the order of keys and the spelling of numbers do not come back. */
  readonly isJson?: true
  /** Its text leaves out brackets that do not matter, which its bytes keep. */
  readonly comparedAsText?: true
  /** Its values are arrays to array_agg, which would make one array of them. */
  readonly isArray?: true
  /** The server takes its empty value in text only. */
  readonly hasNoEmptyInBinary?: true
  /** Its extremes have so many digits that comparing them takes its time. */
  readonly isLong?: true
  /** What the familiar preset's form holds all of: nothing, or only values that are in no array. Unless given, everything. */
  readonly familiarHolds?: "nothing" | "values"
  /** Literals and random values for servers from a version on, in place of the others. */
  readonly from?: { readonly version: number; readonly literals: ReadonlyArray<string> }
}

export const w = (least: number | string, most: number | string): string => `pg_temp.whole(${least}, ${most})`
export const digits = (least: number, most: number): string => `pg_temp.digits(${least}, ${most})`
export const pick = (...texts: ReadonlyArray<string>): string =>
  `pg_temp.pick(${texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(", ")})`
export const sign = pick("", "-")
