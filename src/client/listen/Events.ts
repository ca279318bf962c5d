/** The elements of a stream of notifications. */
import type { Notification } from "../../model/Notification.js"
import type { PgCodecError, PgOpenError, PgSessionError } from "../../model/PgError.js"

/** Why a listener lost its session, or could not get another one. */
export type PgListenError = PgSessionError | PgOpenError

/** A notification, with its payload as text or as the Schema's value. */
export interface Received<A> {
  readonly _tag: "Received"
  readonly channel: string
  readonly payload: A
  /** Process id of the session that notified. */
  readonly processId: number
}

/** Why notifications may be missing. */
export type GapReason =
  /** The session was lost. The server keeps nothing for a listener that is away. `attempts` counts the openings until it was back. */
  | { readonly _tag: "SessionLost"; readonly error: PgListenError; readonly attempts: number }
  /** The consumer was slower than the notifications: the oldest were dropped from its buffer. */
  | { readonly _tag: "Overflow"; readonly dropped: number }

/**
 * Notifications may be missing between the element before and the element after: read the state that the notifications are about
 * anew. It is emitted once the channel is listened to again.
 */
export interface Gap {
  readonly _tag: "Gap"
  readonly reason: GapReason
}

/** A notification whose payload the Schema refused. The stream goes on. */
export interface Malformed extends Notification {
  readonly _tag: "Malformed"
  readonly error: PgCodecError
}

/** An element of a stream of notifications: one that was received, or a gap in which some may have been missed. */
export type ListenEvent<A> = Received<A> | Gap
