/**
 * The errors of this package, as one tagged union. A tag exists where a caller would act differently; everything else is a field. No
 * error holds a password or the value of a parameter.
 *
 * `nothingSent` of every error is true when the operation provably never reached the server: then trying again is safe for any
 * statement. `PgError.isRetryable` decides it for all errors.
 */
import type { PgBackupError } from "./BackupError.js"
import type { PgChangeRowError } from "./ChangeRowError.js"
import type { CodecPlace } from "./CodecPlace.js"
import type { PgCopyRowError } from "./CopyRowError.js"
import * as ErrorText from "./ErrorText.js"
import type { AuthFailure, CancelOutcome, ConnectPhase, Deadline, TransportFailure } from "./Failure.js"
import type { PgRowCountError } from "./RowCountError.js"
import type { PgServerError } from "./ServerError.js"
import type { ServerFields } from "./ServerFields.js"
import type { PgSnapshotError } from "./SnapshotError.js"
import type { PgWalError } from "./WalError.js"
import type { PgWalArchiveError } from "./WalArchiveError.js"
import { TaggedError } from "./TaggedError.js"

export { PgBackupError } from "./BackupError.js"
export type { BackupFailure } from "./BackupError.js"
export { PgChangeRowError } from "./ChangeRowError.js"
export type { CodecPlace } from "./CodecPlace.js"
export { PgCopyRowError } from "./CopyRowError.js"
export type { AuthFailure, CancelOutcome, ConnectPhase, Deadline, TransportFailure } from "./Failure.js"
export { PgRowCountError } from "./RowCountError.js"
export type { ExpectedRows } from "./RowCountError.js"
export { PgServerError } from "./ServerError.js"
export { PgSnapshotError } from "./SnapshotError.js"
export type { SnapshotReason } from "./SnapshotError.js"
export { PgWalError } from "./WalError.js"
export type { WalFailure } from "./WalError.js"
export { PgWalArchiveError } from "./WalArchiveError.js"
export type { WalArchiveFailure } from "./WalArchiveError.js"

/** A setting is missing, malformed or contradictory. Found before a socket is opened. */
export class PgConfigError extends TaggedError("PgConfigError")<{
  /** The setting's name as the user wrote it, such as `sslmode` or `PGPORT`. */
  readonly key: string
  /** What is wrong and what would be accepted; never the value of a secret. */
  readonly reason: string
  /** Where it was read: `uri`, `conninfo`, `environment`, a file's path, `code`. */
  readonly source: string
}> {
  readonly nothingSent = true
  override get message(): string {
    return `${this.key}: ${this.reason} (from ${this.source})`
  }
}

/**
 * A call was refused by this package before anything was sent: an argument is out of its range, two options exclude each
 * other, or the call is not possible in the present state, such as a BEGIN inside a transaction. The program has to be
 * corrected; the same call is refused again.
 */
export class PgUsageError extends TaggedError("PgUsageError")<{
  /** The operation that was called, by the name that the user writes: `stream`, `pipeline`, `withTransaction`. */
  readonly operation: string
  /** The option or parameter that is at fault, such as `fetchSize`; empty when the call as a whole is refused. */
  readonly argument: string
  /**
   * With `argument` the sentence after its name: `must be …, got …`; without it a sentence of its own. Never the value
   * of a parameter or of a secret.
   */
  readonly reason: string
  /** The statement; empty when the call has none. */
  readonly sql: string
  /**
   * True when the mistake was found after something of the call had been sent: the body of a transaction ended the
   * transaction by a statement, a COPY was sent as a query, a query as a COPY. Unless given, nothing was sent.
   */
  readonly sent?: boolean
}> {
  get nothingSent(): boolean {
    return this.sent !== true
  }
  override get message(): string {
    return ErrorText.usage(this)
  }
}

/** A bound that was set on this side, or that of the disk, was reached while an operation ran. */
export class PgLimitError extends TaggedError("PgLimitError")<{
  /** The bound by the name under which the user sets it, such as `transactionBytes`; `disk` when the file system is full. */
  readonly limit: string
  /** Its value, in the unit of the setting; undefined when the system sets it. */
  readonly max: number | undefined
  /** What reached it, and what can be done: the bound's name and value are in the message already. */
  readonly reason: string
  /** The statement; empty when there is no statement. */
  readonly sql: string
  /** Whether the operation provably never reached the server. */
  readonly nothingSent: boolean
}> {
  override get message(): string {
    return ErrorText.limit(this)
  }
}

/** One address that was tried. */
export interface ConnectAttempt {
  /** `host:port` or the path of a Unix socket. */
  readonly address: string
  readonly phase: ConnectPhase
  readonly cause: PgServerError | PgProtocolError | PgTimeoutError | PgClosedError | TransportFailure
}

/** No session could be opened. `attempts` lists every address that was tried, with its failure. */
export class PgConnectError extends TaggedError("PgConnectError")<{
  readonly attempts: ReadonlyArray<ConnectAttempt>
}> {
  readonly nothingSent = true
  override get message(): string {
    return ErrorText.connect(this.attempts)
  }
}

/** The session could not be authenticated. Another attempt with the same settings fails again. */
export class PgAuthError extends TaggedError("PgAuthError")<{
  readonly reason: AuthFailure
  /** The method in question, such as `scram-sha-256`; empty when none was named. */
  readonly method: string
  readonly detail: string
  readonly user: string
  /** The server's error, when the server refused. */
  readonly server: ServerFields | undefined
}> {
  readonly nothingSent = true
  override get message(): string {
    return ErrorText.auth(this)
  }
}

/** The server sent a message that the protocol does not allow. The connection is closed. */
export class PgProtocolError extends TaggedError("PgProtocolError")<{
  /** State of the machine that received it, such as `ExtendedQuery.Fetching`. */
  readonly state: string
  /** The message's tag as one character, or the name of what came instead. */
  readonly tag: string
  readonly reason: string
}> {
  readonly nothingSent = false
  override get message(): string {
    return ErrorText.protocol(this)
  }
}

/** What a `PgCodecError` holds. */
interface CodecFields {
  readonly direction: "decode" | "encode"
  /** The parameter, the column, the row or the columns that the error is about, by its `_tag`. */
  readonly place: CodecPlace
  /** Name of the PostgreSQL type, or its OID as text. */
  readonly type: string
  /** What was expected and the shape of what was there; never the value. */
  readonly reason: string
  /** The statement; where a table's changes are read, the table's name. */
  readonly sql: string
  /** Whether the statement provably was not run: a parameter was refused, or columns were compared before. */
  readonly nothingSent: boolean
  /**
   * What a codec or a Schema of the application's threw, or the `ParseIssue` of a Schema that refused a row. An issue holds
   * the refused value; printing it shows none.
   */
  readonly cause?: unknown
}

/** A value could not be read or written, or columns are not those that a Schema wants. The connection is usable. */
export class PgCodecError extends TaggedError("PgCodecError")<CodecFields> {
  constructor(fields: CodecFields) {
    super(fields)
    // A comparison of columns stands in the message, and is not printed a second time.
    if (fields.place._tag === "Columns")
      Object.defineProperty(this, "reason", { value: fields.reason, enumerable: false })
  }
  override get message(): string {
    return ErrorText.codec(this)
  }
  override toJSON(): object {
    return { ...this, reason: this.reason, message: this.message }
  }
}

/** The connection has ended, or had ended before the operation was called. A pool opens another one. */
export class PgClosedError extends TaggedError("PgClosedError")<{
  /** Who ended it and how far things were, in words. */
  readonly reason: string
  /** Whether the operation's own bytes had left; if so its outcome is unknown. */
  readonly sent: boolean
  /** The last FATAL or shutdown warning of the server, if there was one. */
  readonly server: ServerFields | undefined
  readonly sql: string
  /** True when the connection had ended before the operation was called: the same call on it fails again. */
  readonly ended?: boolean
}> {
  get nothingSent(): boolean {
    return !this.sent
  }
  override get message(): string {
    return ErrorText.closed(this)
  }
}

/** The pool gave no connection: it is closed, or `maxWaiting` calls wait already. */
export class PgPoolError extends TaggedError("PgPoolError")<{
  readonly reason: string
  readonly max: number
  readonly inUse: number
  readonly waiting: number
  /** Which user has had its connection for longest, and for how long. */
  readonly oldest?: string
}> {
  readonly nothingSent = true
  override get message(): string {
    const oldest = this.oldest === undefined ? "" : `; ${this.oldest}`
    return `${this.reason} (max ${this.max}, in use ${this.inUse}, waiting ${this.waiting}${oldest})`
  }
}

/** A deadline of the client passed; `deadline` names it. A statement was stopped on the server, as `cancel` shows. */
export class PgTimeoutError extends TaggedError("PgTimeoutError")<{
  readonly deadline: Deadline
  readonly millis: number
  readonly sent: boolean
  /** What was going on, such as the SQL or the address. */
  readonly during: string
  /** What became of stopping the statement, where that is known. */
  readonly cancel?: CancelOutcome | undefined
  /** Why no cancel request could be delivered. */
  readonly cancelFailure?: string | undefined
  /** What is known besides, in sentences; unless given, what is always so of this deadline. */
  readonly detail?: string
}> {
  get nothingSent(): boolean {
    return !this.sent
  }
  override get message(): string {
    return ErrorText.timeout(this)
  }
}

/** The connection was lost after COMMIT was sent. The transaction may or may not have taken effect: look before you repeat it. */
export class PgCommitUnknownError extends TaggedError("PgCommitUnknownError")<{
  readonly cause: PgClosedError | PgTimeoutError | PgProtocolError
}> {
  readonly nothingSent = false
  override get message(): string {
    return (
      `the connection was lost after COMMIT had been sent: the transaction may or may not have taken effect. ` +
      `Look before repeating it. ${this.cause.message}`
    )
  }
}

/** What is wrong with a replication slot. */
export type SlotFailure = "missing" | "in-use" | "invalidated" | "recreated" | "diverged"

/** A replication slot cannot be used; `reason` names the cause. */
export class PgSlotError extends TaggedError("PgSlotError")<{
  readonly reason: SlotFailure
  readonly slot: string
  readonly detail: string
}> {
  readonly nothingSent = false
  override get message(): string {
    return `replication slot ${this.slot}: ${this.reason}: ${this.detail}`
  }
}

/** What an open session can fail with. */
export type PgSessionError =
  | PgServerError
  | PgProtocolError
  | PgCodecError
  | PgUsageError
  | PgLimitError
  | PgClosedError
  | PgTimeoutError

/** What opening a session can fail with. */
export type PgOpenError = PgConfigError | PgConnectError | PgAuthError

/** Every error of this package. */
export type PgError =
  | PgSessionError
  | PgOpenError
  | PgPoolError
  | PgCommitUnknownError
  | PgRowCountError
  | PgCopyRowError
  | PgChangeRowError
  | PgSlotError
  | PgSnapshotError
  | PgWalError
  | PgBackupError
  | PgWalArchiveError
