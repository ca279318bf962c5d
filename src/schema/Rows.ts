/**
 * Rows through a Schema: what it wants of the columns, and a decoder, compiled once per Schema.
 *
 * A row that does not fit fails with `PgCodecError`, which names the column and the row and tells what was expected and the
 * shape of what was there. A Schema that runs effects keeps its requirements; its rows are decoded one after the other.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import type { Column } from "../model/Column.js"
import { PgCodecError } from "../model/PgError.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import * as ColumnCodecs from "./ColumnCodecs.js"
import * as Compare from "./Compare.js"
import * as Issue from "./Issue.js"
import * as Wanted from "./Wanted.js"

/** The result that rows belong to, for errors. */
export interface Origin {
  readonly columns: ReadonlyArray<Column>
  readonly registry: Registry
  readonly sql: string
}

export class RowSchema<A, R> {
  /** `undefined` when the Schema does not tell its columns: then nothing is compared. */
  readonly wanted: ReadonlyArray<Wanted.WantedColumn> | undefined
  private readonly parse: (row: unknown) => Effect.Effect<A, ParseResult.ParseIssue, R>
  /** Results that were found to fit. Their columns are one list for as long as their statement is prepared. */
  private readonly fitting = new WeakSet<ReadonlyArray<Column>>()

  constructor(schema: Schema.Schema<A, unknown, R>) {
    this.wanted = Wanted.of(schema.ast)
    this.parse = ParseResult.decodeUnknown(schema)
  }

  /** The comparison, when it refuses the result; it is made once for a list of columns that fits. */
  refuses(columns: ReadonlyArray<Column>, registry: Registry): Compare.Comparison | undefined {
    if (this.wanted === undefined || this.fitting.has(columns)) return undefined
    const comparison = Compare.compare(this.wanted, columns, registry)
    if (comparison.refuses) return comparison
    this.fitting.add(columns)
    return undefined
  }

  /** A codec for each column that the client's is not to read; `undefined` when it is to read them all. */
  codecs(columns: ReadonlyArray<Column>, registry: Registry): Row.ColumnCodecs | undefined {
    return this.wanted === undefined ? undefined : ColumnCodecs.of(this.wanted, columns, registry)
  }

  /** `first`: number of the first row, counted from 1. */
  decode(
    rows: ReadonlyArray<Row.Row>,
    first: number,
    origin: Origin
  ): Effect.Effect<ReadonlyArray<A>, PgCodecError, R> {
    const out: Array<A> = []
    for (let index = 0; index < rows.length; index++) {
      const parsed = this.parse(rows[index])
      if (!isDone(parsed)) return this.rest(rows, index, parsed, out, first, origin)
      if (Either.isLeft(parsed)) return Effect.fail(failure(parsed.left, first + index, origin))
      out.push(parsed.right)
    }
    return Effect.succeed(out)
  }

  /** From the first row on that needs an effect. */
  private rest(
    rows: ReadonlyArray<Row.Row>,
    from: number,
    begun: Effect.Effect<A, ParseResult.ParseIssue, R>,
    out: Array<A>,
    first: number,
    origin: Origin
  ): Effect.Effect<ReadonlyArray<A>, PgCodecError, R> {
    return Effect.as(
      Effect.forEach(
        rows.slice(from),
        (row, at) =>
          Effect.matchEffect(at === 0 ? begun : this.parse(row), {
            onFailure: (issue) => Effect.fail(failure(issue, first + from + at, origin)),
            onSuccess: (value) => Effect.sync(() => out.push(value))
          }),
        { discard: true }
      ),
      out
    )
  }
}

/** The parser answers with an `Either` where no effect is run. */
const isDone = <A, E, R>(parsed: Effect.Effect<A, E, R>): parsed is Either.Either<A, E> =>
  Either.isEither(parsed)

const compiled = new WeakMap<AST.AST, RowSchema<unknown, unknown>>()

/** Compiles a Schema, at its first use. */
export const compile = <A, I, R>(schema: Schema.Schema<A, I, R>): RowSchema<A, R> => {
  const known = compiled.get(schema.ast)
  if (known !== undefined) return known as RowSchema<A, R>
  const made = new RowSchema<A, R>(schema as Schema.Schema<A, unknown, R>)
  compiled.set(schema.ast, made)
  return made
}

/** `.a.b[0]`, what a value is told by inside its column. */
const inside = (path: ReadonlyArray<PropertyKey>): string =>
  path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("")

const failure = (issue: ParseResult.ParseIssue, rowNumber: number, origin: Origin): PgCodecError => {
  const { expected, path, received } = Issue.of(issue)
  const index = origin.columns.findLastIndex(({ name }) => name === path[0])
  const column = origin.columns[index]
  const place = inside(column === undefined ? path : path.slice(1))
  return new PgCodecError({
    direction: "decode",
    where: column?.name ?? "row",
    index,
    rowNumber,
    type: column === undefined ? "record" : origin.registry.nameOf(column.typeOid),
    reason: `${place === "" ? "" : `at ${place.slice(place.startsWith(".") ? 1 : 0)}: `}expected ${expected}, got ${received}`,
    sql: origin.sql
  })
}
