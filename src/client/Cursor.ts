/**
 * Cursors with a name: a result of the server's that is read forward and backward, and whose row `where current of` names. A cursor lives in
 * the transaction that opens it, or with `hold` until its scope closes.
 *
 * ```ts
 * const cursor = yield* Cursor.open(connection, sql`select * from events order by id`, { scroll: true })
 * const first = yield* cursor.forward(100)
 * const last = yield* cursor.absolute(-1)
 * ```
 *
 * @see https://www.postgresql.org/docs/current/sql-declare.html
 */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../connection/PgConnection.js"
import * as Cleanup from "../connection/session/Cleanup.js"
import * as Identifier from "../model/Identifier.js"
import { PgUsageError } from "../model/PgError.js"
import type { PgSessionError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import type * as Row from "../types/Row.js"
import { isFragment } from "./Fragment.js"
import * as Sql from "./Sql.js"

/** How a cursor is opened. */
export interface CursorOptions {
  /** Its name, for `where current of`: 1 to 63 bytes. Unless given, a name of the client's. */
  readonly name?: string
  /** Whether it goes backward too. Unless given, as the server finds it cheap, and then a cursor that cannot fails with `PgServerError`, `55000`. */
  readonly scroll?: boolean
  /**
   * Whether it stays behind the commit of its transaction, until the scope closes. The server stores what is left of the result at the
   * commit. Outside a transaction a cursor must have it. Default false.
   */
  readonly hold?: boolean
  /** Longest wait for each answer. Unless given, the configuration's `statementTimeout`. */
  readonly timeout?: Duration.DurationInput
}

/** An open cursor. Before the first row it is at 0; the rows are counted from 1. */
export interface Cursor<A, R = never> {
  readonly name: string
  /** The next rows, fewer than `count` at the end of the result. */
  readonly forward: (count: number | "all") => Effect.Effect<ReadonlyArray<A>, PgSessionError, R>
  /** The rows before, the nearest first. */
  readonly backward: (count: number | "all") => Effect.Effect<ReadonlyArray<A>, PgSessionError, R>
  /** The row of this number; -1 is the last row, and 0 is before the first. Where there is no row, the cursor is before the first or behind the last. */
  readonly absolute: (row: number) => Effect.Effect<Option.Option<A>, PgSessionError, R>
  /** The row so many rows on, or back when negative; 0 is the current row again. */
  readonly relative: (rows: number) => Effect.Effect<Option.Option<A>, PgSessionError, R>
  /** Passes over so many rows, or back when negative, and returns how many there were. */
  readonly move: (rows: number) => Effect.Effect<number, PgSessionError>
  /** The rows from here to the end, `fetchSize` at a time (256 unless given). What the consumer has not taken has been passed over. */
  readonly stream: (options?: { readonly fetchSize?: number }) => Stream.Stream<A, PgSessionError, R>
}

const usage = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "Cursor", argument, reason, sql: "" })

/** The server counts in 32 bits. */
const most = 2 ** 31 - 1

const whole = (argument: string, value: number, least: number): Effect.Effect<number, PgUsageError> =>
  Number.isInteger(value) && value >= least && value <= most
    ? Effect.succeed(value)
    : Effect.fail(usage(argument, `must be a whole number from ${least} to ${most}, got ${value}`))

const countOf = (argument: string, count: number | "all"): Effect.Effect<string, PgUsageError> =>
  count === "all" ? Effect.succeed("all") : Effect.map(whole(argument, count, 1), String)

/** Sent once: neither the statement that opens a cursor nor what it gives is kept. */
const once = (statement: Statement): Statement =>
  Object.assign(Object.create(statement) as Statement, {
    isOnce: true,
    name: undefined,
    isPrepared: undefined
  })

const textOnce = (sql: string): Statement => ({ sql, parameters: [], types: [], isOnce: true })

const declaration = (quoted: string, statement: Statement, { hold, scroll }: CursorOptions): Statement => {
  const scrolls = scroll === undefined ? "" : scroll ? " scroll" : " no scroll"
  const prefix = `declare ${quoted}${scrolls} cursor${hold === true ? " with hold" : ""} for `
  if (isFragment(statement)) return once(Sql.sql`${Sql.unsafe(prefix)}${statement}`)
  return once({ ...statement, sql: prefix + statement.sql })
}

let names = 0

/** Longest wait for the end of a cursor. */
const closeDeadline = Duration.seconds(5)

/** Closes the cursor, unless it has gone with its transaction: then CLOSE would fail the transaction that is open now. */
const close = (connection: PgConnection, name: string, quoted: string): Effect.Effect<void> => {
  const closed = Effect.gen(function* () {
    const { state, transaction } = yield* connection.status
    if (state === "broken" || transaction === "E") return
    const question = "select from pg_catalog.pg_cursors where name = $1"
    const found = yield* connection.values({
      ...textOnce(question),
      parameters: [name],
      types: [25]
    })
    if (found.length > 0) yield* connection.simple(`close ${quoted}`)
  })
  return Effect.ignore(Cleanup.within(closed, closeDeadline))
}

/**
 * Opens a cursor for a query on a connection: inside `withTransaction` on the `connection` of its client, or with `hold` on any that is taken for the scope. The scope
 * closes it. Rows are given as objects, or through the Schema, which is compared with the columns at each fetch. Each fetch is a statement of its own, in one round trip
 * from the second on, and other statements may run in between. Interrupting a fetch cancels it, which fails the transaction.
 *
 * Fails with `PgServerError`, `25P01`, outside a transaction without `hold`, and with `PgUsageError` for a name or a number out of its range.
 */
export function open(
  connection: PgConnection,
  statement: Statement,
  options?: CursorOptions
): Effect.Effect<Cursor<Row.ObjectRow>, PgSessionError, Scope.Scope>
export function open<A, I extends object, R>(
  connection: PgConnection,
  statement: Statement,
  schema: Schema.Schema<A, I, R>,
  options?: CursorOptions
): Effect.Effect<Cursor<A, R>, PgSessionError, Scope.Scope>
export function open<A, I extends object, R>(
  connection: PgConnection,
  statement: Statement,
  second?: Schema.Schema<A, I, R> | CursorOptions,
  third?: CursorOptions
): Effect.Effect<Cursor<A, R> | Cursor<Row.ObjectRow>, PgSessionError, Scope.Scope> {
  if (!isSchema(second))
    return opened(connection, statement, second ?? {}, (sent, limit) => connection.query(sent, limit))
  return opened(connection, statement, third ?? {}, (sent, limit) => connection.query(sent, second, limit))
}

const isSchema = <A, I, R>(
  second: Schema.Schema<A, I, R> | CursorOptions | undefined
): second is Schema.Schema<A, I, R> => second !== undefined && Schema.isSchema(second)

type Limit = Pick<CursorOptions, "timeout">

const opened = <A, R>(
  connection: PgConnection,
  statement: Statement,
  options: CursorOptions,
  query: (sent: Statement, limit: Limit) => Effect.Effect<ReadonlyArray<A>, PgSessionError, R>
): Effect.Effect<Cursor<A, R>, PgSessionError, Scope.Scope> =>
  Effect.suspend(() => {
    const name = options.name ?? `effect_postgres_cursor_${++names}`
    const quoted = Identifier.quote(name)
    if (Either.isLeft(quoted))
      return Effect.fail(usage("name", `must be a name of 1 to 63 bytes: ${quoted.left}`))
    const limit: Limit = options.timeout === undefined ? {} : { timeout: options.timeout }
    // Described with the first fetch: each fetch gives its columns, and so does one of another cursor with this name.
    const self = {}
    const fetch = (direction: string) =>
      query({ ...textOnce(`fetch ${direction} from ${quoted.right}`), cursor: self }, limit)
    const row = (direction: "absolute" | "relative", argument: string) => (to: number) =>
      Effect.flatMap(whole(argument, to, -most), (at) =>
        Effect.map(fetch(`${direction} ${at}`), ([found]) => Option.fromNullable(found))
      )
    const move = (rows: number) =>
      textOnce(`move ${rows < 0 ? "backward" : "forward"} ${Math.abs(rows)} from ${quoted.right}`)
    const cursor: Cursor<A, R> = {
      name,
      forward: (count) => Effect.flatMap(countOf("count", count), (rows) => fetch(`forward ${rows}`)),
      backward: (count) => Effect.flatMap(countOf("count", count), (rows) => fetch(`backward ${rows}`)),
      absolute: row("absolute", "row"),
      relative: row("relative", "rows"),
      move: (rows) =>
        Effect.flatMap(whole("rows", rows, -most), (by) =>
          Effect.map(connection.execute(move(by), limit), ({ command }) => Number(command.rows ?? 0n))
        ),
      stream: ({ fetchSize = 256 } = {}) =>
        Stream.unwrap(
          Effect.map(whole("fetchSize", fetchSize, 1), (size) =>
            Stream.paginateChunkEffect(0, () =>
              Effect.map(fetch(`forward ${size}`), (rows) => [
                Chunk.unsafeFromArray(rows),
                rows.length < size ? Option.none<number>() : Option.some(0)
              ])
            )
          )
        )
    }
    return Effect.uninterruptibleMask((restore) =>
      Effect.as(
        restore(connection.execute(declaration(quoted.right, statement, options), limit)),
        cursor
      ).pipe(Effect.tap(Effect.addFinalizer(() => close(connection, name, quoted.right))))
    )
  })
