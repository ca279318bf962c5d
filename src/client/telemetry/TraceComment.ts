/**
 * The context of a trace as a comment at the end of a statement, as sqlcommenter and OpenTelemetry write it.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
import type * as Tracer from "effect/Tracer"
import type { Statement } from "../../model/Statement.js"

const hex = /^[0-9a-f]+$/

/** The statement with the span as a comment; the statement itself outside a span that is sampled, and one that its user has prepared. */
export const added = (statement: Statement, span: Tracer.AnySpan | undefined): Statement => {
  if (
    statement.isPrepared === true ||
    span?.sampled !== true ||
    !hex.test(span.traceId) ||
    !hex.test(span.spanId)
  )
    return statement
  const { columnNames, cursor, parameters, place, refused, sql, types } = statement
  // On a line of its own, because the text may end in a comment to the end of its line.
  const comment = `/*traceparent='00-${span.traceId}-${span.spanId}-01'*/`
  return { sql: `${sql}\n${comment}`, parameters, types, refused, place, isOnce: true, columnNames, cursor }
}
