/**
 * From a configuration to an open session: each host in turn, each within its own deadline, and in the end an error
 * that lists every attempt. Connecting sends no SQL of our own: a walsender and a pooler must be able to answer.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { HostEntry, PgConfig } from "../config/PgConfig.js"
import type { ResolvedPgConfig } from "../config/Resolve.js"
import type { Host } from "../host/Host.js"
import { PgClosedError, PgConfigError, PgConnectError, PgTimeoutError } from "../model/PgError.js"
import type { ConnectAttempt, ConnectPhase, PgOpenError, PgAuthError } from "../model/PgError.js"
import type { Address, Link } from "../net/Transport.js"
import { Transport } from "../net/Transport.js"
import type { Registry } from "../types/Registry.js"
import * as FrameLimits from "../wire/FrameLimits.js"
import { Framer } from "../wire/Framer.js"
import * as Preset from "../wire/Preset.js"
import * as Cancel from "./Cancel.js"
import { Conversation } from "./Conversation.js"
import { breakOff, Core } from "./Core.js"
import * as Inbound from "./Inbound.js"
import * as Outbound from "./Outbound.js"
import * as Settings from "./Settings.js"
import * as SideChannels from "./SideChannels.js"
import * as Startup from "./Startup.js"
import { StatementCache } from "./StatementCache.js"

/** Where a host entry leads. */
export const addressOf = (entry: HostEntry): Address => {
  if (entry.hostaddr !== undefined) return { _tag: "Tcp", host: entry.hostaddr, port: entry.port }
  const file = `.s.PGSQL.${entry.port}`
  if (entry.host.startsWith("/")) return { _tag: "Unix", path: `${entry.host.replace(/\/+$/, "")}/${file}` }
  if (entry.host.startsWith("@")) return { _tag: "Unix", path: `\0${entry.host.slice(1)}/${file}` }
  return { _tag: "Tcp", host: entry.host === "" ? "localhost" : entry.host, port: entry.port }
}

const nameOf = (address: Address): string =>
  address._tag === "Tcp" ? `${address.host}:${address.port}` : address.path.replace("\0", "@")

type Failure = ConnectAttempt["cause"] | PgAuthError | PgConfigError

/** Gives a session over a fresh link, or the reason why not, and how far it came. */
const attempt = (
  config: ResolvedPgConfig,
  entry: HostEntry,
  registry: Registry,
  onPhase: (phase: ConnectPhase) => void
): Effect.Effect<Core, Failure, Scope.Scope | Transport | Host> =>
  Effect.gen(function* () {
    const transport = yield* Transport
    const address = addressOf(entry)
    const limits = FrameLimits.make({ maxMessage: config.maxMessageBytes })
    onPhase("socket")
    const link: Link = yield* transport.open(address)
    const side = yield* SideChannels.make
    const framer = new Framer(limits.startup)
    const conversation = new Conversation(link, framer)
    const started = yield* Startup.run({
      conversation,
      config,
      credentials: { user: config.user, password: config.password ?? entry.password },
      limits,
      side,
      onPhase
    })
    const core = new Core({
      link,
      framer,
      facts: { address, ...started },
      registry,
      statements: new StatementCache(config.statementCacheSize),
      side,
      pipelineDepth: config.pipelineDepth,
      streamBufferBytes: config.streamBufferBytes,
      sendCancel: Cancel.send(transport)
    })
    link.listen({
      onData: (chunk) => Inbound.receive(core, chunk),
      onDrain: () => Outbound.drained(core),
      onEnd: (failure) => Inbound.ended(core, failure)
    })
    Inbound.drain(core)
    yield* Effect.addFinalizer(() => Effect.sync(() => goodbye(core)))
    return core
  })

/** Terminate, then the end of the stream; whoever still waits is told that the connection was closed. */
const goodbye = (core: Core): void => {
  if (core.ended !== undefined) return
  Preset.terminate(core.writer)
  Outbound.flush(core)
  core.link.end()
  breakOff(
    core,
    new PgClosedError({
      reason: "the connection's scope was closed",
      sent: false,
      server: undefined,
      sql: ""
    })
  )
}

/** Refuses settings that this transport cannot honour: nothing weaker than what was asked for is accepted. */
const checkSettings = (config: PgConfig): Effect.Effect<void, PgConfigError> => {
  const overTcp = config.hosts.some((entry) => addressOf(entry)._tag === "Tcp")
  if (overTcp && ["require", "verify-ca", "verify-full"].includes(config.sslMode)) {
    return Effect.fail(
      new PgConfigError({
        key: "sslmode",
        reason: `${config.sslMode} asks for TLS, which this version does not speak yet; prefer, allow and disable connect without it`,
        source: "code"
      })
    )
  }
  return Effect.void
}

const isFinal = (failure: Failure): failure is PgAuthError | PgConfigError =>
  failure._tag === "PgAuthError" || failure._tag === "PgConfigError"

/**
 * Opens one session. Interrupting abandons the attempt under way and frees its socket. Closing the scope says goodbye
 * and hangs up.
 */
export const connect = Effect.fn("PgConnection.connect")(function* (
  unresolved: PgConfig,
  registry: Registry
): Effect.fn.Return<Core, PgOpenError, Scope.Scope | Transport | Host> {
  const config = yield* Settings.resolve(unresolved)
  yield* checkSettings(config)
  const attempts: Array<ConnectAttempt> = []
  const outer = yield* Effect.scope
  for (const entry of config.hosts) {
    let phase: ConnectPhase = "socket"
    const result = yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const scope = yield* Scope.fork(outer, outer.strategy)
        const tried = attempt(config, entry, registry, (reached) => {
          phase = reached
        }).pipe(Scope.extend(scope), withDeadline(config.connectTimeout, nameOf(addressOf(entry))))
        const outcome = yield* Effect.exit(Effect.either(restore(tried)))
        if (Exit.isSuccess(outcome) && Either.isRight(outcome.value)) return outcome.value
        yield* Scope.close(scope, Exit.void)
        return yield* outcome
      })
    )
    if (Either.isRight(result)) return result.right
    const failure: Failure = result.left
    if (isFinal(failure)) return yield* Effect.fail(failure)
    attempts.push({ address: nameOf(addressOf(entry)), phase, cause: failure })
  }
  return yield* Effect.fail(new PgConnectError({ attempts }))
})

const withDeadline =
  (deadline: Duration.Duration, address: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | PgTimeoutError, R> =>
    Duration.isFinite(deadline)
      ? Effect.timeoutFail(effect, {
          duration: deadline,
          onTimeout: () =>
            new PgTimeoutError({
              deadline: "connect",
              millis: Duration.toMillis(deadline),
              sent: false,
              during: `connecting to ${address}`
            })
        })
      : effect
