import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as SessionOf from "../../connection/SharedSession.js"
import type { SharedSession, SingleStatements } from "../../connection/SharedSession.js"
import * as Conventions from "../telemetry/Conventions.js"
import type { ConnectionAge } from "./Policy.js"

/**
 * Where a connection is. `lent`: one user has it. `shared`: statements of several calls are on it. `away`: with the pool itself, which
 * checks it or makes it fit for the next user.
 */
export type Whereabouts = "idle" | "lent" | "shared" | "away" | "gone"

/** A connection and what its pool knows of it. */
export class PooledConnection implements ConnectionAge {
  where: Whereabouts = "away"
  uses = 0
  isDoubted = false
  /** A hook has failed: the state of the session is unknown. */
  isSpoiled = false
  /** It was lent to a user who may do anything with it. */
  isLeased = false
  /** The lease has been reported as a leak. */
  isReported = false
  /** The span of the fiber that it is lent to. */
  span: string | undefined
  /** Where in the program it was taken, if that is looked for. */
  place: string | undefined
  /** Statements on it while it is shared. */
  load = 0
  /** Shared, and promised to a call that needs a connection for itself: no further statement is sent on it. */
  isReserved = false
  /** Shared, and to be closed: no further statement is sent on it. */
  isRetiring = false
  /** Single statements through the admission of the pool, made when they are first needed. */
  statements: SingleStatements | undefined
  readonly session: SharedSession | undefined
  /** Single statements of the user that has the connection. */
  readonly single: SingleStatements
  /** The statement that the connection was lent for is over. */
  readonly onAnswered: () => void

  /** `answered` is called with the connection when a statement is over that it was lent for. */
  constructor(
    readonly connection: PgConnection,
    readonly scope: Scope.CloseableScope,
    readonly generation: number,
    readonly expiresAt: number,
    public since: number,
    answered: (slot: PooledConnection) => void
  ) {
    const onAnswered = (): void => answered(this)
    this.onAnswered = onAnswered
    this.session = SessionOf.of(connection)
    this.single = SessionOf.singleOf(connection)
  }

  /** The session is free, and as good for the next user as it was for this one. `isReset`: changes would be taken back. */
  isUntouched(isReset: boolean): boolean {
    const { isLeased, isSpoiled, session } = this
    if (isSpoiled || session === undefined || !session.isFree) return false
    return !isReset || !(isLeased || session.changes.isChanged)
  }

  /** It is lent to the fiber from now on. */
  lend(now: number, fiber: Fiber.RuntimeFiber<unknown, unknown>): void {
    this.where = "lent"
    this.since = now
    this.uses++
    this.isReported = false
    this.span = fiber.currentSpan === undefined ? undefined : this.userOf(fiber.currentSpan)
  }

  /** The name of the span that the user is in, that of the operation apart. */
  private userOf(span: Tracer.AnySpan): string | undefined {
    const isOurs = Conventions.locate(span, this.connection)
    if (span._tag !== "Span") return undefined
    const user = isOurs ? Option.getOrUndefined(span.parent) : span
    return user?._tag === "Span" ? user.name : undefined
  }

  rest(where: "idle" | "away", now: number): void {
    this.where = where
    this.since = now
    this.span = undefined
    this.place = undefined
  }
}
