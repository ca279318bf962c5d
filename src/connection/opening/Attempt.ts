/** One attempt: a link to an address, encrypted, logged in, of the wanted role, and running as a connection. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import type { ResolvedPgConfig } from "../../config/Resolve.js"
import { Host } from "../../host/Host.js"
import type {
  ConnectAttempt,
  ConnectPhase,
  PgAuthError,
  PgConfigError,
  TransportFailure
} from "../../model/PgError.js"
import * as SystemFailure from "../../net/SystemFailure.js"
import type { Address, Link } from "../../net/Transport.js"
import { Transport } from "../../net/Transport.js"
import type { PhaseLimits } from "../../wire/FrameLimits.js"
import { Framer } from "../../wire/Framer.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import * as Cancel from "../session/Cancel.js"
import type { CredentialSource } from "./ConnectOptions.js"
import { Conversation } from "../session/Conversation.js"
import { breakOff, scopeClosed } from "../session/ConnectionEnd.js"
import type { SessionSettings } from "../session/ConnectionState.js"
import { ConnectionState } from "../session/ConnectionState.js"
import * as Credentials from "./Credentials.js"
import * as Encrypt from "./Encrypt.js"
import * as Inbound from "../session/Inbound.js"
import * as Liveness from "../statement/Liveness.js"
import * as Outbound from "../session/Outbound.js"
import * as Probe from "./Probe.js"
import * as Role from "./Role.js"
import * as SideChannels from "../session/SideChannels.js"
import * as Startup from "./Startup.js"
import { StatementCache } from "../session/StatementCache.js"
import type { Tokens } from "./Tokens.js"

/** What all attempts at one host have in common. */
export interface HostTarget {
  readonly config: ResolvedPgConfig
  readonly means: Encrypt.HostEncryption
  readonly session: SessionSettings
  /** How long the server's messages may be. */
  readonly limits: PhaseLimits
  readonly credentials: CredentialSource | undefined
  readonly tokens: Tokens | undefined
  readonly wanted: Role.WantedRole
  readonly silence: Liveness.SilenceLimits
}

/** How far an attempt has come. */
export interface Progress {
  phase: ConnectPhase
  /** Index of the way that was tried last. */
  way: number
  /** Whether the login was bound to the channel: without it none is tried then. */
  bound: boolean
}

export type AttemptFailure = ConnectAttempt["cause"] | PgAuthError | PgConfigError | Encrypt.EncryptFailure

/** Once a session is open its other connections go where it went, and are encrypted as it is. */
const openBeside = (
  transport: Transport["Type"],
  address: Address,
  way: Encrypt.ChannelKind,
  means: Encrypt.HostEncryption
): Effect.Effect<Link, TransportFailure, Scope.Scope> =>
  Effect.flatMap(transport.open(address), (link) =>
    Encrypt.establish(link, [way], means, () => {}).pipe(
      Effect.map((channel) => channel.link),
      Effect.mapError(({ cause }) =>
        cause._tag === "TransportFailure" ? cause : SystemFailure.make("", cause.message)
      )
    )
  )

/** How long a second connection may take to open before the address counts as unreachable. */
const longestProbe = Duration.seconds(10)

/**
 * Opens a session over a fresh link by the first of `ways` that the link allows. Everything is freed with the scope,
 * which must be closed when it fails.
 */
export const open = (
  target: HostTarget,
  address: Address,
  ways: ReadonlyArray<Encrypt.ChannelKind>,
  progress: Progress
): Effect.Effect<ConnectionState, AttemptFailure, Scope.Scope | Transport | Host> =>
  Effect.gen(function* () {
    const { config, limits, means, tokens, wanted } = target
    const onPhase = (phase: ConnectPhase): void => {
      progress.phase = phase
    }
    // Services by hand: each that is asked for by an effect is a step of its own.
    const runtime = yield* Effect.runtime<Scope.Scope | Transport | Host>()
    const transport = Context.get(runtime.context, Transport)
    onPhase("socket")
    const bare = yield* transport.open(address)
    onPhase("encryption")
    const channel = yield* Encrypt.establish(bare, ways, means, (way) => {
      progress.way = way
    })
    onPhase("authentication")
    const credentials = yield* Credentials.forAttempt(target.credentials, config, means.entry)
    const side = SideChannels.make(runtime, target.session.shutdowns)
    const framer = new Framer(limits.startup)
    const clock = Context.get(
      FiberRefs.getOrDefault(runtime.fiberRefs, DefaultServices.currentServices),
      Clock.Clock
    )
    const link = target.session.trace?.(channel.link, clock) ?? channel.link
    const conversation = new Conversation(link, framer)
    const started = yield* Startup.run({
      conversation,
      config,
      credentials,
      entry: means.entry,
      encryption: channel.encryption,
      local: address._tag === "Unix",
      gss: means.gss,
      tokens,
      limits,
      side,
      onPhase,
      onBound: () => {
        progress.bound = true
      }
    })
    if (wanted !== "any") {
      yield* Effect.tapError(
        Role.check(wanted, conversation, side, target.session.roleReports.areBelieved),
        () => Effect.sync(() => farewell(conversation))
      )
    }
    // Behind a transaction pooler names meet those of other sessions, of any process: 64 random bits keep them apart.
    const random = yield* Context.get(runtime.context, Host).randomBytes(8)
    const core = new ConnectionState({
      link,
      framer,
      writer: conversation.writer,
      facts: { host: means.entry.host, address, encryption: channel.encryption, ...started },
      ...target.session,
      statements: new StatementCache(config.statementCacheSize, namePrefix(random)),
      side,
      pipelineDepth: config.pipelineDepth,
      streamBufferBytes: config.streamBufferBytes,
      sendCancel: Cancel.send(openBeside(transport, address, channel.way, means)),
      fork: Runtime.runFork(runtime),
      clock,
      probe: Liveness.probing(
        config.sslNegotiation === "direct" && channel.way === "tls"
          ? Probe.shakingHands(openBeside(transport, address, channel.way, means))
          : Probe.answering(transport.open(address)),
        address,
        longestProbe
      ),
      probeAfter: target.silence.probeAfter,
      statementTimeout: config.statementTimeout,
      fitsRole: wanted === "any" ? undefined : () => Role.fits(wanted, side),
      roleQuestion: wanted === "any" ? undefined : Role.question(wanted)
    })
    if (side.find("server_encoding") === "SQL_ASCII") core.types.checkText()
    link.listen({
      onData: (chunk) => Inbound.receive(core, chunk),
      onDrain: () => Outbound.drained(core),
      onEnd: (failure) => Inbound.ended(core, failure)
    })
    Inbound.drain(core)
    // Not by `Effect.addFinalizer`, which puts back every FiberRef around a finalizer: most of the price of closing.
    yield* Scope.addFinalizer(
      Context.get(runtime.context, Scope.Scope),
      goodbye(core, config.replication === undefined)
    )
    yield* Liveness.watch(core, target.silence)
    return core
  })

/** How the names of a session's statements and portals begin. */
const namePrefix = (random: Uint8Array): string => {
  let prefix = "ep_"
  for (const byte of random) prefix += byte.toString(16).padStart(2, "0")
  return `${prefix}_`
}

/** A session that is not wanted is left as politely as any other. */
const farewell = (conversation: Conversation): void => {
  conversation.send({ _tag: "Terminate" })
  conversation.link.end()
}

/**
 * Terminate, then the end of the stream; requests that still wait fail, because the connection was closed. A statement that is under way is
 * cancelled first, where `cancels`: the server reads Terminate, and notices a lost client, only between statements.
 */
const goodbye = (core: ConnectionState, cancels: boolean): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (core.ended !== undefined) return Effect.void
    const isWorking = cancels && core.session.owner?.isStopped === false
    // The owner has ended it: that is no failure of the streams of notices and notifications.
    core.side.end()
    if (!isWorking) {
      terminate(core)
      breakOff(core, scopeClosed)
      return Effect.void
    }
    core.writer.rollback(0)
    breakOff(core, scopeClosed, () => {})
    return Effect.map(Cancel.tell(core), () => {
      terminate(core)
      core.link.destroy()
    })
  })

const terminate = (core: ConnectionState): void => {
  FixedFrames.terminate(core.writer)
  core.link.write(core.writer.detach())
  core.link.end()
}
