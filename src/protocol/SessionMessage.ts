/**
 * The messages that belong to an exchange once a session is open, by name and by tag. What may come at any time
 * (`ErrorResponse`, `NoticeResponse`, `ParameterStatus`, `NotificationResponse`) is not here: the session handles it once.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export const tags = {
  ParseComplete: 0x31,
  BindComplete: 0x32,
  CloseComplete: 0x33,
  CommandComplete: 0x43,
  CopyData: 0x64,
  CopyDone: 0x63,
  CopyInResponse: 0x47,
  CopyOutResponse: 0x48,
  CopyBothResponse: 0x57,
  DataRow: 0x44,
  EmptyQueryResponse: 0x49,
  FunctionCallResponse: 0x56,
  NoData: 0x6e,
  ParameterDescription: 0x74,
  PortalSuspended: 0x73,
  ReadyForQuery: 0x5a,
  RowDescription: 0x54
} as const

export type SessionMessage = keyof typeof tags

/** Moves that are ours and change what may come. */
export const moves = ["send CopyDone", "send CopyFail"] as const
export type Move = (typeof moves)[number]

/** What is passed to the owner of an exchange. */
export type Emit =
  | "none"
  | "parsed"
  | "bound"
  | "closed"
  | "parameters"
  | "columns"
  | "noColumns"
  | "rows"
  | "complete"
  | "empty"
  | "suspended"
  | "copyIn"
  | "copyOut"
  | "copyBoth"
  | "copyData"
  | "copyDone"
  | "value"
  | "ready"

/** Bytes of messages that the session handles whatever the exchange expects. */
export const asynchronous = {
  ErrorResponse: 0x45,
  NoticeResponse: 0x4e,
  ParameterStatus: 0x53,
  NotificationResponse: 0x41
} as const
