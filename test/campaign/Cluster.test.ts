/** Two runners of docs/examples/scaling: the one that follows the feed is killed again and again, and the other goes on where it stopped. */
import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as FreePort from "../../src/testing/FreePort.js"
import { eventually } from "../integration/support/eventually.js"
import { rawRows } from "../integration/support/rawSession.js"
import type { SharedServer } from "../integration/support/server.js"
import { isolated } from "../integration/support/server.js"
import { rounds } from "./campaign.js"

const root = fileURLToPath(new URL("../../", import.meta.url))
const script = fileURLToPath(new URL("../../docs/examples/scaling/runner.ts", import.meta.url))

/** One runner, until it is killed. */
interface Runner {
  readonly output: () => string
  readonly kill: Effect.Effect<void>
}

/** Whether it follows now, by its last report. */
const follows = ({ output }: Runner): boolean =>
  output().lastIndexOf("this runner follows") > output().lastIndexOf("this runner leaves")

const start = (server: SharedServer): Effect.Effect<Runner, never, Scope.Scope> =>
  Effect.flatMap(FreePort.find, (port) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, ["--import", "tsx", script], {
          cwd: root,
          env: {
            ...process.env,
            TSX_TSCONFIG_PATH: "tsconfig.json",
            DATABASE_URL: server.uri,
            RUNNER_PORT: String(port)
          },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let output = ""
        const collect = (chunk: Buffer): void => void (output += chunk.toString("utf8"))
        child.stdout.on("data", collect)
        child.stderr.on("data", collect)
        const ended = new Promise<void>((resolve) => child.on("close", () => resolve()))
        return {
          output: () => output,
          kill: Effect.promise(() => {
            child.kill("SIGKILL")
            return ended
          })
        }
      }),
      ({ kill }) => kill
    )
  )

describe("a feed that is a singleton of a cluster", () => {
  it.scopedLive("moves to the other runner when its own is killed, and loses and doubles no change", () =>
    Effect.gen(function* () {
      const server = yield* isolated({ version: 18 })
      const rows = (sql: string) => Effect.orDie(rawRows(server, sql))
      yield* rows("create table orders (id int4 primary key, customer text not null, cents int4 not null)")
      yield* rows("create table totals (customer text primary key, cents int8 not null)")
      yield* rows("create publication orders for table orders")
      yield* rows("select pg_create_logical_replication_slot('orders', 'pgoutput')")
      const written = yield* Ref.make(0)
      const writing = yield* Effect.forkScoped(
        Effect.forever(
          Effect.gen(function* () {
            const from = yield* Ref.getAndUpdate(written, (count) => count + 5)
            yield* rows(
              `insert into orders select i, 'customer ' || i % 7, 1 + i * 7919 % 1000 from generate_series(${from + 1}, ${from + 5}) i`
            )
            yield* Effect.sleep("20 millis")
          })
        ).pipe(Effect.withClock(Clock.make()))
      )
      const total = Effect.map(rows("select coalesce(sum(cents), 0) from totals"), ([row]) => Number(row![0]))
      let runners = [yield* start(server), yield* start(server)]
      const followed = eventually(
        Effect.sync(() => runners.find(follows)),
        (runner) => runner !== undefined
      )
      for (let round = 0; round < rounds({ small: 10, full: 40 }); round++) {
        const follower = (yield* followed)!
        const before = yield* total
        yield* eventually(total, (now) => now > before)
        yield* follower.kill
        // The one that is left takes over; a new one takes its place beside it.
        const [other] = runners.filter((runner) => runner !== follower)
        runners = [other!]
        yield* followed
        runners = [other!, yield* start(server)]
      }
      yield* Fiber.interrupt(writing)
      const sums = "select customer, sum(cents)::int8 from orders group by customer order by customer"
      yield* eventually(
        Effect.zip(rows(sums), rows("select customer, cents from totals order by customer")),
        ([wanted, found]) => JSON.stringify(wanted) === JSON.stringify(found)
      )
    })
  )
})
