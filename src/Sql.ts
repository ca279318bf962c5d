/** SQL as a tagged template whose values are always parameters. */
export * from "./client/Sql.js"
