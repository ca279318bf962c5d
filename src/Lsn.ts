/** Positions in the write-ahead log. */
export * from "./model/Lsn.js"
