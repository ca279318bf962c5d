/** Why a change could not be given its meaning. The stream cannot go on beyond it. Texts carry sizes, never values. */
import type { ChangeRowPlace } from "../../model/CodecPlace.js"

/** The change is of a relation that has not been described. */
export interface UnknownRelation {
  readonly _tag: "UnknownRelation"
  readonly relationId: number
}

/** Its row has another number of columns than its relation. */
export interface ColumnMismatch {
  readonly _tag: "ColumnMismatch"
  /** With its schema. */
  readonly relation: string
  readonly columns: number
  readonly described: number
}

/** A value that its codec cannot read. */
export interface UndecodableColumn {
  readonly _tag: "UndecodableColumn"
  /** Of the row that it is in. */
  readonly place: ChangeRowPlace
  readonly column: string
  /** Place of the column, from 0. */
  readonly index: number
  readonly type: string
  readonly reason: string
}

/** A message that cannot stand where it stands. */
export interface Disorder {
  readonly _tag: "Disorder"
  /** The message, by the manual's name. */
  readonly kind: string
  readonly reason: string
}

export type ChangeFailure = UnknownRelation | ColumnMismatch | UndecodableColumn | Disorder

/** One sentence for people. */
export const describe = (failure: ChangeFailure): string => {
  switch (failure._tag) {
    case "UnknownRelation":
      return `a change of the relation ${failure.relationId}, which has not been described`
    case "ColumnMismatch":
      return `a row of ${failure.columns} columns where ${failure.relation} has ${failure.described}`
    case "UndecodableColumn":
      return `${failure.place.table}.${failure.column} of type ${failure.type}: ${failure.reason}`
    case "Disorder":
      return `${failure.kind}: ${failure.reason}`
  }
}
