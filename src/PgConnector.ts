/** The service that opens sessions. */
export * from "./connection/PgConnector.js"
