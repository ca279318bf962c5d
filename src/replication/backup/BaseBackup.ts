/** Base backups: taken from a server as events or as files, verified, and put together. */
export { stream } from "./BackupStream.js"
export { defaultBackupBuffer } from "./BackupOptions.js"
export type { BackupOptions, BackupTarget, ManifestChecksums, ServerCompression } from "./BackupOptions.js"
export type {
  ArchiveData,
  ArchiveEnded,
  ArchiveStarted,
  BackupEvent,
  BackupFinished,
  BackupProgressed,
  BackupStarted,
  BackupTablespace,
  ManifestData,
  ManifestStarted
} from "./BackupEvent.js"
export type { BackupError } from "./BackupFailure.js"
export { toFolder, toFolderProgress } from "./FolderBackup.js"
export type {
  FolderBackup,
  FolderError,
  FolderOptions,
  RestoredTablespace,
  StandbyOptions
} from "./FolderOptions.js"
export { verify } from "./Verify.js"
export type { BackupDeviation, BackupReport, DeviationKind, VerifyOptions } from "./VerifyReport.js"
export type { ManifestFacts, ManifestWalRange } from "./Manifest.js"
export { combine } from "./Combine.js"
export type { CombinedBackup, CombineOptions } from "./Combine.js"
