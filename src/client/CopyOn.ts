/** Copies on a connection of one's own, such as one held for several steps. */
import type { PgConnection } from "../connection/PgConnection.js"
import type { PgCopyRowError, PgSessionError } from "../model/PgError.js"
import * as Copy from "./Copy.js"
import * as CopyRows from "./CopyRows.js"
import * as CopyWays from "./CopyWays.js"

/** The copies of rows on one connection. */
export type RowsOn = CopyRows.RowCopies<PgSessionError | PgCopyRowError, never>

/** The copies of bytes and of rows on one connection. */
export type CopiesOn = Copy.ByteCopies<PgSessionError, never> & RowsOn

export const on = (connection: PgConnection): CopiesOn => {
  const ways = CopyWays.owned(connection)
  return { ...Copy.make<never, never>(ways), ...CopyRows.make<never, never>(ways) }
}
