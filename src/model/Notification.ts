/** What a session that listens receives for a `NOTIFY`. */
export interface Notification {
  /** Process id of the session that notified, possibly our own. */
  readonly processId: number
  readonly channel: string
  /** May be empty. */
  readonly payload: string
}
