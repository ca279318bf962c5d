/**
 * A job queue in a table. Workers take jobs by SKIP LOCKED, in a transaction that ends with the job: a worker that dies gives its job back. A
 * notification wakes idle workers; what it misses is found a second later.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Deferred, Effect, Layer, Schema, Stream } from "effect"
import { Listen, PgClient, PgConfig, PgSchema, Sql } from "effect-postgres"

const { sql } = Sql

const Job = Schema.Struct({ id: PgSchema.Int8, payload: PgSchema.Text, attempts: PgSchema.Int4 })
type Job = typeof Job.Type

const mostAttempts = 3

const enqueue = (payloads: ReadonlyArray<string>) =>
  Effect.flatMap(PgClient.PgClient, (pg) =>
    pg.withTransaction(
      Effect.zipRight(
        pg.query(sql`insert into recipe_jobs (payload) select unnest(${payloads}::text[])`),
        // Sent at COMMIT, when the jobs can be seen.
        Listen.notify("recipe_jobs", "")
      )
    )
  )

/** Takes one job and works on it; false when no job waits. A job that fails comes again later, at most three times. */
const workOnce = <E, R>(work: (job: Job) => Effect.Effect<unknown, E, R>) =>
  Effect.flatMap(PgClient.PgClient, (pg) =>
    pg.withTransaction(
      Effect.gen(function* () {
        const [job] = yield* pg.query(
          sql`select id, payload, attempts from recipe_jobs
            where state = 'waiting' and due <= now() order by id limit 1 for update skip locked`,
          Job
        )
        if (job === undefined) return false
        // A savepoint: what the job has written is undone when it fails, and the count of attempts is kept.
        const failure = yield* Effect.either(pg.withTransaction(work(job)))
        const attempts = job.attempts + 1
        if (failure._tag === "Right") yield* pg.query(sql`delete from recipe_jobs where id = ${job.id}`)
        else
          yield* pg.query(sql`update recipe_jobs set attempts = ${attempts},
            state = ${attempts < mostAttempts ? "waiting" : "failed"},
            due = now() + ${attempts} * interval '50 milliseconds' where id = ${job.id}`)
        return true
      })
    )
  )

/** Works until it is interrupted. */
const worker = <E, R>(wake: Stream.Stream<unknown>, work: (job: Job) => Effect.Effect<unknown, E, R>) =>
  Stream.merge(wake, Stream.tick("200 millis")).pipe(
    Stream.runForEach(() => Effect.repeat(workOnce(work), { while: (found) => found }))
  )

const program = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  yield* pg.query(sql`drop table if exists recipe_jobs`)
  yield* pg.query(sql`create table recipe_jobs (id int8 primary key generated always as identity, payload text not null,
    state text not null default 'waiting', attempts int4 not null default 0, due timestamptz not null default now())`)
  yield* pg.query(sql`create index on recipe_jobs (due, id) where state = 'waiting'`)

  const done: Array<string> = []
  const finished = yield* Deferred.make<void>()
  const work = (job: Job) =>
    job.payload === "broken"
      ? Effect.zipRight(
          job.attempts + 1 === mostAttempts ? Deferred.succeed(finished, undefined) : Effect.void,
          Effect.fail("this job never works")
        )
      : Effect.sync(() => done.push(job.payload))

  for (let n = 0; n < 4; n++) {
    const events = yield* Listen.listen("recipe_jobs")
    yield* Effect.forkScoped(worker(Stream.orDie(events), work))
  }
  yield* enqueue(["broken", ...Array.from({ length: 100 }, (_, n) => `job ${n}`)])
  yield* Deferred.await(finished)
  // The last attempt is stored when its transaction has ended.
  const left = yield* pg
    .values(sql`select state, attempts, (select count(*)::int4 from recipe_jobs) from recipe_jobs`)
    .pipe(Effect.repeat({ until: (rows) => rows.length === 1 && rows[0]![0] === "failed" }))
  yield* Console.log(`${done.length} jobs done, ${new Set(done).size} different ones; left:`, left)
}).pipe(Effect.scoped)

const services = Layer.provideMerge(Listen.layer(), PgClient.layerConfig(PgConfig.fromEnv))

NodeRuntime.runMain(program.pipe(Effect.provide(services)))
