/**
 * Noticing a peer that has vanished without a word. Where all bytes have been acknowledged, the system's keepalive notices. It is
 * silent while bytes are on their way, and the system sends those again for a quarter of an hour; Node cannot set that
 * (`TCP_USER_TIMEOUT`). So a second connection to the same address finds out whether it can be reached at all.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { PgTimeoutError } from "../../model/PgError.js"
import type { TransportFailure } from "../../model/PgError.js"
import * as SystemFailure from "../../net/SystemFailure.js"
import type { Address } from "../../net/Transport.js"
import * as Session from "../../protocol/Session.js"
import * as Cancel from "../session/Cancel.js"
import { breakOff } from "../session/ConnectionEnd.js"
import type { ConnectionState, Request } from "../session/ConnectionState.js"
import * as Outbound from "../session/Outbound.js"
import * as Silence from "../session/Silence.js"
import { SimpleRequest } from "./Query.js"

/** Silence after which a second connection is tried, unless set otherwise. */
export const defaultProbe: Duration.Duration = Duration.seconds(30)

export interface SilenceLimits {
  /** How long the server may be silent while an answer is due; infinity for no limit. */
  readonly limit: Duration.Duration
  /** Silence after which a second connection is tried; infinity or zero for never. */
  readonly probeAfter: Duration.Duration
}

/** Failures of this machine or of its resolver, which do not concern the peer. */
const ourOwn: ReadonlySet<string> = new Set([
  "EACCES",
  "EADDRNOTAVAIL",
  "EAGAIN",
  "EAI_AGAIN",
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "ENOTFOUND",
  "EPERM"
])

/**
 * Opens a second connection to the address and closes it at once. It fails when the address could not be reached, or did
 * not answer, within `patience`. A Unix socket is not tried: its system knows whether the peer lives.
 */
export const probing = (
  open: Effect.Effect<unknown, TransportFailure, Scope.Scope>,
  address: Address,
  patience: Duration.Duration
): Effect.Effect<TransportFailure | undefined> =>
  address._tag === "Unix"
    ? Effect.succeed(undefined)
    : Effect.scoped(open).pipe(
        Effect.timeoutFail({
          duration: patience,
          onTimeout: () =>
            SystemFailure.make("ETIMEDOUT", `no answer within ${Duration.toMillis(patience)} ms`)
        }),
        Effect.match({
          onFailure: (failure) => (ourOwn.has(failure.code) ? undefined : failure),
          onSuccess: () => undefined
        })
      )

/** Whether the next word is the server's: in an open copy or a paused portal it is ours. */
const answerIsDue = (core: ConnectionState): boolean =>
  !Session.isPaused(core.session) && Object.keys(core.session.node.moves).length === 0

const waitingFor = (core: ConnectionState): Silence.Waiting => {
  if (core.ended !== undefined || core.session.owner?.hasOwnWatch === true) return "nothing"
  if (Session.isIdle(core.session)) return "idle"
  if (answerIsDue(core)) return "due"
  return core.pulse.isUnanswered ? "sent" : "nothing"
}

/** An empty query: the server answers at once, in any transaction, and nothing changes. */
const askIdle = (core: ConnectionState): Effect.Effect<void> =>
  Effect.sync(() => Outbound.submit(core, new SimpleRequest("", "array", () => {})))

/**
 * Watches a connection until it ends or the scope closes, and ends it with `PgTimeoutError` (`silence`) when its peer is taken for
 * dead. An idle connection is asked after half of the limit, where there is one. Without a limit nothing is due before the first
 * request, so that the watch begins with it: a session that is opened and closed has no fiber and no timer of its own.
 */
export const watch = (
  core: ConnectionState,
  limits: SilenceLimits
): Effect.Effect<void, never, Scope.Scope> => {
  const how = { waiting: () => waitingFor(core), ask: askIdle(core) }
  if (Duration.isFinite(limits.limit)) return Effect.asVoid(forkWatch(core, limits, how))
  return Effect.sync(() => {
    const begin = (): void => core.fork(untilEnded(core, watching(core, limits, how)))
    core.onFirstRequest = begin
  })
}

/** Interrupted when the connection ends, if it does not end first, also where the connection was opened uninterruptibly. */
const untilEnded = (core: ConnectionState, effect: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) => {
    core.onEnded.push(() => fiber.unsafeInterruptAsFork(fiber.id()))
    return core.ended === undefined ? Effect.interruptible(effect) : Effect.void
  })

/**
 * The same for a request that has the connection for itself and can ask the server for a word at any time, such as the stream
 * of a slot.
 */
export const watchOpen = (
  core: ConnectionState,
  request: Request,
  ask: Effect.Effect<void>,
  limits: SilenceLimits
): Effect.Effect<void, never, Scope.Scope> => {
  const waiting = (): Silence.Waiting =>
    core.ended === undefined && core.session.owner === request && !request.discarding ? "open" : "nothing"
  request.hasOwnWatch = true
  return Effect.asVoid(forkWatch(core, limits, { waiting, ask }))
}

/** The fiber that opens a connection may be uninterruptible. The watch must not be, or the connection's scope never closes. */
const forkWatch = (
  core: ConnectionState,
  limits: SilenceLimits,
  how: Pick<Silence.WatchOptions, "ask" | "waiting">
) => Effect.forkScoped(Effect.interruptible(watching(core, limits, how)))

const watching = (
  core: ConnectionState,
  limits: SilenceLimits,
  { ask, waiting }: Pick<Silence.WatchOptions, "ask" | "waiting">
): Effect.Effect<void> => {
  const { pulse } = core
  const heard = (): number => pulse.heard
  const isBraked = (): boolean => pulse.isBraked
  return Effect.flatMap(
    Silence.watch({ ...limits, ask, waiting, heard, isBraked, probe: core.probe }),
    (silence) => end(core, silence)
  )
}

/**
 * Ends the connection at once, and has the server stop the statement, if it can be reached. The end of the connection interrupts
 * the watch that has found it, which is not to lose the second step.
 */
const end = (core: ConnectionState, silence: Silence.Silence): Effect.Effect<void> =>
  Effect.uninterruptible(
    Effect.suspend(() => {
      const isAtWork = !Session.isIdle(core.session)
      breakOff(core, errorOf(core, silence))
      return isAtWork
        ? Effect.asVoid(Effect.forkDaemon(Effect.interruptible(Cancel.tell(core))))
        : Effect.void
    })
  )

const errorOf = (core: ConnectionState, silence: Silence.Silence): PgTimeoutError => {
  const sql = core.session.owner?.sql ?? ""
  const nothing = `Nothing came from ${core.link.address} in that time`
  return new PgTimeoutError({
    deadline: "silence",
    millis: silence.millis,
    sent: true,
    during: sql === "" ? "checking whether an idle connection still answers" : sql,
    detail:
      silence.by === "limit"
        ? `${nothing}. The connection was closed.`
        : `${nothing}, and other connections to it failed: ${silence.failure.message}. The connection was closed.`
  })
}
