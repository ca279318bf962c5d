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
export type { CopyFormats } from "./wire/messages/Copy.js"
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
export type { BatchResult } from "./connection/statement/BatchRequest.js"
export type { Description } from "./connection/statement/Describe.js"
export type {
  PipelineItem,
  PipelineMark,
  PipelineOptions,
  PipelineResult,
  PipelineStep,
  StepOutcome,
  StepOutcomes,
  StepsContext
} from "./connection/statement/PipelineSteps.js"
export { flush, step, sync } from "./connection/statement/PipelineSteps.js"
export type { Call } from "./connection/statement/FunctionCall.js"
export type { PreparedStatement } from "./connection/statement/PreparedStatement.js"
export type { QueryResult } from "./connection/statement/Query.js"
export type {
  PlainOperations,
  RowOperations,
  SchemaOperations
} from "./connection/statement/RowOperations.js"
export type { RowsAs } from "./connection/statement/QueryOptions.js"
export type { RowCountOperations } from "./connection/statement/RowCount.js"
export type { StreamedResult } from "./connection/statement/StreamedResult.js"
export type { BytesRow, ResultMode, RowIn } from "./types/Row.js"
export type { Losses, ParameterChange } from "./connection/session/SideChannels.js"
export { subscriberCapacity } from "./connection/session/SideChannels.js"
export { cancelDeadline } from "./connection/session/Cancel.js"
export { waitForLsn } from "./connection/WaitForLsn.js"
export type { WaitMode, WaitOptions, WaitResult } from "./connection/WaitForLsn.js"
export type { TransactionMode } from "./connection/TransactionMode.js"
