/**
 * A PostgreSQL server as a value: for every connection a script of what it expects, what it sends, and how it cuts and
 * ends the stream. What the client does otherwise fails the connection with a report, and `done` fails with it too.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { TransportFailure } from "../model/PgError.js"
import type { Address } from "../net/Transport.js"
import { Transport } from "../net/Transport.js"
import type { FrontendMessage } from "../wire/FrontendMessage.js"
import type { ClientState, Counts, ServerEnd } from "./MemoryTransport.js"
import * as MemoryTransport from "./MemoryTransport.js"
import { showMessage } from "./ScriptedServerDiff.js"
import { Conversation, ScriptMismatch, type Hooks } from "./ScriptedServerRun.js"
import type { Script, Step } from "./ScriptedServerStep.js"

export type { FieldPattern, MessageNamed, PatternOf } from "./ScriptedServerDiff.js"
export * from "./ScriptedServerFragment.js"
export { ScriptMismatch } from "./ScriptedServerRun.js"
export * from "./ScriptedServerStep.js"

/** A connection that is refused: the attempt fails, and no byte is exchanged. */
export interface RefusedConnection {
  readonly _tag: "Refuse"
  readonly failure: TransportFailure
}

/** Refuses the next connection, by default with `ECONNREFUSED`. */
export const refuse = (failure: TransportFailure = refused): RefusedConnection => ({
  _tag: "Refuse",
  failure
})

const refused: TransportFailure = {
  _tag: "TransportFailure",
  code: "ECONNREFUSED",
  message: "connection refused (ECONNREFUSED)"
}

/** Code of the failure a client gets when it did not do what the script expects; the message is the report. */
export const scriptMismatch = "EFFECT_POSTGRES_SCRIPT"

/** A request to cancel, as it came. */
export interface RecordedCancel {
  readonly processId: number
  readonly secretKey: Uint8Array
  /** The whole packet. */
  readonly bytes: Uint8Array
}

/** How a connection stands. */
export interface Connection {
  readonly address: Address
  /** Number of its script, from 1; 0 for one that had none, such as that of a CancelRequest. */
  readonly script: number
  /** The messages read so far. */
  readonly received: ReadonlyArray<FrontendMessage>
  readonly counts: Counts
  readonly client: ClientState
}

/** How the server behaves beside its script. */
export interface Options {
  /** What is done with a CancelRequest before its connection is closed; nothing, unless set. */
  readonly onCancel?: (cancel: RecordedCancel) => Effect.Effect<void>
  /** Untaken bytes from which on the client's `write` answers false. Default 65,536. */
  readonly sendBuffer?: number
}

/** What a test holds of the server. */
export interface Server {
  readonly transport: Transport["Type"]
  /** The connections, in the order they were opened. */
  readonly connections: () => ReadonlyArray<Connection>
  readonly cancels: () => ReadonlyArray<RecordedCancel>
  /**
   * Succeeds when every script has run to its end and no client did anything else; waits only as long as something
   * goes on in memory, so a client that waits for real time or for the clock must be awaited before.
   */
  readonly done: Effect.Effect<void, ScriptMismatch>
}

/** The scripted server as a service, for tests that take their transport from a layer. */
export class ScriptedServer extends Context.Tag("effect-postgres/testing/ScriptedServer")<
  ScriptedServer,
  Server
>() {}

/** Turns without any progress after which nothing more is to be expected. */
const quietTurns = 100

const firstStep = (script: Script): Step | undefined => {
  for (const part of script) {
    const first = "_tag" in part ? part : firstStep(part)
    if (first !== undefined) return first
  }
  return undefined
}

/**
 * A server that gives the first connection the first script, and so on.
 *
 * A script that begins by expecting something is given to the connection whose first packet comes next; when that packet
 * is a CancelRequest and the script expects another, the request is recorded, the connection closed and the script kept
 * for the next one. Servers run in the scope and end with it.
 */
export const make = (
  scripts: ReadonlyArray<Script | RefusedConnection>,
  options: Options = {}
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function* () {
    const entries: Array<{ readonly address: Address; readonly conversation: Conversation }> = []
    const failures: Array<ScriptMismatch> = []
    const cancels: Array<RecordedCancel> = []
    const cancelTokens = yield* Effect.makeSemaphore(0)
    let next = 0
    let progress = 0

    const hooks: Hooks = {
      progress: () => {
        progress++
      },
      cancelRequested: ({ processId, secretKey }, bytes) => {
        cancels.push({ processId, secretKey, bytes })
        Effect.runSync(cancelTokens.release(1))
      },
      nextCancel: Effect.asVoid(cancelTokens.take(1))
    }

    const play = (conversation: Conversation, script: Script): Effect.Effect<void, ScriptMismatch> => {
      conversation.script = ++next
      return conversation.play(script)
    }

    const converse = (conversation: Conversation): Effect.Effect<void, ScriptMismatch> => {
      const upcoming = scripts[next]
      const first = upcoming === undefined || "_tag" in upcoming ? undefined : firstStep(upcoming)
      if (first !== undefined && first._tag !== "Expect") return play(conversation, upcoming as Script)
      return Effect.flatMap(conversation.peek(), (message) => {
        // Another connection may have taken the script while this one was silent.
        const script = scripts[next]
        const wanted = script === undefined || "_tag" in script ? undefined : firstStep(script)
        const wantsCancel = wanted?._tag === "Expect" && wanted.name === "CancelRequest"
        const cancel = cancels.at(-1)
        if (message?._tag === "CancelRequest" && !wantsCancel && cancel !== undefined) {
          conversation.finished = true
          return Effect.zipRight(
            options.onCancel?.(cancel) ?? Effect.void,
            Effect.sync(conversation.server.hangUp)
          )
        }
        if (script === undefined || "_tag" in script) {
          return message === undefined
            ? Effect.void
            : Effect.fail(
                conversation.mismatch(`no script is left for a connection that sends ${showMessage(message)}`)
              )
        }
        return play(conversation, script)
      })
    }

    const serve =
      (address: Address) =>
      (server: ServerEnd): Effect.Effect<void> => {
        const conversation = new Conversation(server, hooks)
        entries.push({ address, conversation })
        return Effect.catchAll(converse(conversation), (mismatch) =>
          Effect.sync(() => {
            failures.push(mismatch)
            progress++
            server.reset({ _tag: "TransportFailure", code: scriptMismatch, message: mismatch.message })
          })
        )
      }

    const transport = yield* MemoryTransport.transport(
      (address) =>
        Effect.suspend(() => {
          const upcoming = scripts[next]
          if (upcoming === undefined || !("_tag" in upcoming)) return Effect.succeed(serve(address))
          next++
          return Effect.fail(upcoming.failure)
        }),
      options.sendBuffer === undefined ? {} : { sendBuffer: options.sendBuffer }
    )

    const quiet = Effect.gen(function* () {
      let seen = progress
      for (let turns = 0; turns < quietTurns; turns++) {
        yield* Effect.yieldNow()
        if (progress !== seen) turns = 0
        seen = progress
      }
    })

    const verdict = Effect.suspend((): Effect.Effect<void, ScriptMismatch> => {
      const failure = failures[0]
      if (failure !== undefined) return Effect.fail(failure)
      const unfinished = entries.find(({ conversation }) => conversation.script > 0 && !conversation.finished)
      if (unfinished !== undefined) {
        const { conversation } = unfinished
        return Effect.fail(
          conversation.mismatch(`the script has not come to its end: it stands at ${conversation.at}`)
        )
      }
      if (next >= scripts.length) return Effect.void
      return Effect.fail(new ScriptMismatch({ script: next + 1, report: "no connection was opened for it" }))
    })

    return {
      transport,
      connections: () =>
        entries.map(({ address, conversation }) => ({
          address,
          script: conversation.script,
          received: [...conversation.received],
          counts: conversation.server.counts(),
          client: conversation.server.client()
        })),
      cancels: () => [...cancels],
      done: Effect.zipRight(quiet, verdict)
    }
  })

/** The server, and the transport that leads to it. */
export const layer = (
  scripts: ReadonlyArray<Script | RefusedConnection>,
  options: Options = {}
): Layer.Layer<Transport | ScriptedServer> =>
  Layer.scopedContext(
    Effect.map(make(scripts, options), (server) =>
      Context.make(ScriptedServer, server).pipe(Context.add(Transport, server.transport))
    )
  )
