/**
 * The columns of a relation that its feed has read by another codec than the Schema brings. What the feed's values keep is
 * read anew, and what they have lost is refused before the first row.
 */
import * as Either from "effect/Either"
import type { Column } from "../../model/Column.js"
import * as ColumnCodecs from "../../schema/ColumnCodecs.js"
import type { ExpectedRow } from "../../schema/ExpectedRow.js"
import type { Registry } from "../../types/Registry.js"
import * as Recode from "../../types/Recode.js"
import type { ObjectRow } from "../../types/RowShape.js"
import type { Relation } from "../changes/LogicalEvent.js"
import * as ReadBy from "../changes/ReadBy.js"
import { isUnchanged } from "../changes/Unchanged.js"

/** One column that is read anew. */
interface Reading {
  readonly index: number
  readonly column: Column
  readonly reread: Recode.Recode
}

/** A value that the Schema's codec cannot read. */
export interface Misread {
  readonly index: number
  readonly column: Column
  readonly reason: string
}

export class Readings {
  constructor(private readonly readings: ReadonlyArray<Reading>) {}

  /** The row as the Schema's codecs read it: itself where they read it as the feed did. */
  apply(row: ObjectRow): Either.Either<ObjectRow, Misread> {
    if (this.readings.length === 0) return Either.right(row)
    const copy = { ...row }
    for (const { column, index, reread } of this.readings) {
      const value = row[column.name]
      if (!Object.hasOwn(row, column.name) || value === null || isUnchanged(value)) continue
      const read = reread(value)
      if (Either.isLeft(read)) return Either.left({ index, column, reason: read.left })
      copy[column.name] = read.right
    }
    return Either.right(copy)
  }
}

/** Left names the columns whose values have lost what the Schema's codecs need. `registry`: of a relation without a feed. */
export const of = (
  wanted: ExpectedRow,
  relation: Relation,
  columns: ReadonlyArray<Column>,
  registry: Registry
): Either.Either<Readings, string> => {
  const codecs = ReadBy.of(relation)
  const readings: Array<Reading> = []
  for (const [index, column] of columns.entries()) {
    const brought = ColumnCodecs.brought(wanted.get(column.name), column.typeOid)
    const codec = codecs === undefined ? registry.lookup(column.typeOid) : codecs[index]
    if (brought === undefined || codec === undefined || Recode.isSame(codec, brought)) continue
    const reread = Recode.from(codec, brought, column.typeOid)
    if (reread === undefined) {
      const type = registry.nameOf(column.typeOid)
      return Either.left(
        `column "${column.name}" of type ${type} was read by another codec than the Schema's, and its values have lost what that one needs: open the feed with types that keep them, such as PgTypes.lossless, or name the feed's codec in the Schema`
      )
    }
    readings.push({ index, column, reread })
  }
  return Either.right(new Readings(readings))
}
