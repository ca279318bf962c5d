/**
 * What a client reports of its operations: spans through Effect's tracer, durations through its metrics, slow operations through its
 * log. Where none of them is asked for, an operation costs one look at its fiber.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { PgConfig } from "../../config/PgConfig.js"
import * as TracedFacts from "../../connection/session/TracedFacts.js"
import type { Attributes } from "../../connection/session/TracedFacts.js"
import * as Traced from "../../connection/session/Traced.js"
import type { Statement } from "../../model/Statement.js"
import { TracedBatch } from "./TracedBatch.js"
import * as CallSite from "./CallSite.js"
import * as Conventions from "./Conventions.js"
import { connectionCreation, connectionUse, connectionWait, operationDuration } from "./OperationMetrics.js"
import { QueryTexts } from "./QueryTexts.js"
import type { TelemetryOperation, TelemetryOptions, TelemetrySpan } from "./TelemetryOptions.js"
import type { TracedOperation } from "./TracedOperation.js"
import * as Watched from "./TracedOperation.js"
import * as TraceComment from "./TraceComment.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

const millisOf = (duration: Duration.DurationInput | undefined): number =>
  duration === undefined ? Infinity : Duration.toMillis(duration)

export class Telemetry {
  /** Whether connections are counted and timed. */
  readonly countsConnections: boolean
  private readonly isOff: boolean
  private readonly hasSpans: boolean
  private readonly hasMetrics: boolean
  /** There is an observer of every operation, traced or not. */
  private readonly always: boolean
  /** Whether texts get comments. */
  readonly comments: boolean
  private readonly captures: boolean
  private readonly slowStatement: number
  private readonly slowAcquire: number
  private readonly options: TelemetryOptions

  private constructor(
    private readonly given: TelemetryOptions | false | undefined,
    /** The server and the database, as far as they are known. */
    private readonly target: Attributes,
    private readonly poolName: string,
    private readonly texts = new QueryTexts(given === false ? undefined : given?.queryText)
  ) {
    const options = given === false ? {} : (given ?? {})
    this.options = options
    this.isOff = given === false
    this.hasSpans = !this.isOff && options.spans !== false
    // The client cannot see whether metrics are read: they must be asked for.
    this.hasMetrics = given !== undefined && !this.isOff && options.metrics !== false
    this.countsConnections = this.hasMetrics && options.development === true
    this.slowStatement = millisOf(options.slowStatement)
    this.slowAcquire = millisOf(options.slowAcquire)
    this.comments = this.hasSpans && options.traceComment === true
    this.captures = options.captureStack === true
    this.always = this.hasMetrics || this.slowStatement < Infinity || this.slowAcquire < Infinity
  }

  /** For a client, or its pool, with these options over this configuration. */
  static make(
    { metrics, telemetry }: { readonly metrics?: string; readonly telemetry?: TelemetryOptions | false },
    config: Partial<Pick<PgConfig, "database" | "hosts" | "user">> = {}
  ): Telemetry {
    const target = Conventions.targetOf(config)
    return new Telemetry(telemetry, target, metrics ?? Conventions.nameOf(target))
  }

  /** Distinguishes the pool's connections from those of another pool. */
  get pool(): Attributes {
    return { "db.client.connection.pool.name": this.poolName }
  }

  /** For what is done on this connection. */
  at(place: Attributes): Telemetry {
    return new Telemetry(this.given, { ...this.target, ...place }, this.poolName, this.texts)
  }

  private isTraced(fiber: AnyFiber): boolean {
    return this.hasSpans && fiber.currentTracer !== Traced.silent
  }

  /** Whether an operation of the fiber is reported. */
  isHeard(fiber: AnyFiber): boolean {
    return this.always || (this.hasSpans && fiber.currentTracer !== Traced.silent)
  }

  /** The statement as it is sent, where texts get comments. */
  sent(statement: Statement, fiber: AnyFiber): Statement {
    return this.isTraced(fiber) ? TraceComment.added(statement, fiber.currentSpan) : statement
  }

  /** Where an operation was called, when that is looked for. */
  private place(statement: Statement | undefined): string | undefined {
    return statement?.place === undefined ? CallSite.current() : undefined
  }

  /** An operation of one statement. `run` learns whether it is reported; `rowsOf`: how many rows it has returned. */
  statement<A, E, R>(
    run: (fiber: AnyFiber, isHeard: boolean) => Effect.Effect<A, E, R>,
    operation: TelemetryOperation,
    statement: Statement,
    rowsOf: (value: A) => number | undefined
  ): Effect.Effect<A, E, R> {
    const place = this.captures ? this.place(statement) : undefined
    return Effect.withFiberRuntime<A, E, R>((fiber) => {
      // Every statement comes by here.
      if (!this.always && (!this.hasSpans || fiber.currentTracer === Traced.silent)) return run(fiber, false)
      const watched = { operation, statements: [statement], place }
      const heard = Effect.withFiberRuntime<A, E, R>((inner) => run(inner, true))
      return this.observed(heard, watched, fiber, rowsOf)
    })
  }

  /** An operation of any number of statements. */
  operation<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    operation: TelemetryOperation,
    statements: ReadonlyArray<Statement>,
    rowsOf: (value: A) => number | undefined
  ): Effect.Effect<A, E, R> {
    if (this.isOff) return effect
    const place = this.captures ? this.place(statements[0]) : undefined
    return Effect.withFiberRuntime<A, E, R>((fiber) =>
      this.isHeard(fiber) ? this.observed(effect, { operation, statements, place }, fiber, rowsOf) : effect
    )
  }

  /** One statement with many sets of parameters, of which the first is looked at beforehand. `run` takes the sets that it is given. */
  batch<S, A extends { readonly rows: ReadonlyArray<unknown> }, E, R>(
    sets: Iterable<S>,
    statementOf: (set: S) => Statement,
    run: (sets: Iterable<S>, statementOf: (set: S) => Statement) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    if (this.isOff) return run(sets, statementOf)
    const place = this.captures ? CallSite.current() : undefined
    return Effect.withFiberRuntime<A, E, R>((fiber) => {
      if (!this.isHeard(fiber)) return run(sets, statementOf)
      const seen = new TracedBatch(sets, statementOf)
      const { statement } = seen
      // Without a set nothing is sent.
      if (statement === undefined) return run([], statementOf)
      const ran = run(seen, (set) => seen.statementFor(set))
      const closed = Effect.ensuring(
        ran,
        Effect.sync(() => seen.close())
      )
      const watched = {
        operation: "batch" as const,
        statements: [statement],
        place: statement.place === undefined ? place : undefined,
        sets: seen
      }
      return this.observed(closed, watched, fiber, ({ rows }) => rows.length)
    })
  }

  /** A stream whose opening is given: its operation lasts until the scope closes. */
  stream<A, E, R, E2, R2>(
    opening: Effect.Effect<Stream.Stream<A, E, R>, E2, R2>,
    operation: TelemetryOperation,
    statement: Statement,
    sizeOf: ((element: A) => number) | undefined
  ): Effect.Effect<Stream.Stream<A, E, R>, E2, R2 | Scope.Scope> {
    if (this.isOff) return opening
    const place = this.captures ? this.place(statement) : undefined
    return Effect.withFiberRuntime<Stream.Stream<A, E, R>, E2, R2 | Scope.Scope>((fiber) => {
      if (!this.isHeard(fiber)) return opening
      const watched = { operation, statements: [statement], place }
      const choice = this.choice(watched, fiber)
      const clock = clockOf(fiber)
      const began = clock.unsafeCurrentTimeNanos()
      const span =
        choice === false
          ? Effect.succeed(undefined)
          : Effect.makeSpanScoped(this.nameOf(watched, choice), this.spanOptions(watched, choice))
      return Effect.flatMap(span, (span) => {
        let rows = 0
        if (span !== undefined) Conventions.awaitPlace(span)
        const counted = (stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
          sizeOf === undefined
            ? stream
            : Stream.mapChunks(stream, (chunk) => {
                rows += chunk.length
                return chunk
              })
        const opened = Effect.map(opening, counted)
        return Effect.zipRight(
          Effect.addFinalizer((exit) =>
            this.finished(watched, exit, span, clock.unsafeCurrentTimeNanos() - began, sizeOf && rows)
          ),
          span === undefined ? opened : Effect.withParentSpan(opened, span)
        )
      })
    })
  }

  /** A transaction, or one that is nested. */
  transaction<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    operation: "transaction" | "savepoint"
  ): Effect.Effect<A, E, R> {
    if (!this.hasSpans) return effect
    return Effect.withFiberRuntime<A, E, R>((fiber) => {
      if (!this.isTraced(fiber)) return effect
      const watched: TracedOperation = {
        operation,
        statements: [],
        place: this.captures ? this.place(undefined) : undefined
      }
      const choice = this.choice(watched, fiber)
      return choice === false ? effect : this.inSpan(Traced.naming(effect), watched, choice, "internal")
    })
  }

  /** A wait for a connection. */
  acquire<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    if (this.isOff) return effect
    return Effect.withFiberRuntime<A, E, R>((fiber) => {
      if (!this.isHeard(fiber)) return effect
      const clock = clockOf(fiber)
      const began = clock.unsafeCurrentTimeNanos()
      const timed = Effect.onExit(effect, (exit) =>
        Effect.withFiberRuntime<void>((inner) => {
          const nanos = clock.unsafeCurrentTimeNanos() - began
          if (this.isTraced(fiber) && inner.currentSpan !== undefined)
            TracedFacts.annotate(inner.currentSpan, TracedFacts.failureOf(exit))
          this.waited(Number(nanos) / 1e6)
          return Number(nanos) / 1e6 <= this.slowAcquire
            ? Effect.void
            : Effect.logWarning(
                `waited ${Watched.took(nanos)} for a connection of the pool, more than slowAcquire allows`
              )
        })
      )
      const attributes = { ...this.target, ...this.pool }
      return this.isTraced(fiber)
        ? Effect.withSpan(timed, "acquire connection", { attributes, captureStackTrace: false })
        : timed
    })
  }

  /** So many milliseconds were waited for a connection. */
  waited(millis: number): void {
    if (this.countsConnections) connectionWait.record(millis / 1000, this.pool)
  }

  /** A connection was opened within so many milliseconds. */
  created(millis: number): void {
    if (this.countsConnections) connectionCreation.record(millis / 1000, this.pool)
  }

  /** A connection was lent for so many milliseconds. */
  used(millis: number): void {
    if (this.countsConnections) connectionUse.record(millis / 1000, this.pool)
  }

  private choice(watched: TracedOperation, fiber: AnyFiber): TelemetrySpan | false {
    if (!this.isTraced(fiber)) return false
    const { operation, statements } = watched
    const found = this.options.span?.({
      operation,
      statements: statements.map(({ sql }) => sql),
      summary: this.summaryOf(watched),
      parameters: Watched.parametersOf(watched)
    })
    return found ?? {}
  }

  private observed<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    watched: TracedOperation,
    fiber: AnyFiber,
    rowsOf: (value: A) => number | undefined
  ): Effect.Effect<A, E, R> {
    const choice = this.choice(watched, fiber)
    const clock = clockOf(fiber)
    const began = clock.unsafeCurrentTimeNanos()
    const timed = Effect.onExit(effect, (exit) =>
      Effect.withFiberRuntime<void>((inner) =>
        this.finished(
          watched,
          exit,
          choice === false ? undefined : inner.currentSpan,
          clock.unsafeCurrentTimeNanos() - began,
          exit._tag === "Success" ? rowsOf(exit.value) : undefined
        )
      )
    )
    return choice === false ? timed : this.inSpan(timed, watched, choice, "client")
  }

  private inSpan<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    watched: TracedOperation,
    choice: TelemetrySpan,
    kind: Tracer.SpanKind
  ): Effect.Effect<A, E, R> {
    const awaiting = Effect.withFiberRuntime<A, E, R>((fiber) => {
      if (fiber.currentSpan !== undefined) Conventions.awaitPlace(fiber.currentSpan)
      return effect
    })
    return Effect.withSpan(awaiting, this.nameOf(watched, choice), {
      ...this.spanOptions(watched, choice),
      kind
    }) as Effect.Effect<A, E, R>
  }

  /** The operation is over. */
  private finished(
    watched: TracedOperation,
    exit: Exit.Exit<unknown, unknown>,
    span: Tracer.AnySpan | undefined,
    nanos: bigint,
    rows: number | undefined
  ): Effect.Effect<void> {
    const failure = TracedFacts.failureOf(exit)
    if (span !== undefined) {
      TracedFacts.annotate(span, failure)
      // One operation is no batch to the conventions.
      if (watched.sets !== undefined && watched.sets.taken > 1)
        TracedFacts.annotate(span, { "db.operation.batch.size": watched.sets.taken })
      if (this.options.development === true && rows !== undefined)
        TracedFacts.annotate(span, { "db.response.returned_rows": rows })
    }
    if (this.hasMetrics)
      operationDuration.record(Number(nanos) / 1e9, {
        ...this.target,
        ...Watched.namesOf(watched, this.texts),
        ...failure
      })
    return Number(nanos) / 1e6 <= this.slowStatement ? Effect.void : this.reportSlow(watched, nanos, rows)
  }

  private reportSlow(watched: TracedOperation, nanos: bigint, rows: number | undefined): Effect.Effect<void> {
    const text = watched.statements.map(({ sql }) => this.texts.of(sql).shown ?? "").join("; ")
    const place = watched.place ?? watched.statements[0]?.place
    const count = rows === undefined ? "" : ` and returned ${rows} rows`
    return Effect.logWarning(
      `a statement took ${Watched.took(nanos)}${count}, longer than slowStatement allows: ${text === "" ? this.summaryOf(watched) : text}`
    ).pipe(place === undefined ? (log) => log : Effect.annotateLogs("place", place))
  }

  private nameOf(watched: TracedOperation, choice: TelemetrySpan): string {
    return choice.name ?? Watched.nameOf(watched, this.texts)
  }

  private summaryOf(watched: TracedOperation): string {
    return Watched.summaryOf(watched, this.texts)
  }

  private spanOptions(watched: TracedOperation, choice: TelemetrySpan): Tracer.SpanOptions {
    const { operation, statements } = watched
    const place = watched.place ?? statements[0]?.place
    const attributes: Record<string, unknown> = {
      ...this.target,
      ...Watched.namesOf(watched, this.texts)
    }
    if (statements.length > 0) {
      const text = statements.map(({ sql }) => this.texts.of(sql).shown)
      if (text[0] !== undefined) attributes["db.query.text"] = text.join("; ")
      if (operation.startsWith("copy")) {
        const table = Watched.copiedTable(this.summaryOf(watched))
        if (table !== undefined) attributes["db.collection.name"] = table
      }
      if (statements.length > 1) attributes["db.operation.batch.size"] = statements.length
      else if (this.options.parameters === true)
        Watched.parametersOf(watched).forEach((value, at) => {
          attributes[`db.query.parameter.${at}`] = Watched.shownValue(value)
        })
    }
    return {
      kind: "client",
      attributes: {
        ...attributes,
        ...(place === undefined ? {} : CallSite.attributesOf(place)),
        ...choice.attributes
      },
      captureStackTrace: place === undefined ? false : () => `at ${place}`
    }
  }
}

const clockOf = (fiber: AnyFiber): Clock.Clock => Context.get(fiber.currentDefaultServices, Clock.Clock)
