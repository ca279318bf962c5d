/**
 * The client: queries, streams and transactions over a pool of connections. Begin with `layer`, `layerConfig` or `layerUri`, which provide the
 * service `PgClient`.
 */
export * from "./client/PgClient.js"
