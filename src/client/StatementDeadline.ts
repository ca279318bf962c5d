/** A connection whose statements have a deadline unless a call gives its own. */
import type * as Duration from "effect/Duration"
import * as ConnectionTypes from "../connection/ConnectionTypes.js"
import type { PgConnection } from "../connection/PgConnection.js"
import * as RowOperations from "../connection/statement/RowOperations.js"
import type { PgSessionError } from "../model/PgError.js"

export const make = (connection: PgConnection, timeout: Duration.DurationInput): PgConnection => {
  const given = <O extends object>(options: O | undefined): O => ({ timeout, ...options }) as unknown as O
  return ConnectionTypes.over<Omit<PgConnection, "types">>(() => connection.types, {
    ...connection,
    ...RowOperations.make<PgSessionError>(
      {
        query: (statement, options) => connection.query(statement, given(options)),
        execute: (statement, options) => connection.execute(statement, given(options)),
        stream: (statement, options) => connection.stream(statement, given(options))
      },
      {
        query: (statement, schema, options) => connection.query(statement, schema, given(options)),
        execute: (statement, schema, options) => connection.execute(statement, schema, given(options)),
        stream: (statement, schema, options) => connection.stream(statement, schema, given(options))
      }
    ),
    values: (statement, options) => connection.values(statement, given(options)),
    batch: (sets, statement, options) => connection.batch(sets, statement, given(options)),
    compare: (statement, schema, options) => connection.compare(statement, schema, given(options)),
    simple: (sql, options) => connection.simple(sql, given(options)),
    describe: (statement, options) => connection.describe(statement, given(options)),
    prepare: (statement, options) => connection.prepare(statement, given(options)),
    pipeline: (statements, options) => connection.pipeline(statements, given(options)),
    callFunction: (call, options) => connection.callFunction(call, given(options)),
    copyFrom: (sql, source, options) => connection.copyFrom(sql, source, given(options)),
    copySink: (sql, options) => connection.copySink(sql, given(options)),
    copyTo: (sql, options) => connection.copyTo(sql, given(options)),
    learnTypes: (types, options) => connection.learnTypes(types, given(options))
  })
}
