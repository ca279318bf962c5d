/** The state machines of the protocol, as tables. */
export { tables } from "./protocol/Tables.js"
export type { NamedTable } from "./protocol/Tables.js"
export * as Session from "./protocol/Session.js"
export * as Pipeline from "./protocol/Pipeline.js"
export * as SimpleQuery from "./protocol/SimpleQuery.js"
export * as ExtendedQuery from "./protocol/ExtendedQuery.js"
export * as Startup from "./protocol/Startup.js"
