/**
 * Stopping what was asked. A CancelRequest names a session and not a statement, so the server is sent one only while every
 * statement on the wire is unwanted. Nothing more is written until the cancel connection has seen the server close and the
 * answer has been drained, so that a late cancel hits no other statement. Unwanted statements that are left on the wire are
 * cancelled in the same way, one after another, until the wire is empty.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { ByteWriter } from "../../bytes/ByteWriter.js"
import { PgClosedError, PgTimeoutError } from "../../model/PgError.js"
import type { TransportFailure } from "../../model/PgError.js"
import type { Link } from "../../net/Transport.js"
import * as Session from "../../protocol/Session.js"
import * as CancelMessage from "../../wire/messages/Cancel.js"
import * as Cleanup from "./Cleanup.js"
import type { SendCancel } from "./ConnectFacts.js"
import { breakOff } from "./ConnectionEnd.js"
import type { ConnectionState, Request } from "./ConnectionState.js"
import * as Outbound from "./Outbound.js"

/**
 * How long the cancel connection and the drain behind it may take before the connection is closed instead, unless the
 * connector's `cancelDeadline` is given.
 */
export const cancelDeadline: Duration.Duration = Duration.seconds(5)

/**
 * The same for a statement whose deadline has passed: then its caller has waited long enough, and over a dead network the error must
 * not wait for an answer that never comes.
 */
export const overdueDeadline: Duration.Duration = Duration.seconds(1)

/**
 * How long after a CancelRequest the next one is sent. One that reaches the server before the statement does finds nothing
 * to stop, and the server does not report that.
 */
export const cancelInterval: Duration.Duration = Duration.millis(250)

/** The request's bytes. */
export const encode = (processId: number, secretKey: Uint8Array): Uint8Array => {
  const writer = new ByteWriter(64)
  CancelMessage.CancelRequest.encode(writer, { _tag: "CancelRequest", processId, secretKey })
  return writer.detach()
}

/**
 * Sends a CancelRequest over a channel of its own and waits until the server has closed it. `open` leads to the same
 * address as the session, encrypted in the same way and verified as strictly.
 */
export const send =
  (open: Effect.Effect<Link, TransportFailure, Scope.Scope>): SendCancel =>
  (facts) =>
    Effect.scoped(
      Effect.gen(function* () {
        if (facts.processId === undefined || facts.cancelKey === undefined) return
        const link = yield* open
        const bytes = encode(facts.processId, Redacted.value(facts.cancelKey))
        yield* Effect.async<void, TransportFailure>((resume) => {
          link.listen({
            onData: () => {},
            onDrain: () => {},
            onEnd: (failure) => resume(failure === undefined ? Effect.void : Effect.fail(failure))
          })
          link.resume()
          link.write(bytes)
        })
      })
    )

/** Has the server stop what it works at for a connection that has been given up, if the server can be reached in time. */
export const tell = (core: ConnectionState): Effect.Effect<void> =>
  Effect.ignore(Effect.timeout(core.sendCancel(core.facts), core.cancelDeadline))

/** Waits until the request is over. */
export const settled = (request: Request): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (request.state === "settled") return resume(Effect.void)
    const others = request.onceSettled
    const settled = (): void => {
      others?.()
      resume(Effect.void)
    }
    request.onceSettled = settled
  })

/** Whether statements are on the wire, and all of them are unwanted. */
const allUnwanted = (core: ConnectionState): boolean => {
  const owners = Session.owners(core.session)
  return owners.length > 0 && owners.every(({ discarding }) => discarding)
}

/** Gives up on the connection because stopping took too long. */
const giveUp = (core: ConnectionState, request: Request, limit = core.cancelDeadline): Effect.Effect<void> =>
  Effect.sync(() => {
    const delivered = request.cancel === "delivered"
    if (!delivered && !request.isStopped) {
      request.cancel = "failed"
      request.cancelFailure = `the cancel deadline of ${Duration.toMillis(limit)} ms passed`
    }
    breakOff(
      core,
      new PgTimeoutError({
        deadline: "cancel",
        millis: Duration.toMillis(limit),
        sent: true,
        during: delivered
          ? `waiting for the end of a cancelled statement: ${request.sql}`
          : `stopping a statement: ${request.sql}`,
        cancel: request.cancel
      })
    )
  })

/** Ends the connection because no cancel request can be delivered. The statement stops when the server notices. */
const undeliverable = (core: ConnectionState, request: Request, reason: string): Effect.Effect<void> =>
  Effect.sync(() => {
    request.cancel = "failed"
    request.cancelFailure = reason
    breakOff(
      core,
      new PgClosedError({
        reason: `no cancel request for an abandoned statement could be delivered (${reason}): the connection was closed`,
        sent: true,
        server: undefined,
        sql: request.sql
      })
    )
  })

/** Ends the receiving request, which is unwanted. A silence closes the connection. */
const end = (core: ConnectionState, request: Request): Effect.Effect<void> => {
  const told = request.isStopped ? Effect.void : cancelOnServer(core, request)
  const ended = Effect.zip(told, settled(request), { concurrent: true })
  if (!request.isOverdue) {
    return Cleanup.within(ended, core.cancelDeadline).pipe(
      Effect.flatMap((done) => (Option.isNone(done) ? giveUp(core, request) : Effect.void))
    )
  }
  const limit = Duration.min(overdueDeadline, core.cancelDeadline)
  // The connection is given up early. The cancel request goes on in the background for as long as any other.
  return Cleanup.within(ended, limit).pipe(
    Effect.flatMap((done) =>
      Option.isSome(done)
        ? Effect.void
        : Effect.zipLeft(
            giveUp(core, request, limit),
            Effect.sync(() => core.fork(tell(core)))
          )
    )
  )
}

/** Ends what is on the wire, one statement after another. */
const each = (core: ConnectionState): Effect.Effect<void> =>
  Effect.suspend(() => {
    const request = core.session.owner
    return request === undefined ? Effect.void : Effect.zipRight(end(core, request), each(core))
  })

/** Empties the wire, on which every statement is unwanted; nothing is written meanwhile. */
const sweep = (core: ConnectionState): Effect.Effect<void> => {
  core.cancels++
  core.hasUnwanted = false
  return Effect.ensuring(
    each(core),
    Effect.sync(() => {
      core.cancels--
      Outbound.pump(core)
    })
  )
}

/**
 * A statement has been answered, and unwanted ones were behind it: when nothing else is on the wire, a cancel request is
 * sent now. The fibers of these statements have continued long ago.
 */
export const reconsider = (core: ConnectionState): void => {
  if (core.cancels > 0) return
  if (Session.isIdle(core.session)) core.hasUnwanted = false
  else if (allUnwanted(core)) core.fork(sweep(core))
}

/**
 * Handles the interruption of a request's fiber. When the effect is done, the request is withdrawn, or the connection is
 * clean or closed, or (with wanted statements on the wire) the request's answers will be discarded as they come, and a
 * cancel request is sent when only unwanted statements are left there.
 */
export const abandon = (core: ConnectionState, request: Request): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (request.state === "settled") return Effect.void
    if (request.state === "queued") {
      request.withdraw(core)
      Outbound.pump(core)
      return request.before === undefined ? Effect.void : abandon(core, request.before)
    }
    request.discarding = true
    core.pulse.brake(false)
    if (request.stop(core)) request.isStopped = true
    if (core.cancels > 0) return settled(request)
    if (allUnwanted(core)) return sweep(core)
    core.hasUnwanted = true
    request.cancel = "deferred"
    return Effect.void
  })

/** Waits for the end of a request that the server has refused already; a silence there closes the connection. */
export const outlive = (core: ConnectionState, request: Request): Effect.Effect<void> =>
  Cleanup.within(settled(request), core.cancelDeadline).pipe(
    Effect.flatMap((done) => (Option.isNone(done) ? giveUp(core, request) : Effect.void))
  )

/** Without a key, or when the cancel cannot be delivered, closing the connection is the only way to stop. */
const cancelOnServer = (core: ConnectionState, request: Request): Effect.Effect<void> =>
  core.facts.cancelKey === undefined
    ? noKey(core, request)
    : Effect.matchEffect(core.sendCancel(core.facts), {
        onFailure: ({ message }) => undeliverable(core, request, message),
        onSuccess: () =>
          Effect.sync(() => {
            request.cancel = "delivered"
          })
      }).pipe(
        Effect.zipRight(Effect.raceFirst(settled(request), Effect.sleep(cancelInterval))),
        Effect.repeat({ until: () => request.state === "settled" })
      )

const noKey = (core: ConnectionState, request: Request): Effect.Effect<void> =>
  undeliverable(core, request, "the server gave no key to cancel it with")
