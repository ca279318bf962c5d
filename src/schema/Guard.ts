/**
 * The guard of a built-in type's Schema, as an annotation: it accepts the same values as the Schema and does not change
 * them. It needs no result object of Effect for each value.
 */

/** Key of the annotation. */
export const GuardId: unique symbol = Symbol.for("effect-postgres/PgSchema/Guard")

export type Guard = (value: unknown) => boolean
