/** One open session. */
export type {
  ConnectionStatus,
  CopyOptions,
  PgConnection,
  QueryOptions,
  StreamOptions
} from "./connection/PgConnection.js"
export type { ConnectFacts } from "./connection/ConnectFacts.js"
export type { CopyBoth, CopyBothOptions } from "./connection/CopyBoth.js"
export type { Description } from "./connection/Describe.js"
export type { PipelineResult, StepOutcome } from "./connection/ExplicitPipeline.js"
export type { Call } from "./connection/FunctionCall.js"
export type { QueryResult } from "./connection/Query.js"
export type { PlainOperations, RowOperations, SchemaOperations } from "./connection/RowOperations.js"
export type { Losses, ParameterChange } from "./connection/SideChannels.js"
export { subscriberCapacity } from "./connection/SideChannels.js"
export { cancelDeadline } from "./connection/Cancel.js"
export type { TransactionOptions } from "./connection/Transaction.js"
