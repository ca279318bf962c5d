/** Configuration: from code, connection strings, libpq's variables. */
export * from "./config/PgConfig.js"
