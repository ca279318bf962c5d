/**
 * What output plugins other than `pgoutput` write, read as changes; `Replication.plugin` gives their messages. A subpath of its own:
 * `effect-postgres/OutputPlugins`.
 */
/** Lines of `test_decoding`. */
export * as TestDecoding from "./replication/plugins/TestDecoding.js"
/** The JSON of `wal2json`, in its formats 1 and 2. */
export * as Wal2Json from "./replication/plugins/Wal2Json.js"
export { row } from "./replication/plugins/PluginChange.js"
export type {
  PluginChange,
  PluginColumn,
  PluginColumns,
  UndecodableValue
} from "./replication/plugins/PluginChange.js"
