/** A connector for tests of the pool: a test sets how its sessions are and holds up or fails what they do. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { ConnectionStatus, PgConnection } from "../../../src/connection/PgConnection.js"
import * as SharedSession from "../../../src/connection/SharedSession.js"
import type { ConnectionState, Request } from "../../../src/connection/session/ConnectionState.js"
import type { PgConnector } from "../../../src/connection/PgConnector.js"
import { PgClosedError, PgConnectError } from "../../../src/model/PgError.js"
import type { PgSessionError } from "../../../src/model/PgError.js"
import { lossless } from "../../../src/types/Registry.js"

export const refused = new PgConnectError({ attempts: [] })

export const lost = new PgClosedError({ reason: "lost", sent: true, server: undefined, sql: "" })

/** The statements of a session that have not been answered, and those of them whose fibers have gone. */
interface Wire {
  running: number
  readonly unwanted: Set<Fiber.RuntimeFiber<unknown, unknown>>
}

export const fakeConnector = (maxConnections: number) => {
  const states = new Map<PgConnection, ConnectionStatus["state"]>()
  const transactions = new Map<PgConnection, ConnectionStatus["transaction"]>()
  const wires = new Map<PgConnection, Wire>()
  const closed: Array<PgConnection> = []
  const log: Array<string> = []
  const control = {
    opening: Effect.void as Effect.Effect<void, PgConnectError>,
    /** What a text of the simple protocol does, such as the question whether the server answers. */
    answering: Effect.void as Effect.Effect<void, PgSessionError>,
    /** The results of each text. */
    results: [] as ReadonlyArray<never>,
    /** Openings that have begun, and those that have succeeded. */
    begun: 0,
    opened: 0,
    /** Sessions whose server no longer has the role that was asked for. */
    unfit: new Set<PgConnection>(),
    /** What a fiber does before its single statement is written. */
    sending: Effect.void as Effect.Effect<void>,
    /** Called when a single statement begins. */
    onStatement: (_: PgConnection): void => {},
    /** Whether the pool may send statements of several calls on one session. */
    isShareable: false,
    /** Sessions that have the role by what they report, and whose servers have refused a write. */
    refused: new Set<PgConnection>(),
    /** How sessions are asked for their role that do not report it. */
    roleQuestion: undefined as SharedSession.SharedSession["roleQuestion"],
    /** Sessions whose statements can have changed something for the next user. */
    changed: new Set<PgConnection>()
  }
  const session = (runtime: Runtime.Runtime<never>): PgConnection => {
    const processId = ++control.opened
    const ask = (sql: string): Effect.Effect<ReadonlyArray<never>, PgSessionError> =>
      Effect.suspend(() => {
        log.push(`${processId}: ${sql}`)
        if (sql === "rollback") {
          transactions.set(connection, "I")
          states.set(connection, "clean")
        }
        return Effect.map(control.answering, () => control.results)
      })
    const connection: PgConnection = {
      facts: { processId },
      status: Effect.sync(() => ({
        state: states.get(connection),
        fits: !control.unfit.has(connection),
        changed: control.changed.has(connection),
        inFlight: 0,
        transaction: transactions.get(connection) ?? "I",
        statement: undefined
      })),
      simple: ask,
      reset: (what: string) =>
        Effect.tap(ask(`reset ${what}`), () => Effect.sync(() => control.changed.delete(connection))),
      query: (statement: { readonly sql: string }) =>
        Effect.suspend(() => {
          if (statement.sql === "select") control.onStatement(connection)
          return ask(statement.sql)
        })
    } as unknown as PgConnection
    states.set(connection, "clean")
    if (control.isShareable) share(connection, ask, runtime)
    return connection
  }
  /** Single statements of many fibers, each answered by itself; one whose fiber has gone stays on the wire until it is answered. */
  const share = (
    connection: PgConnection,
    ask: (sql: string) => Effect.Effect<ReadonlyArray<never>, PgSessionError>,
    runtime: Runtime.Runtime<never>
  ): void => {
    const isOpen = (): boolean => states.get(connection) !== "broken" && !control.unfit.has(connection)
    const wire: Wire = { running: 0, unwanted: new Set() }
    wires.set(connection, wire)
    const sent = new Map<Request, Fiber.RuntimeFiber<unknown, PgSessionError>>()
    const send = (request: Request): void => {
      if (request.state !== "queued") return
      request.state = "sent"
      control.onStatement(connection)
      const fiber = Runtime.runFork(runtime)(Effect.interruptible(ask(request.sql)))
      sent.set(request, fiber)
      fiber.addObserver((exit) => {
        sent.delete(request)
        wire.running--
        if (Exit.isFailure(exit)) request.fail(exit.cause._tag === "Fail" ? exit.cause.error : lost)
        request.settle(undefined as unknown as ConnectionState)
      })
    }
    SharedSession.register(connection, {
      get isOpen() {
        return isOpen()
      },
      get isQuiet() {
        return states.get(connection) === "clean" && wire.running === 0
      },
      get isFree() {
        return isOpen() && !this.isRoleDoubted && states.get(connection) === "clean" && wire.running === 0
      },
      changes: {
        get isChanged() {
          return control.changed.has(connection)
        }
      },
      get roleQuestion() {
        return control.roleQuestion
      },
      get isRoleDoubted() {
        return control.refused.has(connection)
      },
      trustRole: () => control.refused.delete(connection),
      get takesMore() {
        return isOpen() && wire.unwanted.size === 0
      },
      isTimed: false,
      send: (request) => {
        wire.running++
        queueMicrotask(() => send(request))
      },
      abandon: (request) =>
        Effect.suspend(() => {
          const fiber = sent.get(request)
          if (fiber !== undefined) return Effect.asVoid(Fiber.interrupt(fiber))
          request.state = "settled"
          wire.running--
          return Effect.void
        }),
      single: connection as unknown as SharedSession.SingleStatements,
      admitted: (admission) => {
        // The fiber may give way between the choice of a session and the sending of the statement.
        const query = (statement: { readonly sql: string }) =>
          Effect.zipRight(control.sending, send(statement))
        const send = (statement: { readonly sql: string }) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.withFiberRuntime<ReadonlyArray<never>, PgSessionError>((fiber) => {
              const leave = admission.enter(fiber)
              if (leave === undefined) return admission.run(ask(statement.sql), (error) => error)
              control.onStatement(connection)
              return answered(wire, ask(statement.sql), leave, restore)
            })
          )
        return { query } as unknown as SharedSession.AdmittedOperations
      }
    })
  }
  /** The statement is answered later, whether its fiber waits for it or not. */
  const answered = <A, E>(
    wire: Wire,
    statement: Effect.Effect<A, E>,
    leave: () => void,
    restore: (effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ): Effect.Effect<A, E> => {
    wire.running++
    const over = Effect.sync(() => {
      wire.running--
      leave()
    })
    return Effect.flatMap(
      Effect.forkDaemon(Effect.ensuring(Effect.interruptible(statement), over)),
      (fiber) => {
        fiber.addObserver(() => {
          wire.unwanted.delete(fiber)
          cancelUnwanted(wire)
        })
        return Effect.onInterrupt(restore(Fiber.join(fiber)), () =>
          Effect.suspend(() => {
            if (fiber.unsafePoll() !== null) return Effect.void
            wire.unwanted.add(fiber)
            cancelUnwanted(wire)
            return wire.unwanted.size === wire.running ? Fiber.await(fiber) : Effect.void
          })
        )
      }
    )
  }
  /** The server is asked to stop only while nothing else is on the wire. */
  const cancelUnwanted = (wire: Wire): void => {
    if (wire.unwanted.size < wire.running) return
    for (const fiber of wire.unwanted) fiber.unsafeInterruptAsFork(fiber.id())
  }
  const connector: PgConnector["Type"] = {
    config: Either.getOrThrow(PgConfig.make({ maxConnections })),
    types: lossless,
    findTypes: () => Effect.succeed(lossless),
    refreshTypes: Effect.void,
    open: () =>
      Effect.acquireRelease(
        Effect.zipRight(
          Effect.interruptible(
            Effect.suspend(() => {
              control.begun++
              return control.opening
            })
          ),
          Effect.map(Effect.runtime<never>(), session)
        ),
        (connection) =>
          Effect.sync(() => {
            states.set(connection, "broken")
            closed.push(connection)
          })
      )
  }
  return { connector, states, transactions, wires, closed, control, log }
}
