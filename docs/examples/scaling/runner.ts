/**
 * One runner of a cluster: `RUNNER_PORT=34431 tsx runner.ts`, as many as there are machines. One of them follows the slot `orders` and keeps
 * the total of each customer; when it dies, another goes on where it stopped. `DATABASE_URL` is the database with the table `orders`.
 */
import * as Singleton from "@effect/cluster/Singleton"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as NodeClusterSocket from "@effect/platform-node/NodeClusterSocket"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Config, Console, Effect, Layer, Option, Schema } from "effect"
import { PgConfig, PgConnector, PgSchema, Replication, Sql } from "effect-postgres"
import { PgSqlClient } from "effect-postgres/sql"

const { sql } = Sql

const Order = Schema.Struct({ id: PgSchema.Int4, customer: PgSchema.Text, cents: PgSchema.Int4 })
const orders = Replication.table("public.orders", Order)

/** What is written for a transaction of the source, in the transaction in which the position is stored. */
const totals = Effect.map(PgConnector.PgConnector, (target) =>
  Replication.exactlyOnce({ connection: target.open() }, (event, connection) =>
    event._tag !== "Transaction"
      ? Effect.void
      : Effect.forEach(event.changes, (change) =>
          Effect.flatMap(orders.decode(change), (found) =>
            Option.isSome(found) && found.value._tag === "Insert"
              ? connection.query(
                  sql`insert into totals values (${found.value.new.row.customer}, ${found.value.new.row.cents})
                      on conflict (customer) do update set cents = totals.cents + excluded.cents`
                )
              : Effect.void
          )
        )
  )
)

const feed = Effect.gen(function* () {
  yield* Console.log("this runner follows the orders")
  yield* Replication.run({ slot: "orders", publications: ["orders"] }, yield* totals)
}).pipe(
  // A runner that joins the cluster may take it over.
  Effect.onInterrupt(() => Console.log("this runner leaves the orders to another"))
)

const cluster = Layer.unwrapEffect(
  Effect.map(Config.integer("RUNNER_PORT"), (port) =>
    NodeClusterSocket.layer({
      storage: "sql",
      runnerHealth: "ping",
      shardingConfig: {
        runnerAddress: Option.some(RunnerAddress.make("127.0.0.1", port)),
        shardsPerGroup: 10,
        // How soon a runner that died is replaced.
        shardLockExpiration: "5 seconds",
        refreshAssignmentsInterval: "1 second"
      }
    })
  )
)

const runner = Singleton.make("orders", feed).pipe(
  Layer.provide(cluster),
  Layer.provide(PgSqlClient.layerConfig(PgConfig.fromEnv, { max: 5 }))
)

NodeRuntime.runMain(Layer.launch(runner))
