/** A session as a pool looks at it whose statements come from many fibers: without an Effect, once for each statement. */
import type { PgSessionError } from "../model/PgError.js"
import type { Admission } from "./session/Admission.js"
import type { ConnectionState } from "./session/ConnectionState.js"
import type { SharedOperations } from "./SharedOperations.js"

/** The operations that are one statement each. */
export type SingleStatements = Pick<SharedOperations<PgSessionError>, "query" | "execute" | "values">

export interface SharedSession {
  /** It has not ended, and its server has the role that was asked for. */
  readonly isOpen: boolean
  /** Nothing is on the wire or waits for it, and no transaction is open. */
  readonly isQuiet: boolean
  /** Statements can have changed what a neighbour would notice. */
  readonly isChanged: boolean
  /** It is open, and nothing on the wire is unwanted, so that one more statement waits for wanted ones only. */
  readonly takesMore: boolean
  /** The operations, which ask for admission in the step in which their statement is written. */
  readonly admitted: (admission: Admission) => SingleStatements
}

const sessions = new WeakMap<object, SharedSession>()

/** The session of a connection; `undefined` for a connection that wraps another one. */
export const of = (connection: object): SharedSession | undefined => sessions.get(connection)

/** Says what `of` returns for the connection. */
export const register = (connection: object, session: SharedSession): void =>
  void sessions.set(connection, session)

const fits = (core: ConnectionState): boolean => core.fitsRole() ?? !core.refusedWrite

export const fromState = (core: ConnectionState, admitted: SharedSession["admitted"]): SharedSession => ({
  get isOpen() {
    return core.ended === undefined && fits(core)
  },
  get isQuiet() {
    return (
      core.session.owner === undefined &&
      core.cancels === 0 &&
      core.session.status === "I" &&
      core.transaction === undefined &&
      core.waiting === 0
    )
  },
  get isChanged() {
    return core.changes.isChanged
  },
  get takesMore() {
    return (
      core.ended === undefined &&
      !core.hasUnwanted &&
      core.cancels === 0 &&
      core.session.status === "I" &&
      fits(core)
    )
  },
  admitted
})
