/**
 * Generated columns of the table that rows are copied into: the server refuses a COPY that names one. The catalogue is asked
 * before the copy begins, so that a transaction is not failed by the mistake.
 *
 * @see https://www.postgresql.org/docs/current/ddl-generated-columns.html
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../connection/PgConnection.js"
import type { Column } from "../model/Column.js"

const savepoint = "effect_postgres_copy"

/** Numbers of the generated columns of a table. */
const questionOf = (tableOid: number): string =>
  `select a.attnum::text as number from pg_catalog.pg_attribute a where a.attrelid = ${tableOid} and a.attgenerated <> ''`

/** Longest wait for the catalogue. */
const catalogueDeadline = { timeout: "5 seconds" } as const

/** Those of the columns that are generated; none where the catalogue does not answer. In a transaction it is asked behind a savepoint. */
export const of = (
  connection: PgConnection,
  columns: ReadonlyArray<Column>
): Effect.Effect<ReadonlyArray<Column>> => {
  const tableOid = columns[0]?.tableOid ?? 0
  if (tableOid === 0) return Effect.succeed([])
  const run = (sql: string) => connection.simple(sql, catalogueDeadline)
  const question = questionOf(tableOid)
  return Effect.flatMap(connection.status, ({ transaction }) =>
    transaction === "T"
      ? Effect.tapError(run(`savepoint ${savepoint};${question};release ${savepoint}`), () =>
          Effect.ignore(run(`rollback to ${savepoint};release ${savepoint}`))
        )
      : run(question)
  ).pipe(
    Effect.map((results) => {
      const numbers = new Set(results.flatMap(({ rows }) => rows.map(({ number }) => String(number))))
      return columns.filter(({ columnNumber }) => numbers.has(String(columnNumber)))
    }),
    Effect.orElseSucceed(() => [])
  )
}
