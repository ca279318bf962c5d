/**
 * Statements whose rows go through a Schema: the comparison with the described columns before the statement is run, the
 * decoding of its rows behind it.
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ArrayChunk from "../session/ArrayChunk.js"
import type { Column } from "../../model/Column.js"
import { PgCodecError, PgUsageError } from "../../model/PgError.js"
import type { PgSessionError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import * as Compare from "../../schema/Compare.js"
import type { ResultFacts, RowSchema } from "../../schema/Rows.js"
import * as Rows from "../../schema/Rows.js"
import * as ExpectedRow from "../../schema/ExpectedRow.js"
import type { Registry } from "../../types/Registry.js"
import type * as Row from "../../types/Row.js"
import * as CatalogueFacts from "./CatalogueFacts.js"
import type { ConnectionState, Outcome } from "../session/ConnectionState.js"
import { DescribeRequest } from "./Describe.js"
import type { Description } from "./Describe.js"
import * as Exchange from "../session/Exchange.js"
import type { QueryResult } from "./Query.js"
import type { Admission } from "../session/Admission.js"
import { QueryRequest } from "./Query.js"
import type { QueryOptions, StreamOptions } from "./QueryOptions.js"
import type { SchemaOperations } from "./RowOperations.js"
import type { Prepared, Reading } from "../session/StatementCache.js"
import type { Inspector } from "./Preparation.js"

/** Longest wait for the catalogue, where the statement itself has no deadline. */
const catalogueDeadline = "5 seconds"

/** `ran`: the columns had changed since they were described, and came together with the first rows. */
const mismatch = (comparison: Compare.Comparison, sql: string, ran: boolean): PgCodecError =>
  new PgCodecError({
    direction: "decode",
    place: { _tag: "Columns", of: "result" },
    type: "record",
    reason: `\n${comparison.toString().replaceAll(/^/gm, "  ")}`,
    sql,
    nothingSent: !ran
  })

/** One run of a statement, as its Schema sees it. */
export class Inspection<A, R> implements ResultFacts, Inspector {
  readonly own = true
  columns: ReadonlyArray<Column> = []
  private refusal: PgCodecError | undefined
  private ran = false

  constructor(
    private readonly core: ConnectionState,
    private readonly schema: RowSchema<A, R>,
    readonly sql: string,
    private readonly timeout: Duration.DurationInput | undefined
  ) {}

  /** By the time that rows come the connection may have learned their types. */
  get registry(): Registry {
    return this.core.registry
  }

  get showsValues(): boolean {
    return this.core.showsValues
  }

  get reading(): Reading {
    return this.schema
  }

  refuse({ columns }: Prepared, ran = false): PgCodecError | undefined {
    this.columns = columns
    this.ran = ran
    const comparison = this.schema.refuses(columns, this.registry)
    this.refusal = comparison === undefined ? undefined : mismatch(comparison, this.sql, ran)
    return this.refusal
  }

  /** The failure; a refusal with what the catalogue adds to it, as far as it answers. */
  explain(error: PgSessionError): Effect.Effect<never, PgSessionError> {
    const { wanted } = this.schema
    if (error !== this.refusal || Either.isLeft(wanted)) return Effect.fail(error)
    return Effect.matchEffect(
      CatalogueFacts.ask(this.core, this.columns, this.timeout ?? catalogueDeadline),
      {
        onFailure: () => Effect.fail(error),
        onSuccess: (facts) => {
          const comparison = Compare.compare(wanted.right, this.columns, this.registry, facts)
          return Effect.fail(mismatch(comparison, this.sql, this.ran))
        }
      }
    )
  }

  decodeSome(rows: ReadonlyArray<Row.Row>, first: number): Effect.Effect<Rows.DecodedRows<A>, never, R> {
    return this.schema.decodeSome(rows, first, this)
  }

  decode(rows: ReadonlyArray<Row.Row>, first: number): Effect.Effect<ReadonlyArray<A>, PgCodecError, R> {
    return this.schema.decode(rows, first, this)
  }
}

/** Rows through the Schema, a chunk at a time. Those before a refused one are given before the failure. */
const decoding = <A, R>(
  inspection: Inspection<A, R>
): Channel.Channel<
  Chunk.Chunk<A>,
  Chunk.Chunk<Row.Row>,
  PgSessionError,
  PgSessionError,
  unknown,
  unknown,
  R
> =>
  Channel.suspend(() => {
    let next = 1
    const loop: ReturnType<typeof decoding<A, R>> = Channel.readWithCause({
      onInput: (rows: Chunk.Chunk<Row.Row>) =>
        Channel.flatMap(
          Channel.fromEffect(inspection.decodeSome(Chunk.toReadonlyArray(rows), next)),
          ({ failure, values }) => {
            next += rows.length
            const given = values.length === 0 ? Channel.void : Channel.write(ArrayChunk.make(values))
            return Channel.flatMap(given, () => (failure === undefined ? loop : Channel.fail(failure)))
          }
        ),
      onFailure: Channel.failCause,
      onDone: () => Channel.void
    })
    return loop
  })

/** Opens a stream of a statement that is inspected before it runs. */
type Open = (
  statement: Statement,
  options: StreamOptions | undefined,
  inspector: Inspector
) => Stream.Stream<Row.Row, PgSessionError>

/** The refusal of a Schema through which no row goes. */
const unfit = (operation: string, reason: string, sql: string): PgUsageError =>
  new PgUsageError({ operation, argument: "schema", reason, sql })

/** What looks at one run of a statement for its Schema; the refusal of a Schema through which no row goes. */
export const inspect = <A, I extends object, R>(
  core: ConnectionState,
  schema: Schema.Schema<A, I, R>,
  operation: string,
  sql: string,
  timeout: Duration.DurationInput | undefined
): Either.Either<Inspection<A, R>, PgUsageError> => {
  const rows = Rows.compile(schema)
  return Either.isLeft(rows.wanted)
    ? Either.left(unfit(operation, rows.wanted.left, sql))
    : Either.right(new Inspection(core, rows, sql, timeout))
}

/** The operations of a connection. */
export const operations = (
  core: ConnectionState,
  open: Open,
  admission?: Admission
): SchemaOperations<PgSessionError> => {
  const run = <A, I extends object, R>(
    operation: string,
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options: QueryOptions | undefined
  ): Effect.Effect<QueryResult<A>, PgSessionError, R> =>
    Effect.suspend(() => {
      const timeout = options?.timeout ?? core.statementTimeout
      const rows = Rows.compile(schema)
      if (Either.isLeft(rows.wanted)) return Effect.fail(unfit(operation, rows.wanted.left, statement.sql))
      const inspection = new Inspection(core, rows, statement.sql, timeout)
      const make = (outcome: Outcome<QueryResult>): QueryRequest =>
        new QueryRequest(statement, "object", outcome, operation, inspection)
      return Effect.matchEffect(Exchange.run<QueryResult>(core, make, timeout, admission), {
        onFailure: (error) =>
          admission === undefined
            ? inspection.explain(error)
            : admission.run(inspection.explain(error), () => error),
        onSuccess: ({ columns, command, rows }) =>
          Effect.map(inspection.decode(rows, 1), (decoded) => ({ rows: decoded, columns, command }))
      })
    })

  return {
    execute: (statement, schema, options) => run("execute", statement, schema, options),
    query: (statement, schema, options) =>
      Effect.map(run("query", statement, schema, options), ({ rows }) => rows),
    stream: (statement, schema, options) =>
      Stream.suspend(() => {
        const rows = Rows.compile(schema)
        if (Either.isLeft(rows.wanted)) return Stream.fail(unfit("stream", rows.wanted.left, statement.sql))
        const inspection = new Inspection(
          core,
          rows,
          statement.sql,
          options?.timeout ?? core.statementTimeout
        )
        return open(statement, options, inspection).pipe(
          Stream.catchAll((error) => Stream.fromEffect(inspection.explain(error))),
          Stream.pipeThroughChannel(decoding(inspection))
        )
      })
  }
}

/** A statement's columns beside those that the Schema wants, without running the statement. The catalogue is asked too. */
export const compare = (
  core: ConnectionState,
  statement: Statement,
  schema: Schema.Schema.All,
  timeout: Duration.DurationInput | undefined
): Effect.Effect<Compare.Comparison, PgSessionError> =>
  Effect.flatMap(
    Effect.mapError(ExpectedRow.of(schema.ast), (reason) => unfit("compare", reason, statement.sql)),
    (wanted) =>
      Effect.flatMap(
        Exchange.run<Description>(
          core,
          (outcome) => new DescribeRequest(statement, outcome, "compare"),
          timeout
        ),
        ({ columns }) =>
          Effect.map(CatalogueFacts.ask(core, columns, timeout), (facts) =>
            Compare.compare(wanted, columns, core.registry, facts)
          )
      )
  )
