/** A pool at one moment, and what it has done so far. */
import type { LeaseError } from "./LeaseError.js"

/** Why connections were closed. */
export interface ClosedConnections {
  /** They had ended, gave no answer, or could not be made fit for the next user. */
  readonly broken: number
  /** The server no longer has the role that was asked for. */
  readonly role: number
  /** Idle for `idleTimeout`. */
  readonly idle: number
  /** They had reached `maxLifetime` or `maxUses`, or `expire` was called. */
  readonly worn: number
  /** The pool was made smaller, or was closed. */
  readonly surplus: number
}

/** A pool at one moment, and what it has done since it was made. */
export interface PoolStatistics {
  readonly max: number
  readonly min: number
  /** Connections there are, and those being opened: `idle`, `inUse`, `opening`, and those being checked or cleaned. */
  readonly size: number
  readonly idle: number
  readonly inUse: number
  readonly opening: number
  /** Calls that wait for a connection. */
  readonly waiting: number
  /** Connections lent so far; each statement on a shared connection counts. */
  readonly acquired: number
  /** Statements that were sent on a connection on which another statement was under way. */
  readonly shared: number
  readonly opened: number
  readonly openingsFailed: number
  /** Connections whose sessions were reset before they were lent again. */
  readonly resets: number
  /** Calls whose wait was longer than `acquireTimeout`. */
  readonly timedOut: number
  /** Calls that were refused at once: by `maxWaiting`, or while no connection could be opened. */
  readonly refused: number
  readonly closed: ClosedConnections
  /** Why the last opening failed; `undefined` once one has succeeded. */
  readonly lastFailure: LeaseError | undefined
}

/** The counters, to be counted up. */
export const noStatistics = () => ({
  acquired: 0,
  shared: 0,
  opened: 0,
  openingsFailed: 0,
  resets: 0,
  timedOut: 0,
  refused: 0,
  closed: { broken: 0, role: 0, idle: 0, worn: 0, surplus: 0 }
})

/** What the statistics are taken from. */
interface Counted {
  readonly counts: ReturnType<typeof noStatistics>
  readonly slots: Iterable<{ readonly where: string }>
  readonly idle: { readonly length: number }
  readonly openings: { readonly running: number; readonly lastFailure: LeaseError | undefined }
  readonly waiting: number
  readonly max: number
  readonly min: number
  readonly size: number
}

export const statisticsOf = ({
  counts,
  idle,
  max,
  min,
  openings,
  size,
  slots,
  waiting
}: Counted): PoolStatistics => {
  let inUse = 0
  for (const slot of slots) if (slot.where === "lent" || slot.where === "shared") inUse++
  return {
    ...counts,
    closed: { ...counts.closed },
    max,
    min,
    size,
    idle: idle.length,
    inUse,
    opening: openings.running,
    waiting,
    lastFailure: openings.lastFailure
  }
}
