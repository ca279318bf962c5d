/**
 * From a configuration to an open session: each host in turn, each of its addresses within its own deadline, each way of
 * encrypting that the settings allow, and in the end an error that lists every attempt. Connecting sends no SQL of our
 * own unless `target_session_attrs` cannot be decided without it: a walsender and a pooler must be able to answer.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { HostEntry, PgConfig } from "../config/PgConfig.js"
import type { Host } from "../host/Host.js"
import { PgAuthError, PgConnectError, PgServerError, PgTimeoutError } from "../model/PgError.js"
import type { ConnectAttempt, PgConfigError, PgOpenError } from "../model/PgError.js"
import { describe } from "../net/Address.js"
import * as HostList from "../net/HostList.js"
import type { Address, Transport } from "../net/Transport.js"
import type { Registry } from "../types/Registry.js"
import * as Attempt from "./Attempt.js"
import type { ConnectOptions } from "./ConnectOptions.js"
import type { Core } from "./Core.js"
import * as Plan from "./ConnectPlan.js"
import * as Role from "./Role.js"

type Environment = Scope.Scope | Transport | Host

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

/** Runs in a scope of its own, which is closed at once when it fails and lives as long as the outer one otherwise. */
const inOwnScope = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const outer = yield* Effect.scope
      const scope = yield* Scope.fork(outer, outer.strategy)
      const exit = yield* Effect.exit(restore(Scope.extend(effect, scope)))
      if (Exit.isFailure(exit)) yield* Scope.close(scope, Exit.void)
      return yield* exit
    })
  )

/** The deadline of one address, shared by all ways to it. */
class Deadline {
  private constructor(
    private readonly limit: Duration.Duration,
    private readonly address: string,
    private readonly from: number
  ) {}

  static start = (limit: Duration.Duration, address: string): Effect.Effect<Deadline> =>
    Effect.map(Clock.currentTimeMillis, (now) => new Deadline(limit, address, now))

  within<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | PgTimeoutError, R> {
    if (!Duration.isFinite(this.limit)) return effect
    const millis = Duration.toMillis(this.limit)
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.timeoutFail(effect, {
        duration: Math.max(0, this.from + millis - now),
        onTimeout: () =>
          new PgTimeoutError({
            deadline: "connect",
            millis,
            sent: false,
            during: `connecting to ${this.address}`
          })
      })
    )
  }
}

/** What there is to say about everything that failed. */
class Attempts {
  readonly list: Array<ConnectAttempt> = []
  private refusal: PgAuthError | undefined

  add(address: string, phase: ConnectAttempt["phase"], cause: Failed["cause"]): void {
    if (cause._tag === "PgConfigError") return
    if (cause._tag !== "PgAuthError") {
      this.list.push({ address, phase, cause })
      return
    }
    // Of two refusals the one of the password says more than the one of the channel.
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
  target: Attempt.Target,
  address: Address,
  attempts: Attempts
): Effect.Effect<Either.Either<Core, Next>, PgOpenError, Environment> =>
  Effect.gen(function* () {
    const label = labelOf(host.entry, address)
    let deadline = yield* Deadline.start(target.config.connectTimeout, label)
    let ways = host.ways
    for (;;) {
      const progress: Attempt.Progress = { phase: "socket", way: 0, bound: false }
      const outcome = yield* Effect.either(
        inOwnScope(deadline.within(Attempt.open(target, address, ways, progress)))
      )
      if (Either.isRight(outcome)) return Either.right(outcome.right)
      const { cause, next } = judge(outcome.left, progress)
      if (cause._tag === "PgAuthError" && target.tokens?.canRenew === true) {
        yield* renew(target, cause)
        ways = ways.slice(progress.way)
        deadline = yield* Deadline.start(target.config.connectTimeout, label)
        continue
      }
      attempts.add(label, progress.phase, cause)
      ways = ways.slice(progress.way + 1)
      if (next === "way" && ways.length > 0) continue
      if (next === "way" || next === "stop") return yield* Effect.fail(attempts.final(cause))
      return Either.left(next)
    }
  })

/** Another token, had while no connection is open: that may take as long as a person needs to log in somewhere. */
const renew = (target: Attempt.Target, refused: PgAuthError): Effect.Effect<void, PgAuthError> =>
  Effect.mapError(target.tokens?.renew ?? Effect.void, (refusal) => {
    const { detail, method, reason } = refusal
    return new PgAuthError({ reason, method, detail, user: refused.user, server: refused.server })
  })

const addressesOf = (
  host: Plan.PlannedHost,
  plan: Plan.Plan
): Effect.Effect<ReadonlyArray<Address>, ConnectAttempt["cause"], Host> =>
  Effect.gen(function* () {
    const deadline = yield* Deadline.start(plan.config.connectTimeout, host.entry.host)
    const addresses = yield* deadline.within(HostList.addressesOf(host.entry, plan.resolve))
    return yield* Plan.inOrder(plan.config, addresses)
  })

/**
 * Opens one session. Interrupting abandons the attempt under way and frees its socket. Closing the scope says goodbye
 * and hangs up.
 *
 * An address gets `connectTimeout` for socket, encryption and login together, however many ways to it are tried.
 * Fails with `PgConfigError` before any socket is opened; with `PgAuthError` when the server refuses the login or does
 * not prove what the settings require, which no other host is asked after; else with `PgConnectError`, which lists every
 * attempt.
 */
export const connect = Effect.fn("PgConnection.connect")(function* (
  unresolved: PgConfig,
  registry: Registry,
  options: ConnectOptions = {}
): Effect.fn.Return<Core, PgOpenError, Environment> {
  const plan = yield* Plan.make(unresolved, options)
  const attempts = new Attempts()
  for (const wanted of Role.passes(plan.config.targetSessionAttrs)) {
    for (const host of plan.hosts) {
      const found = yield* Effect.either(addressesOf(host, plan))
      if (Either.isLeft(found)) {
        attempts.add(host.entry.host, "resolve", found.left)
        continue
      }
      const target = Plan.targetOf(plan, host, registry, wanted)
      for (const address of found.right) {
        const outcome = yield* atAddress(host, target, address, attempts)
        if (Either.isRight(outcome)) return outcome.right
        if (outcome.left === "host") break
      }
    }
  }
  return yield* Effect.fail(attempts.exhausted)
})
