/** Cursors with a name: forward, backward, beyond the end of a transaction. */
export * from "./client/Cursor.js"
