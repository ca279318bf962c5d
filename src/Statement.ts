/** SQL text with its parameters. */
export * from "./model/Statement.js"
