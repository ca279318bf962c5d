/** The words that errors are made of. */

/** How far a connection attempt had come. */
export type ConnectPhase = "resolve" | "socket" | "encryption" | "startup" | "authentication" | "ready"

/** The operating system's reason for a failed socket. */
export interface TransportFailure {
  readonly _tag: "TransportFailure"
  /** The system's code, such as `ECONNREFUSED`; empty when it gave none. */
  readonly code: string
  readonly message: string
}

/** Why authentication did not succeed. */
export type AuthFailure =
  /** The server refused the credentials or the role. */
  | "rejected"
  /** The server asked for a password and none is configured. */
  | "password-missing"
  /** The server asked for a method this client does not speak. */
  | "method-unsupported"
  /** The server asked for a method the configuration forbids, or skipped one it requires. */
  | "method-refused"
  /** The server did not prove that it knows the password, or its messages break the method's rules. */
  | "server-unproven"

/** Which deadline passed. */
export type Deadline =
  /** `connectTimeout`: an address did not give a session in time. */
  | "connect"
  /** `acquireTimeout`: no connection of the pool became free in time. */
  | "acquire"
  /** `acquireTimeout` inside a transaction: the nested transaction of a sibling did not end in time. Nothing was sent. */
  | "turn"
  /** `statementTimeout` or a call's `timeout`: the server did not answer in time. */
  | "statement"
  /** `timeout` of a transaction: its body did not end in time, and was rolled back. */
  | "transaction"
  /** `cancelDeadline`: a statement that was not wanted any more could not be stopped in time, and the session was ended. */
  | "cancel"
  /** A connection was idle for too long. */
  | "idle"
  /** The other side sent nothing for too long, and the session was ended. */
  | "silence"

/** What became of stopping a statement whose deadline had passed. */
export type CancelOutcome =
  /** A CancelRequest was delivered. */
  | "delivered"
  /** No CancelRequest was sent, because other statements on the connection are wanted: the answer is thrown away. */
  | "deferred"
  /** The CancelRequest could not be delivered, and the connection was closed. */
  | "failed"
