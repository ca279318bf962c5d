/**
 * From a configuration to an open session: each host in turn, each of its addresses within its own deadline, each way of
 * encrypting that the settings allow, and in the end an error that lists every attempt. Connecting sends no SQL of our
 * own unless `target_session_attrs` cannot be decided without it: a walsender and a pooler must be able to answer.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { HostEntry, PgConfig } from "../../config/PgConfig.js"
import { Host } from "../../host/Host.js"
import type { HostService } from "../../host/Host.js"
import { PgAuthError, PgConnectError, PgServerError } from "../../model/PgError.js"
import type { ConnectAttempt, PgConfigError, PgOpenError } from "../../model/PgError.js"
import { describe } from "../../net/Address.js"
import * as HostList from "../../net/HostList.js"
import type { Address, Transport } from "../../net/Transport.js"
import * as Attempt from "./Attempt.js"
import { ConnectDeadline } from "./ConnectDeadline.js"
import type { ConnectOptions } from "./ConnectOptions.js"
import type { ConnectionState, SessionSettings } from "../session/ConnectionState.js"
import type * as Encrypt from "./Encrypt.js"
import * as Plan from "./ConnectPlan.js"
import * as Role from "./Role.js"
import { traced } from "../session/Traced.js"

/** What opening needs: the services, and the scope that closes the session. */
export type ConnectServices = Scope.Scope | Transport | Host

/** What comes after an attempt that failed. */
type Next = "way" | "address" | "host" | "stop"

interface Failed {
  /** What is reported: an error that ends everything, or one for the list. */
  readonly cause: ConnectAttempt["cause"] | PgAuthError | PgConfigError
  readonly next: Next
}

/** libpq's rules: what is worth another way, another address or another host, and what is final. */
const judge = (failure: Attempt.AttemptFailure, progress: Attempt.Progress): Failed => {
  const beforeLogin = progress.phase !== "ready"
  switch (failure._tag) {
    case "EncryptFailure":
      return { cause: failure.cause, next: failure.next }
    case "PgConfigError":
      return { cause: failure, next: "stop" }
    case "PgAuthError":
      return {
        cause: failure,
        next: beforeLogin && failure.server !== undefined && !progress.bound ? "way" : "stop"
      }
    case "PgServerError":
      return { cause: failure, next: failure.code === "57P03" ? "host" : beforeLogin ? "way" : "stop" }
    case "TransportFailure":
      return { cause: failure, next: failure.code === Role.otherRole ? "host" : "address" }
    case "PgTimeoutError":
    case "PgClosedError":
      return { cause: failure, next: "address" }
    case "PgProtocolError":
      return { cause: failure, next: "stop" }
  }
}

/**
 * An attempt with `environment`, but in a scope of its own, which is closed at once when it fails and lives as long as the
 * outer one otherwise.
 */
const inOwnScope = <A, E>(
  environment: Context.Context<ConnectServices>,
  attempt: (environment: Context.Context<ConnectServices>) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => {
    const outer = Context.get(environment, Scope.Scope)
    return Effect.flatMap(Scope.fork(outer, outer.strategy), (scope) =>
      Effect.onError(restore(attempt(Context.add(environment, Scope.Scope, scope))), () =>
        Scope.close(scope, Exit.void)
      )
    )
  })

/** The error for all attempts that failed. */
class Attempts {
  readonly list: Array<ConnectAttempt> = []
  private refusal: PgAuthError | undefined

  add(address: string, phase: ConnectAttempt["phase"], cause: Failed["cause"]): void {
    if (cause._tag === "PgConfigError") return
    if (cause._tag !== "PgAuthError") {
      this.list.push({ address, phase, cause })
      return
    }
    // Of two refusals that of the password helps more than that of the channel.
    if (this.refusal?.server?.code !== "28P01" || cause.server?.code === "28P01") this.refusal = cause
    if (cause.server !== undefined) {
      this.list.push({ address, phase, cause: new PgServerError({ ...cause.server, sql: "" }) })
    }
  }

  /** The error of an attempt after which no other is made. */
  final(cause: Failed["cause"]): PgOpenError {
    if (cause._tag === "PgConfigError") return cause
    return cause._tag === "PgAuthError" ? (this.refusal ?? cause) : this.exhausted
  }

  get exhausted(): PgConnectError {
    return new PgConnectError({ attempts: this.list })
  }
}

const labelOf = (entry: HostEntry, address: Address): string => {
  const where = describe(address)
  return address._tag === "Unix" || entry.host === "" || entry.host === address.host
    ? where
    : `${where} (${entry.host})`
}

/** All ways to one address, within its deadline. Left: what comes next. */
const atAddress = (
  host: Plan.PlannedHost,
  target: Attempt.HostTarget,
  address: Address,
  attempts: Attempts,
  environment: Context.Context<ConnectServices>
): Effect.Effect<Either.Either<ConnectionState, Next>, PgOpenError> => {
  const label = labelOf(host.entry, address)
  const { connectTimeout } = target.config
  const by = (
    ways: ReadonlyArray<Encrypt.ChannelKind>,
    deadline: ConnectDeadline
  ): Effect.Effect<Either.Either<ConnectionState, Next>, PgOpenError> => {
    const progress: Attempt.Progress = { phase: "socket", way: 0, bound: false }
    const attempt = Attempt.open(target, address, ways, progress)
    const outcome = inOwnScope(environment, (own) => deadline.within(attempt, own))
    return Effect.matchEffect(outcome, {
      onSuccess: (core) => Effect.succeed(Either.right(core)),
      onFailure: (failure) => {
        const { cause, next } = judge(failure, progress)
        if (cause._tag === "PgAuthError" && target.tokens?.canRenew === true) {
          return Effect.flatMap(renew(target, cause), () =>
            by(ways.slice(progress.way), new ConnectDeadline(connectTimeout, label))
          )
        }
        attempts.add(label, progress.phase, cause)
        const left = ways.slice(progress.way + 1)
        if (next === "way" && left.length > 0) return by(left, deadline)
        return next === "way" || next === "stop"
          ? Effect.fail(attempts.final(cause))
          : Effect.succeed(Either.left(next))
      }
    })
  }
  return by(host.ways, new ConnectDeadline(connectTimeout, label))
}

/** Another token, had while no connection is open: that may take as long as a person needs to log in somewhere. */
const renew = (target: Attempt.HostTarget, refused: PgAuthError): Effect.Effect<void, PgAuthError> =>
  Effect.mapError(target.tokens?.renew ?? Effect.void, (refusal) => {
    const { detail, method, reason } = refusal
    return new PgAuthError({ reason, method, detail, user: refused.user, server: refused.server })
  })

const addressesOf = (
  planned: Plan.PlannedHost,
  plan: Plan.ConnectPlan,
  host: HostService
): Effect.Effect<ReadonlyArray<Address>, ConnectAttempt["cause"]> => {
  const deadline = new ConnectDeadline(plan.config.connectTimeout, planned.entry.host)
  return Effect.flatMap(
    deadline.within(HostList.addressesOf(planned.entry, plan.resolve), Context.empty()),
    (addresses) => Plan.inOrder(plan.config, addresses, host)
  )
}

/**
 * Opens one session. Interrupting abandons the attempt under way and frees its socket. Closing the scope sends Terminate
 * and closes the socket.
 *
 * An address gets `connectTimeout` for socket, encryption and login together, however many ways to it are tried.
 * Fails with `PgConfigError` before any socket is opened; with `PgAuthError` when the server refuses the login or does
 * not prove what the settings require, which no other host is asked after; else with `PgConnectError`, which lists every
 * attempt.
 */
export const connect = (
  unresolved: PgConfig,
  session: SessionSettings,
  options: ConnectOptions = {},
  cache: Plan.ConnectCache = new Plan.ConnectCache()
): Effect.Effect<ConnectionState, PgOpenError, ConnectServices> =>
  Effect.contextWithEffect((environment: Context.Context<ConnectServices>) =>
    connectIn(environment, unresolved, session, options, cache)
  )

/** What is known of the server before it is reached. */
const target = ({ database, hosts, user }: PgConfig): Readonly<Record<string, unknown>> => ({
  "db.namespace": database ?? user ?? "",
  "server.address": hosts.map(({ host, hostaddr }) => (host === "" ? (hostaddr ?? "") : host)).join(","),
  ...(hosts.length === 1 ? { "server.port": hosts[0].port } : {})
})

const inSpan = <A, E, R>(
  opening: Effect.Effect<A, E, R>,
  _environment: unknown,
  config: PgConfig
): Effect.Effect<A, E, R> => traced("PgConnection.connect", () => target(config))(opening)

/** `connect` with what it needs as a value, and with what the openings before it have left to be used again. */
export const connectIn = Effect.fnUntraced(function* (
  environment: Context.Context<ConnectServices>,
  unresolved: PgConfig,
  session: SessionSettings,
  options: ConnectOptions,
  cache: Plan.ConnectCache
): Effect.fn.Return<ConnectionState, PgOpenError> {
  const host = Context.get(environment, Host)
  const plan = yield* Plan.make(unresolved, options, host, cache)
  const attempts = new Attempts()
  for (const wanted of Role.passes(plan.config.targetSessionAttrs)) {
    for (const planned of plan.hosts) {
      const found = yield* Effect.either(addressesOf(planned, plan, host))
      if (Either.isLeft(found)) {
        attempts.add(planned.entry.host, "resolve", found.left)
        continue
      }
      const target = Plan.targetOf(plan, planned, session, wanted)
      for (const address of found.right) {
        const outcome = yield* atAddress(planned, target, address, attempts, environment)
        if (Either.isRight(outcome)) return outcome.right
        if (outcome.left === "host") break
      }
    }
  }
  return yield* Effect.fail(attempts.exhausted)
}, inSpan)
