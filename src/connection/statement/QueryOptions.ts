/** How statements are run, and how their rows are given. */
import type * as Duration from "effect/Duration"
import type { Registry } from "../../types/Registry.js"
import type * as Row from "../../types/Row.js"

/** How one query runs. */
export interface QueryOptions {
  /** Deadline of this statement; unless given, the configuration's `statementTimeout`. */
  readonly timeout?: Duration.DurationInput
}

/** How the values of a statement without a Schema are read and written, and whether it is prepared. */
export interface ValueOptions {
  /**
   * How values are read and parameters are written. Unless given, as the connection does. A type that this registry does not have is the
   * server's text, as it would be without a catalogue.
   */
  readonly types?: Registry
  /**
   * Whether the session keeps the statement prepared for later executions. False: it has no name on the server, and each use is a first use: one more
   * round trip, unless it has no parameters or the type of each is stated. Default true.
   */
  readonly prepare?: boolean
}

/** How the rows of a statement without a Schema are given. */
export interface RowsAs<M extends Row.ResultMode> extends ValueOptions {
  /**
   * A row as an `object` by column names, as an `array` in the order of the columns, which keeps equal names apart, or as an array
   * of the `bytes` that the server sent for each column, in the format that the column has in `columns`. Default `object`.
   */
  readonly rows?: M
}

/** How a text of several statements runs. */
export interface SimpleOptions extends QueryOptions {
  /** How values are read, all of which come as text. Unless given, as the connection reads them. */
  readonly types?: Registry
}

/** How a stream of rows runs. */
export interface StreamOptions {
  /**
   * Longest wait for the server's next rows. It begins anew with each arrival; the time that the consumer takes does not
   * count. Unless given, the configuration's `statementTimeout`.
   */
  readonly timeout?: Duration.DurationInput
  /**
   * Rows fetched at a time through a portal, 1 or more. Unless given, rows come straight off the socket outside a transaction, and
   * inside one through a portal in batches sized in bytes (about 512 KiB).
   */
  readonly fetchSize?: number
  /**
   * Inside a transaction: rows straight off the socket, with the connection for the stream alone. Leaving the stream before its end
   * reads at most 1 MiB of the rest, for at most 5 seconds; beyond that the statement is cancelled, which fails the transaction.
   * Default false. Not together with `fetchSize`.
   */
  readonly straight?: boolean
}
