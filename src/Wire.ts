/** Frames and messages of the protocol, in both directions. */
export * as BackendMessage from "./wire/BackendMessage.js"
export * as FrontendMessage from "./wire/FrontendMessage.js"
export * as FrameLimits from "./wire/FrameLimits.js"
/** What replication puts into copy data: the walsender's messages, and those of `pgoutput` inside them. */
export * as WalMessage from "./wire/replication/WalMessage.js"
export * as PgOutput from "./wire/replication/PgOutput.js"
/** What messages are written into. */
export { ByteWriter } from "./bytes/ByteWriter.js"
export { Framer } from "./wire/Framer.js"
export { FrameLengthError } from "./wire/FrameLengthError.js"
export { MalformedMessage } from "./wire/MalformedMessage.js"
