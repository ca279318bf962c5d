/** A connection whose operations are reported. */
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as ConnectionTypes from "../../connection/ConnectionTypes.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as SessionChanges from "../../connection/session/SessionChanges.js"
import * as TracedFacts from "../../connection/session/TracedFacts.js"
import * as PipelineSteps from "../../connection/statement/PipelineSteps.js"
import * as RowOperations from "../../connection/statement/RowOperations.js"
import type { PgSessionError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import type { Telemetry } from "./Telemetry.js"

/** How many rows an operation has returned. */
export const rowsIn = (rows: ReadonlyArray<unknown>): number => rows.length
export const rowsOf = ({ rows }: { readonly rows: ReadonlyArray<unknown> }): number => rows.length
export const none = (): undefined => undefined
const one = (): number => 1

/** The connection, reporting to the client's telemetry. */
export const make = (connection: PgConnection, client: Telemetry): PgConnection => {
  const telemetry = client.at(TracedFacts.placeOf(connection.facts))
  const streamed = <A, R>(
    open: () => Stream.Stream<A, PgSessionError, R>,
    operation: "stream" | "copyTo",
    statement: Statement.Statement,
    sizeOf?: (element: A) => number
  ): Stream.Stream<A, PgSessionError, R> =>
    Stream.unwrapScoped(telemetry.stream(Effect.sync(open), operation, statement, sizeOf))
  /** Reports what `run` does with the statement as it is sent. */
  const single = <A, E, R>(
    operation: "query" | "execute" | "values",
    statement: Statement.Statement,
    run: (statement: Statement.Statement) => Effect.Effect<A, E, R>,
    rows: (value: A) => number
  ): Effect.Effect<A, E, R> =>
    telemetry.statement(
      (fiber) => run(telemetry.comments ? telemetry.sent(statement, fiber) : statement),
      operation,
      statement,
      rows
    )
  return ConnectionTypes.over<Omit<PgConnection, "types">>(() => connection.types, {
    ...connection,
    ...RowOperations.make<PgSessionError>(
      {
        query: (statement, options) =>
          single("query", statement, (each) => connection.query(each, options), rowsIn),
        execute: (statement, options) =>
          single("execute", statement, (each) => connection.execute(each, options), rowsOf),
        stream: (statement, options) =>
          streamed(() => connection.stream(statement, options), "stream", statement, one)
      },
      {
        query: (statement, schema, options) =>
          single("query", statement, (each) => connection.query(each, schema, options), rowsIn),
        execute: (statement, schema, options) =>
          single("execute", statement, (each) => connection.execute(each, schema, options), rowsOf),
        stream: (statement, schema, options) =>
          streamed(() => connection.stream(statement, schema, options), "stream", statement, one)
      }
    ),
    values: (statement, options) =>
      single("values", statement, (each) => connection.values(each, options), rowsIn),
    batch: (sets, statement, options) =>
      telemetry.batch(sets, statement, (each, statementOf) => connection.batch(each, statementOf, options)),
    simple: (sql, options) =>
      telemetry.operation(connection.simple(sql, options), "simple", [Statement.make(sql)], none),
    pipeline: (items, options) =>
      telemetry.operation(
        connection.pipeline(items, options),
        "pipeline",
        PipelineSteps.statementsOf(items),
        none
      ),
    copyFrom: (sql, source, options) =>
      telemetry.operation(connection.copyFrom(sql, source, options), "copyFrom", [Statement.make(sql)], none),
    copySink: (sql, options) =>
      Sink.unwrapScoped(
        Effect.map(
          telemetry.stream(Effect.succeed(Stream.empty), "copySink", Statement.make(sql), undefined),
          () => connection.copySink(sql, options)
        )
      ),
    copyTo: (sql, options) => streamed(() => connection.copyTo(sql, options), "copyTo", Statement.make(sql)),
    copyParts: (command, options) =>
      streamed(() => connection.copyParts(command, options), "copyTo", Statement.make(command)),
    copyPartsInto: (command, take, options) =>
      telemetry.operation(
        connection.copyPartsInto(command, take, options),
        "copyTo",
        [Statement.make(command)],
        none
      ),
    compare: (statement, schema, options) =>
      telemetry.operation(connection.compare(statement, schema, options), "compare", [statement], none),
    describe: (statement, options) =>
      telemetry.operation(connection.describe(statement, options), "describe", [statement], none),
    prepare: (statement, options) =>
      telemetry.operation(connection.prepare(statement, options), "prepare", [statement], none),
    callFunction: (call, options) =>
      telemetry.operation(connection.callFunction(call, options), "callFunction", [], none),
    learnTypes: (types, options) =>
      telemetry.operation(connection.learnTypes(types, options), "learnTypes", [], none),
    findTypes: (types) => telemetry.operation(connection.findTypes(types), "findTypes", [], none),
    reset: (what = "settings") =>
      telemetry.operation(
        connection.reset(what),
        "simple",
        [Statement.make(SessionChanges.resetText(what))],
        none
      ),
    withTransaction: (body, options) =>
      telemetry.transaction(connection.withTransaction(body, options), "transaction")
  })
}
