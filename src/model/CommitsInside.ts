/** Statements that may commit a part of their work before they fail, when they run outside a transaction block. */

/** Space and comments before the first word. A block comment inside another ends the match too early, which finds no word. */
const before = String.raw`^(?:\s|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*`

/** Procedures and anonymous blocks may COMMIT; the other commands work in several transactions of their own. */
const words = new RegExp(
  `${before}(?:(?:call|do|vacuum|analy[sz]e|reindex|cluster)\\b|(?:create|drop|alter)\\b[^;]*\\bconcurrently\\b)`,
  "i"
)

/** Whether the statement may have committed a part of its work by the time it fails. */
export const commitsInside = (sql: string): boolean => words.test(sql)

const ending: ReadonlySet<string> = new Set(["COMMIT", "ROLLBACK", "PREPARE TRANSACTION", "COMMIT PREPARED"])

/** Whether a command with this tag has ended a transaction. */
export const endsTransaction = (command: string): boolean => ending.has(command)

const control = new RegExp(`${before}(?:commit|end|prepare\\s+transaction)\\b`, "i")

/** Whether the statement ends a transaction and stores it. */
export const commits = (sql: string): boolean => control.test(sql)
