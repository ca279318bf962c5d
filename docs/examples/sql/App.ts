/**
 * A small application over `@effect/sql`: migrations, a repository, transactions, a resolver, a stream, notifications. It knows
 * `SqlClient` and the tag of `@effect/sql-pg`, and nothing of which driver is below: `onSqlPg.ts` and `onEffectPostgres.ts` differ in one import.
 */
import { Migrator, Model, SqlClient, SqlResolver } from "@effect/sql"
import type { SqlError } from "@effect/sql"
import { Console, Effect, Option, Schema, Stream } from "effect"

class Account extends Model.Class<Account>("Account")({
  id: Model.Generated(Schema.Number),
  owner: Schema.String,
  /** `int8` is text to both drivers. */
  cents: Schema.BigInt,
  openedAt: Model.DateTimeInsertFromDate
}) {}

const migrations = Migrator.fromRecord({
  "1_accounts": Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`create table accounts (
      id serial primary key,
      owner text not null unique,
      cents int8 not null check (cents >= 0),
      opened_at timestamptz not null
    )`
  )
})

const accounts = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const repository = yield* Model.makeRepository(Account, {
    tableName: "accounts",
    spanPrefix: "accounts",
    idColumn: "id"
  })
  const byId = yield* SqlResolver.findById("AccountById", {
    Id: Schema.Number,
    Result: Account,
    ResultId: ({ id }) => id,
    execute: (ids) => sql`select * from accounts where ${sql.in("id", ids)}`
  })
  const move = (from: number, to: number, cents: bigint) =>
    sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`update accounts set cents = cents + ${cents} where id = ${to}`
        yield* sql`update accounts set cents = cents - ${cents} where id = ${from}`
      })
    )
  return { repository, byId, move }
})

/** What an error of the server is called. */
const codeOf = ({ cause }: SqlError.SqlError): string =>
  Schema.is(Schema.Struct({ code: Schema.String }))(cause) ? cause.code : "none"

/** The whole application. `name`: of the table of migrations, before `_migrations`. */
export const app = (name: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* Migrator.make({})({ loader: migrations, table: `${name}_migrations` })
    const { byId, move, repository } = yield* accounts

    const open = (owner: string, cents: bigint) =>
      repository.insert(Account.insert.make({ owner, cents, openedAt: undefined }))
    const ada = yield* open("Ada", 9_007_199_254_740_993n)
    const grace = yield* open("Grace", 500n)

    yield* move(grace.id, ada.id, 200n)
    const refused = yield* Effect.flip(move(grace.id, ada.id, 1_000n))
    yield* Console.log("refused with", codeOf(refused))

    const both = yield* Effect.forEach([ada.id, grace.id, 99], (id) => byId.execute(id), { batching: true })
    for (const found of both)
      yield* Console.log(
        Option.match(found, {
          onNone: () => "no account",
          onSome: ({ cents, owner }) => `${owner} has ${cents}`
        })
      )

    yield* sql`select n, n * n as square from generate_series(1, 100000) as n`.stream.pipe(
      Stream.take(3),
      Stream.runForEach((row) => Console.log(row))
    )
  })
