/** What can be asked of the server for a base backup. */
import type * as Duration from "effect/Duration"
import type { TargetSessionAttrs } from "../../config/Vocabulary.js"

/** Checksums of the files in a manifest. CRC32C finds accidents and is fast; the others also find intent. */
export type ManifestChecksums = "NONE" | "CRC32C" | "SHA224" | "SHA256" | "SHA384" | "SHA512"

/** How the server compresses the archives. PostgreSQL 15. */
export interface ServerCompression {
  /** The server must have been built with it. */
  readonly method: "gzip" | "lz4" | "zstd"
  /** 1 to 9 for gzip, 1 to 12 for lz4, -131072 to 22 for zstd. Default: the server's. */
  readonly level?: number
  /** Threads of the server, for zstd. Default: none beside the backup's own. */
  readonly workers?: number
  /** Looks for repetitions over a longer distance, for zstd. PostgreSQL 16. Default false. */
  readonly long?: boolean
}

/** Where the server puts the archives. PostgreSQL 15. */
export type BackupTarget =
  /** To this client. The default. */
  | "client"
  /** Nowhere: they are read and thrown away. */
  | "blackhole"
  /** Into a folder of the server, which must be absolute, and empty or missing. */
  | { readonly server: string }
  /** To a target that an extension of the server provides. */
  | { readonly name: string; readonly detail?: string }

/** Options of BASE_BACKUP. Each is refused by name when the server's version does not know it. */
export interface BackupOptions {
  /** Stands in `backup_label`; one line of at most 1024 bytes. Default `base backup`. */
  readonly label?: string
  /**
   * How fast the checkpoint is written with which the backup begins: `fast` at once, `spread` over a part of `checkpoint_timeout`.
   * Default `spread`, which is gentle and may take minutes.
   */
  readonly checkpoint?: "fast" | "spread"
  /** Whether the log that the backup needs comes at the end of `base.tar`. Default false. */
  readonly wal?: boolean
  /** Whether the server waits until the log that the backup needs has been archived. Default true. */
  readonly wait?: boolean
  /** The greatest rate in kilobytes a second, from 32 to 1048576. Default: no limit. */
  readonly maxRate?: number
  /**
   * Whether `base.tar` has the file `tablespace_map` in place of links to the tablespaces: for archives that a server unpacks by
   * itself. Default false.
   */
  readonly tablespaceMap?: boolean
  /** Whether the server verifies the checksums of its pages while it reads them. Default true. */
  readonly verifyChecksums?: boolean
  /** Whether the server estimates the sizes of the tablespaces first. Default false. */
  readonly progress?: boolean
  /** Whether a manifest is sent; `force-encode` writes every path in it as hexadecimal. Default false. */
  readonly manifest?: boolean | "force-encode"
  /** Checksums in the manifest. Needs `manifest`. Default `CRC32C`. */
  readonly manifestChecksums?: ManifestChecksums
  /** Compression of the archives by the server. PostgreSQL 15. Default: none. */
  readonly compression?: ServerCompression
  /** Where the archives go. PostgreSQL 15. Default `client`. */
  readonly target?: BackupTarget
  /**
   * The file `backup_manifest` of an earlier backup of this cluster: only what has changed since then is sent. Needs `manifest`, and
   * `summarize_wal` on the server. PostgreSQL 17.
   */
  readonly incrementalFrom?: string
  /** The longest wait for the server, for each piece anew. Default: no limit, for a checkpoint and an archive may take long. */
  readonly timeout?: Duration.DurationInput
  /** Bytes that have not been taken yet at which reading from the socket stops. Default `defaultBackupBuffer`, 2 MiB. */
  readonly bufferBytes?: number
  /** The role wanted of the server, where there are several hosts. Default: the configuration's. */
  readonly targetSessionAttrs?: TargetSessionAttrs
}

/** Bytes that have not been taken yet at which reading from the socket stops. */
export const defaultBackupBuffer = 1 << 21
