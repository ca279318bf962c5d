/** Statements that need a connection for themselves: they change what statements of other calls on the same session would notice. */
import { changesSession } from "../../connection/session/SessionChanges.js"
import * as StatementWords from "../../model/StatementWords.js"

/** Commands that change a session, or end or begin what its statements run in. */
const commands =
  /^(?:set|reset|discard|deallocate|prepare|listen|unlisten|declare|close|fetch|move|do|call|load|begin|start|commit|end|rollback|abort|savepoint|release|lock)\b/

/** Texts that are remembered with their judgement. */
const maxJudged = 512

/** Judges texts, and remembers the judgement. */
export class OwnConnection {
  private readonly judged = new Map<string, boolean>()

  /** Whether the statement needs a connection for itself. */
  isNeeded(sql: string): boolean {
    const known = this.judged.get(sql)
    if (known !== undefined) return known
    if (this.judged.size >= maxJudged) this.judged.clear()
    const isNeeded = changesSession(sql) || StatementWords.of(sql).some((words) => commands.test(words))
    this.judged.set(sql, isNeeded)
    return isNeeded
  }
}
