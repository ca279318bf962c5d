/** Two-phase commit: transactions that were prepared, and their end. */
export * from "./client/PreparedTransaction.js"
