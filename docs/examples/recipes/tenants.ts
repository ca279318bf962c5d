/**
 * Many tenants in one table, kept apart by row-level security. Each request runs in a transaction under a role without rights of its own, with the tenant as a setting of the
 * transaction: both end with it, so nothing is left on a connection of the pool, and a pooler in transaction mode is fine.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect } from "effect"
import { PgClient, PgConfig, PgError, Sql, SqlState } from "effect-postgres"

const { sql } = Sql

/** Who the request is for, as the login has found out. */
class Tenant extends Context.Tag("Tenant")<Tenant, { readonly id: number }>() {}

const role = Sql.identifier("recipe_tenant")

/** Runs for the tenant of the request, and for no other. */
const forTenant = <A, E, R>(body: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const pg = yield* PgClient.PgClient
    const { id } = yield* Tenant
    return yield* pg.withTransaction(
      Effect.gen(function* () {
        yield* pg.query(sql`set local role ${role}`)
        yield* pg.query(sql`select set_config('app.tenant', ${String(id)}, true)`)
        return yield* body
      })
    )
  })

const notes = Effect.flatMap(PgClient.PgClient, (pg) =>
  pg.values(sql`select tenant, text from recipe_notes order by id`)
)
const add = (tenant: number, text: string) =>
  Effect.flatMap(PgClient.PgClient, (pg) =>
    pg.query(sql`insert into recipe_notes (tenant, text) values (${tenant}, ${text})`)
  )

const as = (id: number) => Effect.provideService(Tenant, { id })

const tables = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  const connection = yield* pg.connection
  yield* connection.simple(`
    drop table if exists recipe_notes;
    drop role if exists recipe_tenant;
    create role recipe_tenant nologin;
    create table recipe_notes (id int8 primary key generated always as identity, tenant int4 not null, text text not null);
    create index on recipe_notes (tenant);
    alter table recipe_notes enable row level security;
    create policy own on recipe_notes
      using (tenant = current_setting('app.tenant')::int4) with check (tenant = current_setting('app.tenant')::int4);
    grant select, insert, update, delete on recipe_notes to recipe_tenant;
  `)
}).pipe(Effect.scoped)

const program = Effect.gen(function* () {
  yield* tables
  yield* forTenant(add(1, "buy milk")).pipe(as(1))
  yield* forTenant(add(2, "sell milk")).pipe(as(2))
  yield* Console.log("tenant 1 sees", yield* forTenant(notes).pipe(as(1)))
  yield* Console.log("tenant 2 sees", yield* forTenant(notes).pipe(as(2)))
  const refused = yield* forTenant(add(2, "for another tenant")).pipe(
    as(1),
    Effect.catchIf(PgError.hasCode(SqlState.insufficientPrivilege), (error) => Effect.succeed(error.text))
  )
  yield* Console.log("tenant 1 writes for tenant 2:", refused)
  // Behind the transaction the session is what it was.
  const pg = yield* PgClient.PgClient
  yield* Console.log(
    "afterwards:",
    yield* pg.values(
      sql`select current_user = session_user, coalesce(current_setting('app.tenant', true), '') = ''`
    )
  )
  yield* pg.query(sql`drop table recipe_notes`)
  yield* pg.query(sql`drop role ${role}`)
})

NodeRuntime.runMain(program.pipe(Effect.provide(PgClient.layerConfig(PgConfig.fromEnv, { max: 1 }))))
