/** When the texts of each folder of `src` appear, and which error carries those that are only parts of a message. */

export interface Room {
  /** The beginning of a path below `src`, with `#` and the name of a declaration in it; the longest that fits counts. */
  readonly path: string
  /** Completes "Appears …". */
  readonly when: string
  /** The error that carries a text which is found by itself, as the reason or a part of it. */
  readonly tag: string
}

const room = (path: string, tag: string, when: string): Room => ({ path, when, tag })

export const rooms: ReadonlyArray<Room> = [
  room("auth/", "PgAuthError", "while a session is authenticated"),
  room("bytes/", "PgProtocolError", "when the bytes of a message cannot be read or written"),
  room("client/", "PgUsageError", "when a method of the client is called"),
  room("client/Escapes.ts", "PgUsageError", "when the text of a `sql` template is read"),
  room("client/OAuthDevice.ts", "PgAuthError", "while a session is authenticated"),
  room("client/Cursor.ts", "PgUsageError", "when a cursor is opened or read"),
  room("client/SqlHelpers.ts", "PgUsageError", "when a helper of `Sql` builds a part of a statement"),
  room("client/Sql.ts", "PgUsageError", "when a helper of `Sql` builds a part of a statement"),
  room("client/listen/", "PgUsageError", "when notifications are listened for or sent"),
  room("client/pool/", "PgTimeoutError", "when the pool opens, lends, takes back or closes a connection"),
  room("client/pool/ConnectionPool.ts", "PgTimeoutError", "when a connection of the pool is asked for"),
  room("client/pool/PoolOptions.ts", "PgUsageError", "when a pool is made"),
  room("client/pool/PoolConnections.ts", "PgPoolError", "when a connection of the pool is asked for"),
  room("client/telemetry/", "Log", "after a statement or a wait, when a threshold is set"),
  room("config/", "PgConfigError", "when settings are read and checked, before a socket is opened"),
  room("connection/", "PgClosedError", "while a connection is in use"),
  room("connection/Transaction", "PgUsageError", "when a transaction begins, runs or ends"),
  room("connection/Transaction.ts", "PgServerError", "when a transaction begins, runs or ends"),
  room("connection/RolePassword.ts", "PgUsageError", "when a role's password is hashed"),
  room("connection/WaitForLsn.ts", "PgUsageError", "when a position of the log is waited for"),
  room("connection/copy/", "PgUsageError", "while a COPY runs"),
  room("connection/largeobject/", "PgUsageError", "when a large object is read or written"),
  room("connection/opening/", "PgConnectError", "while a connection is opened"),
  room("connection/opening/Authenticate.ts", "PgAuthError", "while a session is authenticated"),
  room("connection/opening/Tokens.ts", "PgAuthError", "while a session is authenticated"),
  room("connection/session/", "PgClosedError", "while the client and the server exchange messages"),
  room("connection/session/Drain.ts", "PgServerError", "while the client and the server exchange messages"),
  room("connection/session/Cancel.ts", "PgTimeoutError", "while the client and the server exchange messages"),
  room("connection/statement/", "PgTimeoutError", "when a statement is prepared and run"),
  room("copy/", "PgUsageError", "when a COPY of rows is prepared or runs"),
  room("host/", "PgConfigError", "when a file or an address of this machine is needed"),
  room("model/", "PgCodecError", "when the message of an error is written"),
  ...(
    [
      ["connect", "PgConnectError"],
      ["auth", "PgAuthError"],
      ["protocol", "PgProtocolError"],
      ["rowCount", "PgRowCountError"],
      ["closed", "PgClosedError"],
      ["deadline", "PgTimeoutError"],
      ["statementFate", "PgTimeoutError"],
      ["timeout", "PgTimeoutError"],
      ["server", "PgServerError"],
      ["hints", "PgServerError"]
    ] as const
  ).map(([name, tag]) =>
    room(`model/ErrorText.ts#${name}`, tag, "in the frame or at the end of the message")
  ),
  room("model/Pooler.ts", "PgServerError", "in the frame or at the end of the message"),
  room("model/ChangeRowError.ts", "PgChangeRowError", "in the frame or at the end of the message"),
  room("model/CopyRowError.ts", "PgCopyRowError", "in the frame or at the end of the message"),
  room("model/ErrorText.ts", "PgCodecError", "in the frame or at the end of the message"),
  room("net/", "PgConnectError", "while a socket is opened, encrypted or used"),
  room("net/Tls.ts#prepare", "PgConfigError", "when certificates and keys are read"),
  room("net/TlsFailure.ts#ofMaterial", "PgConfigError", "when certificates and keys are read"),
  room("protocol/", "PgProtocolError", "when a message of the server is not allowed in this state"),
  room("nodepg/", "PgUsageError", "when a pool or a client of the shape of node-postgres is used"),
  room("replication/backup/", "PgBackupError", "when a base backup is written, read or put together"),
  room("replication/backup/BackupCommand.ts", "PgUsageError", "when a base backup is asked for"),
  room("replication/changes/", "PgProtocolError", "while the changes of a replication slot are read"),
  room("replication/feed/", "PgProtocolError", "while the changes of a replication slot are read"),
  room("replication/link/", "PgClosedError", "while a feed of replication is connected"),
  room("replication/physical/", "PgWalArchiveError", "while the log is followed or archived"),
  room("replication/plugins/", "PgProtocolError", "while the output of a plugin is read"),
  room("replication/run/", "PgUsageError", "while a replication handler runs"),
  room("replication/slots/", "PgUsageError", "when a slot or a publication is made, changed or used"),
  room("replication/snapshot/", "PgSnapshotError", "while published tables are copied"),
  room("replication/tables/", "PgChangeRowError", "when rows of changes are read by a Schema"),
  room("replication/walsender/", "PgUsageError", "when a command of the replication protocol is sent"),
  room("schema/", "PgCodecError", "when rows or columns are compared with a Schema"),
  room("sql/", "SqlError", "when a module of `@effect/sql` uses the client"),
  room("testing/", "EmbeddedPostgresError", "when a server for tests is started"),
  room("testing/Scripted", "ScriptMismatch", "when a scripted server runs its script"),
  room("testing/Simulation.ts#SimulationFailure", "SimulationFailure", "when a program is simulated"),
  room("testing/Simul", "SimulationStuck", "when a program is simulated"),
  room("types/", "PgCodecError", "when a value is read or written"),
  room("wire/", "PgProtocolError", "when the bytes of a message are read"),
  room("wire/copy/LineFormat.ts", "PgUsageError", "when a COPY of rows is prepared or runs"),
  room("model/Identifier.ts", "PgUsageError", "when a name becomes part of a statement"),
  room("wire/copy/", "PgCopyRowError", "when the data of a COPY are read or written"),
  room("wire/replication/", "PgProtocolError", "while the changes of a replication slot are read")
]

export const roomOf = (file: string): Room => {
  const [found] = rooms
    .filter(({ path }) => file.startsWith(path))
    .sort((a, b) => b.path.length - a.path.length)
  if (found === undefined)
    throw new Error(`src/${file} has messages: state in test/tools/messages/rooms.ts when they appear`)
  return found
}

/** Files whose texts of several words are no messages: SQL, names of types and commands, descriptions of metrics. */
export const withoutMessages: ReadonlySet<string> = new Set([
  "client/PreparedTransaction.ts",
  "client/Savepoint.ts",
  "client/pool/PoolMetrics.ts",
  "client/telemetry/OperationMetrics.ts",
  "connection/TransactionMode.ts",
  "connection/largeobject/LargeObject.ts",
  "connection/session/Catalog.ts",
  "connection/session/CatalogQuery.ts",
  "connection/session/SessionChanges.ts",
  "connection/statement/CatalogueFacts.ts",
  "copy/CopyFacts.ts",
  "model/TypeModifier.ts",
  "model/TypeName.ts",
  "replication/run/PositionTable.ts",
  "testing/ExitHook.ts"
])

/** Texts of several words that no error and no line of the log has: SQL, spans, steps of scripts, what is looked for in another text. */
export const noMessages: ReadonlySet<string> = new Set([
  "Hot standby mode is disabled",
  "acquire connection",
  "all delivered",
  "aborting streamed (sub)transaction",
  "cancel request",
  "client brakes",
  "client lets go of the brake",
  "client sends",
  "committing streamed transaction",
  "could not bind",
  "default values",
  "expected string,",
  "header match",
  "preparing streamed transaction",
  "preparing streamed transaction TXN",
  "pre-existing shared memory block",
  "replication batch",
  "replication transaction",
  "streamed block for transaction",
  "streaming change for TXN",
  "streaming change for transaction",
  "streaming message:",
  "streaming truncate for TXN",
  "streaming truncate for transaction",
  "tables in schema {value}"
])

/** An error as the page introduces it. */
export interface TagText {
  readonly tag: string
  /** What it means and what to do, in a sentence or two. */
  readonly meaning: string
  /** The frame of its message; undefined when the message stands alone. */
  readonly form?: string
}

export const tags: ReadonlyArray<TagText> = [
  {
    tag: "PgConfigError",
    meaning:
      "A setting is missing, malformed or contradicts another. Correct the setting that the message names.",
    form: "{key}: {reason} (from {source})"
  },
  {
    tag: "PgUsageError",
    meaning: "A call was refused. Correct the program: the same call is refused again.",
    form: "{operation}: {argument} {reason}"
  },
  {
    tag: "PgLimitError",
    meaning: "A limit was reached while an operation ran. Raise the limit, or ask for less at a time.",
    form: "{limit} of {max} reached: {reason}"
  },
  {
    tag: "PgConnectError",
    meaning: "No address gave a session. Read the line of each address, and the question below them.",
    form: "could not connect to {address} ({phase}): {cause}"
  },
  {
    tag: "PgAuthError",
    meaning:
      "The server and the client did not agree on who the user is. Correct the user, the password or the settings.",
    form: 'authentication of user "{user}" failed ({method}): {detail}'
  },
  {
    tag: "PgServerError",
    meaning:
      "The server refused a statement. Its own text comes first; act on the code. The hints below are ours.",
    form: "{severity} {code}: {text}"
  },
  {
    tag: "PgRowCountError",
    meaning:
      "A statement has run and returned another number of rows than the operation expects. Change the statement or the operation."
  },
  {
    tag: "PgCodecError",
    meaning:
      "A value cannot be sent or read, or a result does not fit its Schema. Correct the value, the type or the Schema."
  },
  {
    tag: "PgCopyRowError",
    meaning:
      "A row of a COPY cannot be sent or read. Correct the value at the row and column that the message names.",
    form: 'row {row} of the copy cannot be sent: column "{column}" of type {type}: {reason}'
  },
  {
    tag: "PgChangeRowError",
    meaning:
      "A row of a replicated change cannot be read. Correct the type or the Schema; the slot keeps its position.",
    form: "the {row} row of {kind} {table}, in {transaction}, cannot be read: {reason}"
  },
  {
    tag: "PgClosedError",
    meaning:
      "The connection has ended. Try again when nothing was sent; otherwise look first whether the statement ran.",
    form: "{reason}. The server reported: {code} {text}."
  },
  {
    tag: "PgTimeoutError",
    meaning: "A deadline passed. Give more time, or find what holds things up.",
    form: "the {deadline} deadline of {millis} ms passed"
  },
  {
    tag: "PgPoolError",
    meaning: "The pool gave no connection. Use it only while its scope is open, or let fewer calls wait.",
    form: "{reason} (max {max}, in use {inUse}, waiting {waiting}; {oldest})"
  },
  {
    tag: "PgProtocolError",
    meaning:
      "The other side sent what the protocol does not allow, and the connection was closed. Look at proxies in between; report it.",
    form: "protocol violation in state {state}, message '{tag}': {reason}. The connection has been closed"
  },
  {
    tag: "PgCommitUnknownError",
    meaning:
      "The connection was lost after COMMIT. Look whether the transaction took effect before you repeat it.",
    form: "the connection was lost after COMMIT had been sent: the transaction may or may not have taken effect. Look before repeating it. {cause}"
  },
  {
    tag: "PgSlotError",
    meaning: "A replication slot cannot be used. The message names the reason and what is needed.",
    form: "replication slot {slot}: {reason}: {detail}"
  },
  {
    tag: "PgSnapshotError",
    meaning: "Published tables cannot be copied. The message names the table and what is wrong with it.",
    form: "snapshot of {schema}.{table}: {reason}: {detail}"
  },
  {
    tag: "PgWalError",
    meaning: "The log cannot be followed from a position. The message names where to continue.",
    form: "the log cannot be followed: {reason}: {detail}"
  },
  {
    tag: "PgBackupError",
    meaning: "A base backup cannot be written, read or put together. The message names the file.",
    form: "base backup: {reason}: {path}: {detail}"
  },
  {
    tag: "PgWalArchiveError",
    meaning: "An archive of the log cannot be written. The message names the file.",
    form: "archive of the log: {reason}: {path}: {detail}"
  },
  {
    tag: "SqlError",
    meaning:
      "The client of `@effect/sql` failed. Its `cause` is one of the errors above, with its own message."
  },
  {
    tag: "EmbeddedPostgresError",
    meaning: "A server for tests could not be found or started. Read the end of its log below the message."
  },
  {
    tag: "ScriptMismatch",
    meaning: "In a test, the client did not do what the script of the server expects.",
    form: "script {script}: {report}"
  },
  {
    tag: "SimulationStuck",
    meaning: "In a test, a simulated program does not end.",
    form: "seed {seed}: {reason} ({steps} steps, {millis} ms of virtual time)"
  },
  {
    tag: "SimulationFailure",
    meaning:
      "In a test, a simulated program fails under the seed that the message names. Run it again with that seed."
  },
  {
    tag: "TypeError",
    meaning:
      "A helper of `Sql` was called with a value that it cannot use. It throws, because it builds no effect."
  },
  {
    tag: "Log",
    meaning: "A line of the log. Most are warnings; notices of the server have the level of their severity."
  }
]

/** Errors of inner rooms, by the public error that carries their text. */
export const carriers: Readonly<Record<string, string>> = {
  CopyFormatError: "PgCopyRowError",
  MalformedMessage: "PgProtocolError",
  Error: "PgConnectError"
}
