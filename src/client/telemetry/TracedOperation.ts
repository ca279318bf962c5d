/** An operation that telemetry reports, and what its span and the log show of it. */
import * as Duration from "effect/Duration"
import type { Attributes } from "../../connection/session/TracedFacts.js"
import type { Statement } from "../../model/Statement.js"
import type { QueryTexts } from "./QueryTexts.js"
import type { TelemetryOperation } from "./TelemetryOptions.js"

/** Longest parameter in a span, in characters. */
const longestParameter = 256

/** One operation on its way. */
export interface TracedOperation {
  readonly operation: TelemetryOperation
  readonly statements: ReadonlyArray<Statement>
  readonly place: string | undefined
  /** Sets of a batch, which are counted while they are taken. */
  readonly sets?: { readonly taken: number }
}

/** Such as `SELECT people`; of several statements each summary once. */
export const summaryOf = ({ operation, statements }: TracedOperation, texts: QueryTexts): string => {
  const [first, ...others] = statements
  if (first === undefined) return operation
  return others.length === 0
    ? texts.of(first.sql).summary
    : [...new Set(statements.map(({ sql }) => texts.of(sql).summary))].join(" ").slice(0, 255)
}

/** Operations that do not run their statement. */
const looksOnly: ReadonlySet<TelemetryOperation> = new Set(["compare", "describe", "prepare"])

/** The name of the operation's span, unless the user gives one. */
export const nameOf = (watched: TracedOperation, texts: QueryTexts): string => {
  const summary = summaryOf(watched, texts)
  if (looksOnly.has(watched.operation)) return `${watched.operation} ${summary}`.trimEnd()
  return summary === "" ? "postgresql" : summary
}

/** Operations whose name does not have to be parsed from a text, by the words of the conventions, of the manual and of its messages. */
const operationNames: { readonly [K in TelemetryOperation]?: string } = {
  copyFrom: "COPY",
  copySink: "COPY",
  copyTo: "COPY",
  compare: "DESCRIBE",
  describe: "DESCRIBE",
  prepare: "PARSE",
  callFunction: "FUNCTION_CALL",
  learnTypes: "LEARN_TYPES",
  findTypes: "FIND_TYPES",
  ping: "PING"
}

/** What is done, and with which statements: for the span and for the metric. */
export const namesOf = (watched: TracedOperation, texts: QueryTexts): Attributes => {
  const name = operationNames[watched.operation]
  return {
    ...(watched.statements.length === 0 ? {} : { "db.query.summary": summaryOf(watched, texts) }),
    ...(name === undefined ? {} : { "db.operation.name": name })
  }
}

/** Parameters of a single statement that is run. */
export const parametersOf = ({ operation, statements }: TracedOperation): ReadonlyArray<unknown> =>
  statements.length === 1 && operation !== "batch" && !looksOnly.has(operation)
    ? statements[0]!.parameters
    : []

/**
 * The table of a COPY, without quotes: its summary has one name and no command. A query that is copied has a command, and may have any
 * number of tables.
 */
export const copiedTable = (summary: string): string | undefined => {
  const name = /^COPY ((?:[^"\s]|"(?:[^"]|"")*")+)$/.exec(summary)?.[1]
  return name === undefined || /^(?:SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES)$/.test(name)
    ? undefined
    : name.replace(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"'))
}

export const took = (nanos: bigint): string =>
  Duration.format(Duration.millis(Math.round(Number(nanos) / 1e6)))

export const shownValue = (value: unknown): string => {
  const text =
    typeof value === "object" && value !== null && !(value instanceof Date)
      ? (JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each)) ?? "")
      : value instanceof Date
        ? value.toISOString()
        : String(value)
  return text.length <= longestParameter ? text : `${text.slice(0, longestParameter)}…`
}
