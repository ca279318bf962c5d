/**
 * What the server is asked before a copy: the columns of its query, which of them it computes, and how it reads NULL in arrays. So
 * a mistake is found before the copy begins, where it fails no transaction.
 *
 * @see https://www.postgresql.org/docs/current/ddl-generated-columns.html
 * @see https://www.postgresql.org/docs/current/runtime-config-compatible.html#GUC-ARRAY-NULLS
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../connection/PgConnection.js"
import type { Column } from "../model/Column.js"
import type { PgSessionError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import * as Arrays from "../types/Arrays.js"
import type { Codec } from "../types/Codec.js"
import * as CopyRefusal from "./CopyRefusal.js"
import type { TableName } from "./CopyStatement.js"

/** The columns of a query, which reads `table` unless it is the caller's own. */
export const describe = (
  connection: PgConnection,
  query: string,
  table?: TableName
): Effect.Effect<ReadonlyArray<Column>, PgSessionError> =>
  connection.describe(Statement.make(query)).pipe(
    Effect.map(({ columns }) => columns),
    Effect.mapError(CopyRefusal.hinted(table, query))
  )

const savepoint = "effect_postgres_copy"

/** Longest wait for the catalogue. */
const catalogueDeadline = { timeout: "5 seconds" } as const

/**
 * Those of the columns that are generated, which a COPY must not name; none where the catalogue does not answer. In a transaction it is
 * asked behind a savepoint.
 */
export const generated = (
  connection: PgConnection,
  columns: ReadonlyArray<Column>
): Effect.Effect<ReadonlyArray<Column>> => {
  const tableOid = columns[0]?.tableOid ?? 0
  if (tableOid === 0) return Effect.succeed([])
  const run = (sql: string) => connection.simple(sql, catalogueDeadline)
  const question = `select a.attnum::text as number from pg_catalog.pg_attribute a where a.attrelid = ${tableOid} and a.attgenerated <> ''`
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

/** Whether values of the type are arrays, or composites that may have some. */
const holdsArrays = (codec: Codec | undefined): boolean =>
  codec !== undefined && (codec.hasFields === true || Arrays.madeOf(codec) !== undefined)

/**
 * The places of columns in whose arrays no NULL may be written as text: the session reads it as the string `NULL` while its setting
 * `array_nulls` is off. `codecs`: of the columns.
 */
export const withoutNulls = (
  connection: PgConnection,
  codecs: ReadonlyArray<Codec | undefined>
): Effect.Effect<ReadonlyArray<number>, PgSessionError> => {
  const places = codecs.flatMap((codec, index) => (holdsArrays(codec) ? [index] : []))
  return places.length === 0
    ? Effect.succeed(places)
    : Effect.map(connection.simple("show array_nulls"), ([result]) =>
        result?.rows[0]?.["array_nulls"] === "off" ? places : []
      )
}
