/** Replication: feeds of typed changes, the slots and publications they are read from, and the log itself byte for byte. */
export { logical, defaultUnacknowledged } from "./replication/feed/LogicalFeed.js"
export type { FeedProgress, LogicalFeed, LogicalOptions } from "./replication/feed/LogicalFeed.js"
export { plugin } from "./replication/feed/PluginFeed.js"
export type { PluginFeed, PluginFeedOptions } from "./replication/feed/PluginFeed.js"
export { defaultPatience } from "./replication/feed/FeedLink.js"
export { defaultBufferBytes } from "./replication/link/ReplicationLink.js"
export type { FeedError, FeedFacts, FeedOptions, InUse } from "./replication/feed/FeedLink.js"
export type { ReadError } from "./replication/feed/FeedReader.js"
export { positionOf } from "./replication/changes/LogicalEvent.js"
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
} from "./replication/changes/LogicalEvent.js"
export { DroppedTypeValue } from "./replication/changes/DroppedTypeValue.js"
export type { PartitionTree } from "./replication/changes/PartitionTree.js"
export { isUnchanged, Unchanged } from "./replication/changes/Unchanged.js"
export { defaultTransactionBytes } from "./replication/feed/TransactionAssembler.js"
export type { Transaction, TransactionEvent } from "./replication/feed/TransactionAssembler.js"
export type { PluginOption } from "./replication/walsender/Command.js"
export type { PgOutputOptions, ProtocolVersion, Streaming } from "./replication/slots/PgOutputOptions.js"
export { defaultInterval as defaultStatusInterval } from "./replication/link/StandbyStatus.js"
/** Slots: made, looked at, moved on, dropped. */
export * as Slot from "./replication/slots/Slot.js"
/** Publications: made, compared, dropped. */
export * as Publication from "./replication/slots/Publication.js"
/** Where streamed transactions wait for their end. */
export * as SpillStore from "./replication/feed/SpillStore.js"
/** Feeds kept going through a handler. */
export { run, defaultReconnect, defaultSteadiness as defaultSteadiness } from "./replication/run/Run.js"
export type { RunSettings } from "./replication/run/Run.js"
export { eachBatch, eachChange, eachTransaction } from "./replication/run/RunHandler.js"
export type { BatchLimits, Concurrently, Handler } from "./replication/run/RunHandler.js"
export type {
  HandlerFailed,
  Lost,
  Opened,
  Resumed,
  Retrying,
  RunError,
  RunEvent,
  Stopped
} from "./replication/run/RunEvent.js"
export { of as keysOf, ofTransaction as keysOfTransaction } from "./replication/feed/ChangeKeys.js"
export type { ChangeEvent, Keys } from "./replication/feed/ChangeKeys.js"
/** Copies of published tables that join the stream. */
export { snapshot, defaultParallelism } from "./replication/snapshot/Snapshot.js"
export type {
  Snapshot,
  SnapshotError,
  SnapshotFeed,
  SnapshotOptions
} from "./replication/snapshot/Snapshot.js"
export type {
  CopyBatch,
  CopyError,
  CopyEvent,
  CopyFinished,
  CopyStarted,
  TableProgress
} from "./replication/snapshot/SnapshotCopy.js"
export { PgSnapshotError } from "./model/SnapshotError.js"
export type { SnapshotReason } from "./model/SnapshotError.js"
export type { PublishedTable } from "./replication/snapshot/SnapshotTables.js"
export { CatchUp } from "./replication/snapshot/CatchUp.js"
export type { CopiedTable } from "./replication/snapshot/CatchUp.js"
/** Into PostgreSQL, each transaction once. */
export { exactlyOnce } from "./replication/run/ExactlyOnce.js"
export type { ExactlyOnceOptions } from "./replication/run/ExactlyOnce.js"
export { defaultTable as defaultPositionTable } from "./replication/run/PositionTable.js"
/** A row that cannot be read, and where in the stream it stands. */
export { PgChangeRowError } from "./model/ChangeRowError.js"
export type { ChangeRowPlace } from "./model/CodecPlace.js"
/** Changes of one table through a Schema. */
export { table } from "./replication/tables/TypedTable.js"
export type {
  PartialRow,
  TypedChange,
  TypedDelete,
  TypedInsert,
  TypedPartitionTruncate,
  TypedRow,
  TypedTable,
  TypedTruncate,
  TypedUpdate,
  WholeRow
} from "./replication/tables/TypedTable.js"
export { emit } from "./replication/slots/EmitMessage.js"
export type { EmitOptions } from "./replication/slots/EmitMessage.js"

/** The log of a cluster, byte for byte. */
export { defaultPhysicalReconnect, physical } from "./replication/physical/PhysicalFeed.js"
export type { PhysicalFeed, PhysicalOptions } from "./replication/physical/PhysicalFeed.js"
export type {
  PhysicalEvent,
  PhysicalFacts,
  PhysicalLost,
  PhysicalOpened,
  PhysicalResumed,
  TimelineSwitched,
  WalData
} from "./replication/physical/PhysicalEvent.js"
export type { PhysicalError } from "./replication/physical/PhysicalFailure.js"
export type { PhysicalProgress } from "./replication/physical/PhysicalReader.js"
export type { Positions, StandbyFeedback } from "./replication/link/StandbyStatus.js"
export { PgWalError } from "./model/WalError.js"
export type { WalFailure } from "./model/WalError.js"
/** The log as segment files in a folder, from which a server restores. */
export * as WalArchive from "./replication/physical/WalArchive.js"
export { PgWalArchiveError } from "./model/WalArchiveError.js"
export type { WalArchiveFailure } from "./model/WalArchiveError.js"
/** Segment files and timeline histories: their names, and what is in them. */
export * as WalSegment from "./wire/replication/WalSegment.js"
export * as TimelineHistory from "./wire/replication/TimelineHistory.js"

/** Base backups: from the server to events or to a folder, verified, and put together. */
export * as BaseBackup from "./replication/backup/BaseBackup.js"
export { PgBackupError } from "./model/BackupError.js"
export type { BackupFailure } from "./model/BackupError.js"

/** The commands of the protocol as text, for sessions of one's own: `connection.simple` runs them. */
export * as Command from "./replication/walsender/Command.js"
/** Such sessions, and what they are asked for most. */
export * as Walsender from "./replication/walsender/Walsender.js"
