/**
 * Stands in a row for a large value that did not change and that the server therefore did not send: neither NULL nor
 * anything else that a column can hold. A table with replica identity full has its old rows sent whole, and so no need
 * of it.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-TUPLEDATA
 */
export const Unchanged: unique symbol = Symbol.for("effect-postgres/Unchanged")
export type Unchanged = typeof Unchanged

/** Whether a column's value was not sent because it did not change. */
export const isUnchanged = (value: unknown): value is Unchanged => value === Unchanged
