/** What makes a type, by the OIDs of the types in it. */
export type PgTypeShape =
  /** Labels in the type's order. */
  | { readonly _tag: "Enum"; readonly labels: ReadonlyArray<string> }
  | { readonly _tag: "Domain"; readonly base: number }
  /** Fields in the type's order, without dropped columns. The row type of a table is one. */
  | {
      readonly _tag: "Composite"
      readonly fields: ReadonlyArray<PgField>
      /** All attributes, dropped ones too, for values that were written before the type was altered. */
      readonly attributes?: ReadonlyArray<PgAttribute>
    }
  | { readonly _tag: "Range"; readonly subtype: number }
  | { readonly _tag: "Multirange"; readonly subtype: number }
  | { readonly _tag: "Array"; readonly element: number }
  /** A type written in C. `extension`: the one it belongs to. */
  | { readonly _tag: "Base"; readonly extension: string | null }
  /** No type of values, such as `anyelement`. */
  | { readonly _tag: "Pseudo" }

export interface PgAttribute {
  /** Place among the fields, −1 for one that was dropped. */
  readonly field: number
  /** Number of the transaction that made, renamed or dropped it. */
  readonly changedBy: number
}

/** A field of a composite type. */
export interface PgField {
  readonly name: string
  readonly type: number
}

/**
 * A type as the catalogue of one database has it.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-type.html
 */
export interface PgType {
  readonly oid: number
  /** OID of the array over this type, 0 when the type has no array. */
  readonly arrayOid: number
  readonly schema: string
  readonly name: string
  /** Delimiter of array elements in text. */
  readonly delimiter: string
  readonly shape: PgTypeShape
}
