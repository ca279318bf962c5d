/**
 * What the types promise, compiled against the built declarations by the least and the newest TypeScript (and in this project by its
 * own): a type that silently became `any`, or a call that must not compile, fails the gate.
 */
import { Effect, Option, Redacted, Schema, Stream } from "effect"
import { Copy, PgClient, PgSchema, Replication, Sql } from "effect-postgres"
import type { Statement } from "effect-postgres"

type IsAny<T> = 0 extends 1 & T ? true : false
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(..._proofs: ReadonlyArray<T>): void => undefined
const fails = <T extends false>(..._proofs: ReadonlyArray<T>): void => undefined

class Person extends Schema.Class<Person>("Person")({
  id: PgSchema.Int8,
  name: Schema.NullOr(PgSchema.Text),
  born: Schema.propertySignature(PgSchema.DateFromTimestampTz).pipe(Schema.fromKey("born_at"))
}) {}
const _Flat = Schema.Struct({
  photo: PgSchema.Bytea,
  price: PgSchema.Numeric,
  tags: PgSchema.array(PgSchema.Text)
})

type Row = typeof _Flat.Type
holds<IsAny<Row["photo"]> extends false ? true : false>()
holds<Row["photo"] extends Uint8Array ? true : false>()
fails<IsAny<Row["price"]> | IsAny<Row["tags"]>>()
holds<Same<Row["tags"], ReadonlyArray<string>>>()

export const program = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  const _people = yield* pg.query(Sql.sql`select * from people where id = ${1n} and name = ${"Ada"}`, Person)
  holds<Same<(typeof _people)[number], Person>>()
  const _plain = yield* pg.query(Sql.sql`select 1 as one`)
  holds<Same<(typeof _plain)[number], Record<string, unknown>>>()

  const _bytes = yield* Stream.runHead(Copy.to("copy people to stdout"))
  fails<IsAny<Option.Option.Value<typeof _bytes>>>()
  // @ts-expect-error A copy takes bytes and no strings.
  yield* Copy.from("copy people from stdin", Stream.make("1"))
  yield* Copy.from("copy people from stdin", Stream.make(new Uint8Array(1)))

  // @ts-expect-error A row is no string.
  yield* pg.query(Sql.sql`select 1 as n`, Schema.String)
  // @ts-expect-error A row is not just anything.
  yield* pg.query(Sql.sql`select 1 as n`, Schema.Unknown)
  // @ts-expect-error Nor are those of a table.
  Replication.table("people", Schema.Number)
  // @ts-expect-error Nor those of a copy.
  yield* Stream.runDrain(Copy.rowsFrom({ table: "people" }, Schema.String))
})

/** Values that can be parameters, and some that never can. */
export const statements = (
  anything: unknown,
  whatever: ReturnType<typeof JSON.parse>,
  id: number | null
): ReadonlyArray<Statement.Statement> => [
  Sql.sql`select ${1}, ${null}, ${[1, null]}, ${new Date(0)}, ${{ a: 1 }}, ${anything}, ${whatever}, ${id}, ${undefined}`,
  Sql.sql`select ${Sql.typed(114, [])} ${Sql.identifier("a")} ${Sql.empty} ${Redacted.make("secret")}`,
  // @ts-expect-error A promise is no value yet.
  Sql.sql`select ${Promise.resolve(1)}`,
  // @ts-expect-error A function is no value.
  Sql.sql`select ${() => 1}`,
  // @ts-expect-error Nor is a class.
  Sql.sql`select ${Date}`,
  // @ts-expect-error Nor a symbol.
  Sql.sql`select ${Symbol.iterator}`,
  // @ts-expect-error An Effect has to be run first.
  Sql.sql`select ${Effect.succeed(1)}`,
  // @ts-expect-error An Option has to be opened.
  Sql.sql`select ${Option.some(1)}`,
  // @ts-expect-error A Schema describes values and is not one.
  Sql.sql`select ${PgSchema.Int4}`
]
