/**
 * Two databases, each with a client of its own. What must happen in both goes through an outbox: it is written in the transaction of the first, and carried
 * to the second as often as it takes. The second knows what it has had already, so that twice is as good as once.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect, Either, Layer, Schedule } from "effect"
import { PgClient, PgConfig, PgConnector, Sql } from "effect-postgres"

const { sql } = Sql

class Shop extends Context.Tag("Shop")<Shop, PgClient.PgClientService>() {}
class Ledger extends Context.Tag("Ledger")<Ledger, PgClient.PgClientService>() {}

const connector = PgConnector.layerConfig(PgConfig.fromEnv)

/** On servers of their own these would have connectors of their own. */
const clients = Layer.mergeAll(
  Layer.scoped(Shop, PgClient.make({ session: { database: "recipe_shop" } })),
  Layer.scoped(Ledger, PgClient.make({ session: { database: "recipe_ledger" } }))
).pipe(Layer.provide(connector))

const order = (id: number, cents: number) =>
  Effect.flatMap(Shop, (shop) =>
    shop.withTransaction(
      Effect.gen(function* () {
        yield* shop.query(sql`insert into orders (id, cents) values (${id}, ${cents})`)
        yield* shop.query(sql`insert into outbox (payload) values (${{ order: id, cents }}::jsonb)`)
      })
    )
  )

/** Carries what waits in the outbox, the oldest first. Ends when it is empty. */
const carry = Effect.gen(function* () {
  const [shop, ledger] = [yield* Shop, yield* Ledger]
  const one = shop.withTransaction(
    Effect.gen(function* () {
      const [row] = yield* shop.values(sql`select id, payload from outbox order by id limit 1 for update`)
      if (row === undefined) return false
      const [id, payload] = row
      // First the ledger, then the end of the entry: when the process dies between the two, the entry is carried again.
      yield* ledger.query(sql`insert into bookings (outbox_id, payload) values (${id}, ${payload}::jsonb)
        on conflict (outbox_id) do nothing`)
      yield* shop.query(sql`delete from outbox where id = ${id}`)
      return true
    })
  )
  yield* Effect.repeat(one, { while: (found) => found })
})

/** In place of migrations: the two databases, made by the one that the environment names. */
const databases = Effect.gen(function* () {
  const connection = yield* Effect.flatMap(PgConnector.PgConnector, ({ open }) => open())
  for (const name of ["recipe_shop", "recipe_ledger"]) {
    yield* connection.simple(`drop database if exists ${name} with (force)`)
    yield* Effect.addFinalizer(() => Effect.orDie(connection.simple(`drop database ${name} with (force)`)))
    yield* connection.simple(`create database ${name}`)
  }
}).pipe(Effect.provide(connector))

const program = Effect.gen(function* () {
  const [shop, ledger] = [yield* Shop, yield* Ledger]
  yield* shop.query(sql`create table orders (id int8 primary key, cents int8 not null)`)
  yield* shop.query(
    sql`create table outbox (id int8 primary key generated always as identity, payload jsonb not null)`
  )

  yield* order(1, 1250)
  yield* order(2, 900)
  // The ledger has no table yet: the first attempts fail, and nothing is lost.
  const failed = yield* Effect.either(carry)
  yield* Console.log(Either.isLeft(failed) ? failed.left.message.split("\n")[0] : "carried")
  yield* ledger.query(sql`create table bookings (outbox_id int8 primary key, payload jsonb not null)`)
  yield* Effect.retry(carry, Schedule.recurs(3))

  // An entry that comes again, as after a crash between the two databases.
  yield* shop.query(
    sql`insert into outbox (id, payload) overriding system value values (1, '{"order": 1, "cents": 1250}')`
  )
  yield* carry
  yield* Console.log(
    "orders:",
    (yield* shop.values(sql`select count(*)::int4, sum(cents)::int4 from orders`))[0],
    "bookings:",
    (yield* ledger.values(sql`select count(*)::int4, sum((payload->>'cents')::int4)::int4 from bookings`))[0]
  )
})

NodeRuntime.runMain(
  Effect.scoped(Effect.zipRight(databases, Effect.scoped(program.pipe(Effect.provide(clients)))))
)
