import type { TransactionStatus } from "../../model/TransactionStatus.js"
import * as Session from "../../protocol/Session.js"
import type { ConnectionState } from "./ConnectionState.js"

/** The state of a connection, for pools and tests. */
export interface ConnectionStatus {
  /** `clean`: ReadyForQuery read, idle, nothing in flight, no cancel pending. `broken`: closed. */
  readonly state: "clean" | "busy" | "broken"
  /**
   * False when the session no longer has the role that `target_session_attrs` asks for: the server has reported a change, or
   * has refused a write and does not report its role.
   */
  readonly fits: boolean
  /**
   * Whether statements can have changed what the next user would notice, since the session was opened or reset: role, settings,
   * LISTEN, temporary tables, advisory locks, cursors.
   */
  readonly changed: boolean
  readonly transaction: TransactionStatus
  /** Exchanges sent and not yet answered. */
  readonly inFlight: number
  /** The statement whose answer is due, by its text. */
  readonly statement: string | undefined
  /** Requests not yet written. */
  readonly waiting: number
  /** CancelRequests under way. */
  readonly cancels: number
  /** What the session holds. */
  readonly holds: {
    readonly preparedStatements: number
    /** Whether a stream or a copy has the connection for itself. */
    readonly lease: boolean
  }
}

/** Whether the session still has the role wanted, as far as it is known. */
export const fits = ({ fitsRole, refusedWrite }: ConnectionState): boolean =>
  fitsRole === undefined || (fitsRole() ?? !refusedWrite)

export const statusOf = (core: ConnectionState): ConnectionStatus => {
  const inFlight = core.session.owner === undefined ? 0 : Session.inFlight(core.session)
  const isWaited = core.pendingFrom < core.pending.length || core.repeats.length > 0
  const waiting = isWaited ? core.waiting : 0
  const idle =
    inFlight === 0 &&
    waiting === 0 &&
    core.cancels === 0 &&
    core.session.status === "I" &&
    core.transaction === undefined
  return {
    state: core.ended !== undefined ? "broken" : idle ? "clean" : "busy",
    fits: fits(core),
    changed: core.changes.isChanged,
    transaction: core.session.status,
    inFlight,
    statement: core.session.owner?.sql,
    waiting,
    cancels: core.cancels,
    holds: { preparedStatements: core.statements.size, lease: core.holder !== undefined }
  }
}
