import type { ExpectedColumn } from "./ExpectedRow.js"

/**
 * Whether the catalogue lets a plain column of a table be NULL. `unknown` for everything computed, and where it was not
 * asked. It speaks of the table: an outer join makes NULLs of any column, and a condition may keep them away.
 */
export type Nullability = "nullable" | "not null" | "unknown"

/**
 * `fits`; `missing`: not in the result; `type`: of another type; `nullable`: it may be NULL and the Schema takes none;
 * `unwanted`: in the result only; `excess`: in the result only, and the Schema has `onExcessProperty: "error"`.
 */
export type Verdict = "fits" | "missing" | "type" | "nullable" | "unwanted" | "excess"

/** One line of the comparison. */
export interface Compared {
  readonly name: string
  /** Name of the column's type; `undefined` when there is no such column. */
  readonly type: string | undefined
  readonly nullability: Nullability
  /** What the Schema wants; `undefined` when it does not want the column. */
  readonly wanted: ExpectedColumn | undefined
  readonly verdict: Verdict
  /** What the mismatch comes from, where it is one of spelling. */
  readonly hint?: string
}
