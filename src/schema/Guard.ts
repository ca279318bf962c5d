/**
 * The guard of a built-in type's Schema, as an annotation: what the Schema takes, it takes as it is. It says the same as the
 * Schema, without an answer of Effect's for each value.
 */

/** Key of the annotation. */
export const GuardId: unique symbol = Symbol.for("effect-postgres/PgSchema/Guard")

export type Guard = (value: unknown) => boolean
