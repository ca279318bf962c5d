/** What telemetry a client gives: what a user may set. */
import type * as Duration from "effect/Duration"

/**
 * What a client does that has a span. `transaction` is the outermost one, `savepoint` a nested one. `compare`, `describe` and `prepare` do
 * not run their statement.
 */
export type TelemetryOperation =
  | "query"
  | "execute"
  | "values"
  | "batch"
  | "stream"
  | "simple"
  | "pipeline"
  | "copyFrom"
  | "copySink"
  | "copyTo"
  | "compare"
  | "describe"
  | "prepare"
  | "callFunction"
  | "learnTypes"
  | "findTypes"
  | "ping"
  | "transaction"
  | "savepoint"

/** An operation before its span begins, for the option `span`. */
export interface TelemetrySubject {
  readonly operation: TelemetryOperation
  /** The texts of the statements, as they are sent; none for a transaction, and for an operation without a text. */
  readonly statements: ReadonlyArray<string>
  /** Such as `SELECT people`; without a statement the name of the operation. */
  readonly summary: string
  /** Parameters of the statement, where there is one. Empty for a batch, which has many sets of them, and where the statement is not run. */
  readonly parameters: ReadonlyArray<unknown>
}

/** How the span of an operation is to be. */
export interface TelemetrySpan {
  /** In place of the usual name, which is the summary, such as `SELECT people`, or `describe SELECT people` when the statement is not run. */
  readonly name?: string
  /** Added to the attributes; those of the same name are replaced. */
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** What telemetry a client gives. Nothing of it holds a value of a row, and none holds a parameter unless `parameters` is set. */
export interface TelemetryOptions {
  /** Whether operations have spans, where a tracer is configured. Default true. */
  readonly spans?: boolean
  /** Whether durations are metrics of Effect: `db.client.operation.duration`. Default true. */
  readonly metrics?: boolean
  /**
   * Whether conventions are followed that OpenTelemetry may still change: the attribute `db.response.returned_rows`, and the metrics
   * `db.client.connection.*`. Default false.
   */
  readonly development?: boolean
  /**
   * The attribute `db.query.text` of spans, and the text in logs. `sanitized`: with `?` in place of every literal, and without comments.
   * `full`: as it was sent. `none`: no text. Default `sanitized`.
   */
  readonly queryText?: "sanitized" | "full" | "none"
  /** Whether spans have the parameters of single statements, as `db.query.parameter.0` and so on, cut to 256 characters. Default false. */
  readonly parameters?: boolean
  /** Called for each operation before its span begins: gives it a name or attributes, or `false` for no span. Must not throw. */
  readonly span?: (subject: TelemetrySubject) => TelemetrySpan | false | undefined
  /** An operation that takes longer is logged as a warning. A stream takes as long as its consumer. Default: never. */
  readonly slowStatement?: Duration.DurationInput
  /** A wait for a connection that takes longer is logged as a warning. Default: never. */
  readonly slowAcquire?: Duration.DurationInput
  /**
   * Whether a statement that runs in a sampled span carries `traceparent` as a comment at its end, for logs and extensions of the server. The text is
   * another one each time, so the statement is prepared for this execution only: one more round trip. Default false.
   */
  readonly traceComment?: boolean
  /**
   * Whether a statement that was not made by the `Sql` template has the place of its call, too. Costs a stack trace for each. Default
   * false.
   */
  readonly captureStack?: boolean
}
