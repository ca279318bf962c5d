/**
 * A transaction that `withTransaction` has begun on a connection, watched for a statement of its own body that ends it: the
 * status after each statement and the command tags show that. After that nothing of the body may be sent, because it would
 * run outside any transaction and stay.
 *
 * @see https://www.postgresql.org/docs/current/sql-rollback.html
 */
import { PgUsageError } from "../../model/PgError.js"
import * as StatementWords from "../../model/StatementWords.js"
import type { TransactionStatus } from "../../model/TransactionStatus.js"

/** What the block has to know of a request. */
interface Statement {
  readonly sql: string
  readonly state: "queued" | "sent" | "settled"
  /** The text of the statement that is running. */
  readonly running: string
}

/**
 * Whether the ROLLBACK of a text that comes after `before` others goes back to a savepoint only: the server's tag is the
 * same for both.
 */
const isToSavepoint = (sql: string, before: number): boolean => {
  const found = StatementWords.of(sql).filter(StatementWords.rollsBack)[before]
  return found !== undefined && !StatementWords.endsBlock(found)
}

export class TransactionBlock {
  /** The statement of the body that has ended the transaction. */
  endedBy: string | undefined
  /** BEGIN, COMMIT or ROLLBACK of `withTransaction` itself, from its sending to its answer. */
  own: Statement | undefined
  private isOpen = false
  /** Whose ROLLBACKs are counted, and how many have been completed. */
  private counted: Statement | undefined
  private rollbacks = 0

  /** The server has completed a command. */
  completed(request: Statement, tag: string): void {
    if (!this.isOpen || request === this.own) return
    switch (tag) {
      case "COMMIT":
      case "PREPARE TRANSACTION":
        return this.end(request.running)
      case "ROLLBACK": {
        if (this.counted !== request) {
          this.counted = request
          this.rollbacks = 0
        }
        if (!isToSavepoint(request.running, this.rollbacks++)) this.end(request.running)
      }
    }
  }

  /** ReadyForQuery has been read. */
  ready(request: Statement, status: TransactionStatus): void {
    this.counted = undefined
    if (request === this.own) this.isOpen = status !== "I"
    else if (this.isOpen && status === "I") this.end(request.running)
  }

  private end(sql: string): void {
    this.endedBy ??= sql
  }
}

const firstLine = (sql: string): string => sql.trim().split("\n", 1)[0]!.slice(0, 80)

/** Why the transaction as a whole fails: `sent`, because its statements had been. */
export const endedByBody = (endedBy: string): PgUsageError =>
  new PgUsageError({
    operation: "withTransaction",
    argument: "",
    reason: `a statement of the body has ended the transaction: ${firstLine(endedBy)}. What ran before it was committed or rolled back by that statement. Let the body succeed for a COMMIT, or fail for a ROLLBACK`,
    sql: endedBy,
    sent: true
  })

/** Why a statement is not sent. `block`: the transaction in which it was asked for, if it was asked for in one. */
export const refusal = (
  block: TransactionBlock | undefined,
  current: TransactionBlock | undefined,
  sql: string
): PgUsageError | undefined => {
  if (current?.endedBy !== undefined) {
    return new PgUsageError({
      operation: "withTransaction",
      argument: "",
      reason: `the statement was not sent, because a statement before it has ended its transaction: ${firstLine(current.endedBy)}`,
      sql
    })
  }
  if (block === undefined || block === current) return undefined
  return new PgUsageError({
    operation: "withTransaction",
    argument: "",
    reason: "the statement was not sent, because its transaction has ended",
    sql
  })
}

/**
 * Why statements of one request are not sent inside `withTransaction`: one of them would end the transaction, and those behind it would
 * run outside and stay. `statements`: each by its first words.
 */
export const endsEarly = (
  statements: ReadonlyArray<string>,
  operation: string,
  sql: string
): PgUsageError | undefined => {
  const at = statements.findIndex(StatementWords.endsBlock)
  return at < 0 || at === statements.length - 1
    ? undefined
    : new PgUsageError({
        operation,
        argument: "sql",
        reason: `must not end the transaction before its last statement: what follows "${statements[at]}" would run outside the transaction and stay. Let the body fail for a ROLLBACK, or succeed for a COMMIT`,
        sql
      })
}
