/**
 * The errors of PgBouncer itself. Most have the SQLSTATE of a protocol violation, `08P01`, so only their text distinguishes
 * them.
 *
 * @see https://www.pgbouncer.org/config.html
 */

/** A text of the pooler's, and what it means for the statement. */
export interface PoolerText {
  /** Whether the statement may succeed a little later. */
  readonly isTransient: boolean
  /** Whether the statement had not reached the server. */
  readonly isUnsent: boolean
  /** What to do. */
  readonly hint: string
}

const texts: ReadonlyArray<readonly [start: RegExp, meaning: PoolerText]> = [
  [
    /query_wait_timeout/,
    {
      isTransient: true,
      isUnsent: true,
      hint: "PgBouncer had no server connection free in query_wait_timeout: raise its default_pool_size, or look for transactions that are held too long."
    }
  ],
  [
    /server login has been failing|server login failed/,
    {
      isTransient: true,
      isUnsent: true,
      hint: "PgBouncer cannot log in to the server: see its log, and try again after its server_login_retry."
    }
  ],
  [
    /no more connections allowed/,
    {
      isTransient: true,
      isUnsent: true,
      hint: "PgBouncer takes no more clients: raise its max_client_conn, or lower maxConnections of the pools in front of it."
    }
  ],
  [
    /server conn crashed|server closed the connection unexpectedly/,
    {
      isTransient: true,
      isUnsent: false,
      hint: "PgBouncer lost its connection to the server while the statement ran: its outcome is unknown."
    }
  ],
  [
    /client_idle_timeout|idle_transaction_timeout|idle transaction timeout/,
    {
      isTransient: true,
      isUnsent: true,
      hint: "PgBouncer ended a session that was idle for too long: see its client_idle_timeout and idle_transaction_timeout."
    }
  ],
  [
    /query_timeout|query timeout/,
    {
      isTransient: false,
      isUnsent: false,
      hint: "PgBouncer ended a statement that took longer than its query_timeout."
    }
  ]
]

/** What a text of SQLSTATE `08P01` means, when it is one of PgBouncer's. */
export const meaning = ({
  code,
  text
}: {
  readonly code: string
  readonly text: string
}): PoolerText | undefined => (code === "08P01" ? texts.find(([start]) => start.test(text))?.[1] : undefined)
