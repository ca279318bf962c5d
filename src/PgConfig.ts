/** Configuration: from code, connection strings, libpq's variables. */
export {
  databaseUrlVariable,
  fromConnectionString,
  fromDatabaseName,
  fromEnv,
  fromEnvWith,
  fromSources,
  fromUri,
  make,
  PgConfig,
  toConnectionString,
  untrusted
} from "./config/PgConfig.js"
export type {
  FromStringOptions,
  HostEntry,
  HostInput,
  Keyword,
  PgConfigInput,
  SecretInput,
  Sources
} from "./config/PgConfig.js"
