/** Advisory locks, tied to a scope or to a transaction. */
export * from "./client/AdvisoryLock.js"
