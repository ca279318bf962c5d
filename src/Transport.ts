/** Byte streams to a server: the service, and its implementations. */
export { Transport } from "./net/Transport.js"
export type { Address, Link, LinkHandlers } from "./net/Transport.js"
export * as NodeTransport from "./net/NodeTransport.js"
export * as DuplexTransport from "./net/DuplexTransport.js"
export * as SocketTransport from "./net/SocketTransport.js"
