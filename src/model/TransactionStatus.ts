/** The status byte of `ReadyForQuery`: `I` idle, `T` in a transaction block, `E` in a failed one. */
export type TransactionStatus = "I" | "T" | "E"
