/** The storage of runners of `@effect/cluster` and their shard locks, on our client. */
import * as Runner from "@effect/cluster/Runner"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as RunnerStorage from "@effect/cluster/RunnerStorage"
import * as ShardId from "@effect/cluster/ShardId"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as SqlRunnerStorage from "@effect/cluster/SqlRunnerStorage"
import { SqlClient } from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { eventually } from "../support/eventually.js"
import { layerOf, onOwnDatabase } from "./drivers.js"

const here = RunnerAddress.make("localhost", 1234)
const there = RunnerAddress.make("localhost", 5678)
const shards = [1, 2, 3].map((id) => ShardId.make("default", id))

const runners = (disableAdvisory: boolean) =>
  SqlRunnerStorage.layer.pipe(
    Layer.provide(ShardingConfig.layer({ shardLockDisableAdvisory: disableAdvisory }))
  )

const ids = (found: ReadonlyArray<ShardId.ShardId>): ReadonlyArray<number> =>
  found.map(({ id }) => id).sort((a, b) => a - b)

describe.each([
  ["by advisory locks", false],
  ["by rows", true]
])("the runner storage, %s", (_title, disableAdvisory) => {
  const layer = runners(disableAdvisory).pipe(Layer.provideMerge(onOwnDatabase()))

  it.scopedLive("knows its runners and their health", () =>
    Effect.gen(function* () {
      const storage = yield* RunnerStorage.RunnerStorage
      const runner = Runner.make({ address: here, groups: ["default"], weight: 1 })
      for (const _again of [1, 2]) assert.strictEqual(yield* storage.register(runner, true), 1)
      assert.deepStrictEqual(yield* storage.getRunners, [[runner, true]])
      yield* storage.setRunnerHealth(here, false)
      assert.deepStrictEqual(yield* storage.getRunners, [[runner, false]])
      yield* storage.unregister(here)
      assert.deepStrictEqual(yield* storage.getRunners, [])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("locks shards, again for the same runner, and frees them", () =>
    Effect.gen(function* () {
      const storage = yield* RunnerStorage.RunnerStorage
      assert.deepStrictEqual(ids(yield* storage.acquire(here, shards)), [1, 2, 3])
      assert.deepStrictEqual(ids(yield* storage.acquire(here, shards)), [1, 2, 3])
      assert.deepStrictEqual(ids(yield* storage.refresh(here, shards)), [1, 2, 3])
      yield* storage.release(here, shards[1]!)
      assert.include(ids(yield* storage.acquire(here, [shards[1]!])), 2)
      yield* storage.releaseAll(here)
    }).pipe(Effect.provide(layer))
  )
})

describe("the lock table", () => {
  it.scopedLive.each([
    ["is not made where locks are the server's", false],
    ["is made where locks are rows", true]
  ] as const)("%s", ([, disableAdvisory]) =>
    Effect.gen(function* () {
      yield* RunnerStorage.RunnerStorage
      const sql = yield* SqlClient
      const [row] = yield* sql`select to_regclass('cluster_locks') is not null as made`
      assert.deepStrictEqual(row, { made: disableAdvisory })
    }).pipe(Effect.provide(runners(disableAdvisory).pipe(Layer.provideMerge(onOwnDatabase()))))
  )
})

/** A client whose reserved connections can be made to answer no more. */
const silenced = (state: { isSilent: boolean; reserved: number }) =>
  Layer.effect(
    SqlClient,
    Effect.map(SqlClient, (sql) => {
      const heard = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
        Effect.suspend(() => (state.isSilent ? Effect.never : effect))
      const reserve = Effect.map(sql.reserve, (connection): Connection => {
        state.reserved++
        return {
          execute: (...args) => heard(connection.execute(...args)),
          executeRaw: (...args) => heard(connection.executeRaw(...args)),
          executeValues: (...args) => heard(connection.executeValues(...args)),
          executeUnprepared: (...args) => heard(connection.executeUnprepared(...args)),
          executeStream: (...args) => connection.executeStream(...args)
        }
      })
      const client: SqlClient = new Proxy(sql, {
        get: (target, property, receiver): unknown =>
          property === "reserve"
            ? reserve
            : property === "withoutTransforms"
              ? () => client
              : Reflect.get(target, property, receiver)
      })
      return client
    })
  )

describe("a lock's connection that answers no more", () => {
  it.scopedLive("is given up in time, and another one has the locks", () =>
    Effect.gen(function* () {
      const state = { isSilent: false, reserved: 0 }
      const layer = SqlRunnerStorage.layer.pipe(
        Layer.provide(ShardingConfig.layer({ shardLockExpiration: 1000, shardLockRefreshInterval: 100 })),
        Layer.provide(silenced(state)),
        Layer.provide(onOwnDatabase())
      )
      const storage = Context.get(yield* Layer.build(layer), RunnerStorage.RunnerStorage)
      assert.deepStrictEqual(ids(yield* storage.acquire(here, shards)), [1, 2, 3])
      state.isSilent = true
      assert.isTrue(Exit.isFailure(yield* Effect.exit(storage.refresh(here, shards))))
      state.isSilent = false
      const again = yield* eventually(
        Effect.orElseSucceed(storage.refresh(here, shards), () => []),
        (found) => found.length === 3
      )
      assert.deepStrictEqual(ids(again), [1, 2, 3])
      assert.isAbove(state.reserved, 1)
    })
  )
})

describe("two runners on one database", () => {
  it.scopedLive("never hold a shard together, and one takes over when the other's session is lost", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient
      const [{ current_database: database }] = (yield* sql`select current_database()`) as unknown as [
        { readonly current_database: string }
      ]
      const runnerOf = () =>
        Effect.map(
          Layer.build(
            runners(false).pipe(Layer.provide(layerOf({ session: { database, applicationName: "runner" } })))
          ),
          Context.get(RunnerStorage.RunnerStorage)
        )
      const first = yield* runnerOf()
      const second = yield* runnerOf()
      assert.deepStrictEqual(ids(yield* first.acquire(here, shards)), [1, 2, 3])
      assert.deepStrictEqual(ids(yield* second.acquire(there, shards)), [])
      yield* first.release(here, shards[0]!)
      assert.deepStrictEqual(ids(yield* second.acquire(there, shards)), [1])
      yield* sql`select pg_terminate_backend(pid) from (select distinct pid from pg_locks join pg_database d on d.oid = database where locktype = 'advisory' and datname = ${database}) as holders`
      const taken = yield* eventually(
        Effect.orElseSucceed(second.acquire(there, shards), () => []),
        (found) => found.length > 0
      )
      assert.isAbove(taken.length, 0)
    }).pipe(Effect.provide(onOwnDatabase()))
  )
})
