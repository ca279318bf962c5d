/** A BEGIN that is sent as a plain statement: on a pool it would open a transaction on a connection that the next call does not get. */
import { PgUsageError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"

const begins = /^\s*(begin|start\s+transaction)\b/i

/** Why the statement is refused outside a transaction; `undefined` when it is not one that begins a transaction. */
export const refusedBegin = (operation: string, { sql }: Statement): PgUsageError | undefined =>
  begins.test(sql)
    ? new PgUsageError({
        operation,
        argument: "",
        reason:
          "BEGIN was not sent, because the next call may get another connection of the pool: use withTransaction, " +
          "or take a connection with PgClient.connection and begin there",
        sql
      })
    : undefined
