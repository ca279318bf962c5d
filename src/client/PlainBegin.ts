/** A BEGIN that is sent as a plain statement: on a pool it would open a transaction on a connection that the next call does not get. */
import { PgUsageError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import * as StatementWords from "../model/StatementWords.js"

/** A text without these words begins no transaction, and is not looked at any further. */
const candidate = /\b(?:begin|start)\b/i

const begins = /^(?:begin|start transaction)\b/

/** Why the statement is refused outside a transaction; `undefined` when it is not one that begins a transaction. */
export const refusedBegin = (operation: string, { sql }: Statement): PgUsageError | undefined =>
  candidate.test(sql) && StatementWords.of(sql).some((words) => begins.test(words))
    ? new PgUsageError({
        operation,
        argument: "",
        reason:
          "BEGIN was not sent, because the next call may get another connection of the pool: use withTransaction, " +
          "or take a connection with PgClient.connection and begin there",
        sql
      })
    : undefined
