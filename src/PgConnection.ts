/** One open session. */
export type {
  ConnectionStatus,
  CopyOptions,
  PgConnection,
  QueryOptions,
  SimpleOptions,
  StreamOptions,
  ValueOptions
} from "./connection/PgConnection.js"
export type { ConnectFacts } from "./connection/session/ConnectFacts.js"
export type { CopyBoth, CopyBothOptions } from "./connection/copy/CopyBoth.js"
export type {
  CopyPart,
  CopyPartBegin,
  CopyPartData,
  CopyPartEnd,
  CopyPartResult,
  CopyPartsOptions,
  TakePart
} from "./connection/copy/CopyOutParts.js"
export type { Description } from "./connection/statement/Describe.js"
export type { PipelineResult, StepOutcome } from "./connection/statement/ExplicitPipeline.js"
export type { Call } from "./connection/statement/FunctionCall.js"
export type { QueryResult } from "./connection/statement/Query.js"
export type {
  PlainOperations,
  RowOperations,
  SchemaOperations
} from "./connection/statement/RowOperations.js"
export type { Losses, ParameterChange } from "./connection/session/SideChannels.js"
export { subscriberCapacity } from "./connection/session/SideChannels.js"
export { cancelDeadline } from "./connection/session/Cancel.js"
export type { TransactionMode } from "./connection/TransactionMode.js"
