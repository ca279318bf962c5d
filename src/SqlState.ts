/** SQLSTATE codes by PostgreSQL's names. */
export * from "./model/SqlState.js"
