/** SQL as a tagged template whose values are always parameters, and helpers for lists, rows, conditions and names. */
export * from "./client/Sql.js"
export * from "./client/SqlHelpers.js"
export { fromFile, named } from "./client/NamedParameters.js"
export { typesOf } from "./client/ColumnTypes.js"
