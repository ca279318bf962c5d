/** Logical replication: feeds of typed changes, the slots they are read from, and the publications that say what is in them. */
export { logical, usualUnacknowledged } from "./replication/LogicalFeed.js"
export type { FeedProgress, LogicalFeed, LogicalOptions } from "./replication/LogicalFeed.js"
export { plugin } from "./replication/PluginFeed.js"
export type { PluginFeed, PluginFeedOptions } from "./replication/PluginFeed.js"
/** What other plugins write, as changes. */
export * as TestDecoding from "./replication/TestDecoding.js"
export * as Wal2Json from "./replication/Wal2Json.js"
export { row as pluginRow } from "./replication/PluginChange.js"
export type {
  PluginChange,
  PluginColumn,
  PluginColumns,
  UndecodableValue
} from "./replication/PluginChange.js"
export { usualBufferBytes, usualPatience } from "./replication/FeedLink.js"
export type { FeedError, FeedFacts, FeedOptions, InUse } from "./replication/FeedLink.js"
export type { ReadError } from "./replication/FeedReader.js"
export { positionOf } from "./replication/LogicalEvent.js"
export type {
  Begin,
  Change,
  Commit,
  CommitPrepared,
  Delete,
  Insert,
  LogicalEvent,
  LogicalMessage,
  Origin,
  Prepare,
  Relation,
  RollbackPrepared,
  TransactionInfo,
  Truncate,
  Update
} from "./replication/LogicalEvent.js"
export { isUnchanged, Unchanged } from "./replication/Unchanged.js"
export { usualTransactionBytes } from "./replication/TransactionAssembler.js"
export type { Transaction, TransactionEvent } from "./replication/TransactionAssembler.js"
export type { PluginOption } from "./replication/Command.js"
export type { PgOutputOptions, ProtocolVersion, Streaming } from "./replication/PgOutputOptions.js"
export { usualInterval, usualSilenceLimit } from "./replication/StandbyStatus.js"
/** Slots: made, looked at, moved on, dropped. */
export * as Slot from "./replication/Slot.js"
/** Publications: made, compared, dropped. */
export * as Publication from "./replication/Publication.js"
/** Where streamed transactions wait for their end. */
export * as SpillStore from "./replication/SpillStore.js"
/** Feeds kept going through a handler. */
export { run, usualReconnect, usualSteadiness } from "./replication/Run.js"
export type { RunSettings } from "./replication/Run.js"
export { eachBatch, eachChange, eachTransaction } from "./replication/RunHandler.js"
export type { BatchLimits, Concurrently, Handler } from "./replication/RunHandler.js"
export type {
  HandlerFailed,
  Lost,
  Opened,
  Resumed,
  Retrying,
  RunError,
  RunEvent,
  Stopped
} from "./replication/RunEvent.js"
export { of as keysOf, ofTransaction as keysOfTransaction } from "./replication/ChangeKeys.js"
export type { ChangeEvent, Keys } from "./replication/ChangeKeys.js"
/** Copies of published tables that join the stream. */
export { snapshot, usualParallelism } from "./replication/Snapshot.js"
export type { Snapshot, SnapshotError, SnapshotFeed, SnapshotOptions } from "./replication/Snapshot.js"
export type {
  CopyBatch,
  CopyError,
  CopyEvent,
  CopyFinished,
  CopyStarted,
  TableProgress
} from "./replication/SnapshotCopy.js"
export { PgSnapshotError } from "./replication/SnapshotFailure.js"
export type { SnapshotReason } from "./replication/SnapshotFailure.js"
export type { PublishedTable } from "./replication/SnapshotTables.js"
export { CatchUp } from "./replication/CatchUp.js"
export type { CopiedTable } from "./replication/CatchUp.js"
/** Into PostgreSQL, each transaction once. */
export { exactlyOnce } from "./replication/ExactlyOnce.js"
export type { ExactlyOnceOptions } from "./replication/ExactlyOnce.js"
export { usualTable as usualPositionTable } from "./replication/PositionTable.js"
/** A row that cannot be read, and where in the stream it stands. */
export { PgChangeRowError } from "./replication/ChangeRowError.js"
export type { ChangeRowPlace } from "./replication/ChangeRowError.js"
/** Changes of one table through a Schema. */
export { table } from "./replication/TypedTable.js"
export type {
  PartialRow,
  TypedChange,
  TypedDelete,
  TypedInsert,
  TypedRow,
  TypedTable,
  TypedTruncate,
  TypedUpdate,
  WholeRow
} from "./replication/TypedTable.js"
export { emit } from "./replication/EmitMessage.js"
export type { EmitOptions } from "./replication/EmitMessage.js"

/** The commands of the protocol as text, for sessions of one's own: `connection.simple` runs them. */
export * as Command from "./replication/Command.js"
/** Such sessions, and what they are asked for most. */
export * as Walsender from "./replication/Walsender.js"
