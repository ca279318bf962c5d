/** The client service: queries, streams and transactions over a pool. */
export * from "./client/PgClient.js"
