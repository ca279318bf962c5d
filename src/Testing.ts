/** Tools for tests: an embedded PostgreSQL, a database for each test, a scripted server, faults of the network, virtual time, and arbitrary messages. */
export { start } from "./testing/EmbeddedPostgres.js"
export { EmbeddedPostgres } from "./testing/clients/EmbeddedClient.js"
export type { EmbeddedServices } from "./testing/clients/EmbeddedClient.js"
export { DatabaseTemplate } from "./testing/clients/DatabaseTemplate.js"
export type { TemplateError } from "./testing/clients/DatabaseTemplate.js"
export type {
  AddressFamily,
  EmbeddedPostgresReason,
  Listen,
  Options as EmbeddedPostgresOptions,
  EmbeddedServer,
  StopMode,
  TlsMaterial,
  MajorVersion
} from "./testing/EmbeddedPostgres.js"
export { EmbeddedPostgresError } from "./testing/EmbeddedPostgresError.js"
export * as FaultProxy from "./testing/FaultProxy.js"
export * as MemoryTransport from "./testing/MemoryTransport.js"
export * as ScriptedServer from "./testing/ScriptedServer.js"
/** Programs in virtual time, in an order that follows from a seed. */
export * as Simulation from "./testing/Simulation.js"
/** A network in memory with latency, cuts, resets and stalls from a seed. */
export * as SimulatedNetwork from "./testing/SimulatedNetwork.js"
export * as Arbitraries from "./testing/Arbitraries.js"
export * as ArbitrariesReplication from "./testing/ArbitrariesReplication.js"
/** The machine that a connector runs on, and one with nothing on it. */
export * as Host from "./host/Host.js"
