/** A session as a pool looks at it whose statements come from many fibers: without an Effect, once for each statement. */
import type * as Effect from "effect/Effect"
import type { PgSessionError } from "../model/PgError.js"
import type { Admission } from "./session/Admission.js"
import * as Cancel from "./session/Cancel.js"
import type { ConnectionState, Request } from "./session/ConnectionState.js"
import type { RoleQuestion } from "./session/ConnectFacts.js"
import * as Outbound from "./session/Outbound.js"
import type { Exchanges } from "./Exchanges.js"
import { fits } from "./session/ConnectionStatus.js"
import type { SharedOperations } from "./SharedOperations.js"
import type { PlainOperations, SchemaOperations } from "./statement/RowOperations.js"

/**
 * The operations that are one statement each, for a caller that has chosen the form of the rows: the server's values, or
 * `through` a Schema.
 */
export interface SingleStatements<E = PgSessionError> extends Pick<PlainOperations<E>, "query" | "execute"> {
  readonly values: SharedOperations<E>["values"]
  readonly through: Pick<SchemaOperations<E>, "query" | "execute">
}

/** The operations of a session that are one exchange each. */
export interface AdmittedOperations extends Exchanges {
  readonly through: SingleStatements["through"]
}

export interface SharedSession {
  /** It has not ended, and its server has the role that was asked for. */
  readonly isOpen: boolean
  /** Nothing is on the wire or waits for it, and no transaction is open. */
  readonly isQuiet: boolean
  /** It is open, and nothing is in flight: `ConnectionStatus` would be clean. */
  readonly isFree: boolean
  /** Statements can have changed what a neighbour would notice. */
  readonly changes: { readonly isChanged: boolean }
  /** It is open, and nothing on the wire is unwanted, so that one more statement waits for wanted ones only. */
  readonly takesMore: boolean
  /** Whether a statement has a deadline by default. */
  readonly isTimed: boolean
  /** Sends a request at the end of this step, on a session that is free. `onceSettled` of the request is called when it is over. */
  readonly send: (request: Request) => void
  /** Stops a request that was sent; done when the session is clean again, or closed. */
  readonly abandon: (request: Request) => Effect.Effect<void>
  /**
   * How it is asked for the role of its server; `undefined` when any role is accepted, or when the server reports its role and no report of
   * the connector's sessions was wrong.
   */
  readonly roleQuestion: RoleQuestion | undefined
  /** Its server has reported another role than the one that was asked for, or has refused a write. */
  readonly isRoleDoubted: boolean
  /** Its server was asked, and has the role. */
  readonly trustRole: () => void
  /** The operations of the session's owner. */
  readonly single: SingleStatements
  /** The operations, which ask for admission in the step in which their statement is written. */
  readonly admitted: (admission: Admission) => AdmittedOperations
}

/** By which a connection carries its session. What wraps the connection, or copies its properties, has none. */
const carried: unique symbol = Symbol("effect-postgres/connection/SharedSession")

interface Carrier {
  readonly [carried]?: SharedSession
}

/** The session of a connection; `undefined` for a connection that wraps another one. */
export const of = (connection: object): SharedSession | undefined => (connection as Carrier)[carried]

/** Sets what `of` returns for the connection. */
export const register = <C extends object>(connection: C, session: SharedSession): C =>
  Object.defineProperty(connection, carried, { value: session })

/** The single statements of a connection, whether it wraps another one or not. */
export const singleOf = (
  connection: Pick<SharedOperations<PgSessionError>, "query" | "execute" | "values">
): SingleStatements => {
  const session = (connection as Carrier)[carried]
  if (session !== undefined) return session.single
  const { execute, query, values } = connection
  return { execute, query, values, through: { execute, query } }
}

/** Accessors of a class, so that all sessions have one hidden class. */
class StateSession implements SharedSession {
  readonly changes: SharedSession["changes"]

  constructor(
    private readonly core: ConnectionState,
    readonly single: SingleStatements,
    readonly admitted: SharedSession["admitted"]
  ) {
    this.changes = core.changes
  }

  get isTimed(): boolean {
    return this.core.statementTimeout !== undefined
  }

  send(request: Request): void {
    Outbound.submitSoon(this.core, request)
  }

  abandon(request: Request): Effect.Effect<void> {
    return Cancel.abandon(this.core, request)
  }

  get isOpen(): boolean {
    return this.core.ended === undefined && fits(this.core)
  }

  get isQuiet(): boolean {
    const { cancels, session, transaction, waiting } = this.core
    return (
      session.owner === undefined &&
      cancels === 0 &&
      session.status === "I" &&
      transaction === undefined &&
      waiting === 0
    )
  }

  get isFree(): boolean {
    const { cancels, ended, fitsRole, pending, pendingFrom, repeats, session, transaction } = this.core
    return (
      ended === undefined &&
      session.owner === undefined &&
      session.status === "I" &&
      transaction === undefined &&
      cancels === 0 &&
      pendingFrom === pending.length &&
      repeats.length === 0 &&
      (fitsRole === undefined || !this.isRoleDoubted)
    )
  }

  get roleQuestion(): RoleQuestion | undefined {
    const { fitsRole, roleQuestion, roleReports } = this.core
    return roleReports.areBelieved && fitsRole?.() !== undefined ? undefined : roleQuestion
  }

  get isRoleDoubted(): boolean {
    const { fitsRole, refusedWrite } = this.core
    return fitsRole !== undefined && (refusedWrite || fitsRole() === false)
  }

  trustRole(): void {
    this.core.refusedWrite = false
  }

  get takesMore(): boolean {
    const { cancels, ended, hasUnwanted, session } = this.core
    return (
      ended === undefined && !hasUnwanted && cancels === 0 && session.status === "I" && !this.isRoleDoubted
    )
  }
}

export const fromState = (
  core: ConnectionState,
  single: SingleStatements,
  admitted: SharedSession["admitted"]
): SharedSession => new StateSession(core, single, admitted)
