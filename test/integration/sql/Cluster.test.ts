/** The storage of `@effect/cluster` on our client: messages, runners and their shard locks. */
import * as EntityAddress from "@effect/cluster/EntityAddress"
import * as EntityId from "@effect/cluster/EntityId"
import * as EntityType from "@effect/cluster/EntityType"
import * as Envelope from "@effect/cluster/Envelope"
import * as Message from "@effect/cluster/Message"
import * as MessageStorage from "@effect/cluster/MessageStorage"
import * as Reply from "@effect/cluster/Reply"
import * as Runner from "@effect/cluster/Runner"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as RunnerStorage from "@effect/cluster/RunnerStorage"
import * as ShardId from "@effect/cluster/ShardId"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as Snowflake from "@effect/cluster/Snowflake"
import * as SqlMessageStorage from "@effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "@effect/cluster/SqlRunnerStorage"
import * as Headers from "@effect/platform/Headers"
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcSchema from "@effect/rpc/RpcSchema"
import { SqlClient } from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PrimaryKey from "effect/PrimaryKey"
import * as Schema from "effect/Schema"
import { eventually } from "../support/eventually.js"
import { layerOf, onOwnDatabase } from "./drivers.js"

const messages = SqlMessageStorage.layer.pipe(
  Layer.provideMerge(Snowflake.layerGenerator),
  Layer.provide(ShardingConfig.layerDefaults),
  Layer.provideMerge(onOwnDatabase())
)

const Plain = Rpc.make("Plain", { payload: { n: Schema.Number } })

/** A request that is known by its key, and answers with a stream. */
class Keyed extends Schema.TaggedRequest<Keyed>()("Keyed", {
  success: RpcSchema.Stream({ success: Schema.Void, failure: Schema.Never }),
  failure: Schema.Never,
  payload: { key: Schema.String }
}) {
  [PrimaryKey.symbol]() {
    return this.key
  }
}

const shard = ShardId.make("default", 1)

type Request = Message.OutgoingRequest<Rpc.Any>

const requestOf = (rpc: Rpc.AnyWithProps, payload: unknown) =>
  Effect.map(
    Snowflake.Generator,
    (snowflake): Request =>
      new Message.OutgoingRequest<Rpc.Any>({
        envelope: Envelope.makeRequest<Rpc.Any>({
          requestId: snowflake.unsafeNext(),
          address: new EntityAddress.EntityAddress({
            shardId: shard,
            entityType: EntityType.EntityType.make("thing"),
            entityId: EntityId.EntityId.make("7")
          }),
          tag: rpc._tag as never,
          payload: payload as never,
          traceId: "trace",
          spanId: "span",
          sampled: false,
          headers: Headers.fromInput({ a: "ü" })
        }),
        context: Context.empty() as never,
        rpc: rpc as never,
        lastReceivedReply: Option.none(),
        respond: () => Effect.void
      })
  )

const plain = (n: number) => requestOf(Plain, { n })
const keyed = (key: string) => requestOf(Rpc.fromTaggedRequest(Keyed), new Keyed({ key }))

const replyTo = (request: Request, chunk?: number) =>
  Effect.map(
    Snowflake.Generator,
    (snowflake) =>
      new Reply.ReplyWithContext<Rpc.Any>({
        reply:
          chunk === undefined
            ? new Reply.WithExit({
                id: snowflake.unsafeNext(),
                requestId: request.envelope.requestId,
                exit: Exit.void as never
              })
            : new Reply.Chunk({
                id: snowflake.unsafeNext(),
                requestId: request.envelope.requestId,
                sequence: chunk,
                values: [undefined] as never
              }),
        context: request.context,
        rpc: request.rpc
      })
  )

const payloads = (found: ReadonlyArray<Message.Incoming<Rpc.Any>>): ReadonlyArray<unknown> =>
  found.map(({ envelope }) =>
    envelope._tag === "Request" ? (envelope.payload as { readonly n: number }).n : envelope._tag
  )

describe("the message storage", () => {
  it.scopedLive("gives each request once, in order, and none that has been answered", () =>
    Effect.gen(function* () {
      const storage = yield* MessageStorage.MessageStorage
      const requests = yield* Effect.forEach([1, 2, 3, 4], plain)
      for (const request of requests)
        assert.strictEqual((yield* storage.saveRequest(request))._tag, "Success")
      yield* storage.saveReply(yield* replyTo(requests[1]!))
      assert.deepStrictEqual(payloads(yield* storage.unprocessedMessages([shard])), [1, 3, 4])
      assert.deepStrictEqual(payloads(yield* storage.unprocessedMessages([shard])), [])
      yield* storage.saveRequest(yield* plain(5))
      assert.deepStrictEqual(payloads(yield* storage.unprocessedMessages([shard])), [5])
    }).pipe(Effect.provide(messages))
  )

  it.scopedLive("finds requests by their id, until they are answered", () =>
    Effect.gen(function* () {
      const storage = yield* MessageStorage.MessageStorage
      const request = yield* plain(1)
      yield* storage.saveRequest(request)
      const find = storage.unprocessedMessagesById([request.envelope.requestId])
      assert.deepStrictEqual(payloads(yield* find), [1])
      yield* storage.saveReply(yield* replyTo(request))
      assert.deepStrictEqual(payloads(yield* find), [])
    }).pipe(Effect.provide(messages))
  )

  it.scopedLive("knows a request by its key, with the last reply that came", () =>
    Effect.gen(function* () {
      const storage = yield* MessageStorage.MessageStorage
      const request = yield* keyed("a key ü")
      assert.strictEqual((yield* storage.saveRequest(request))._tag, "Success")
      const again = Effect.flatMap(keyed("a key ü"), storage.saveRequest)
      const first = yield* again
      assert.isTrue(first._tag === "Duplicate" && Option.isNone(first.lastReceivedReply))
      yield* storage.saveReply(yield* replyTo(request, 0))
      assert.strictEqual((yield* storage.repliesFor([request])).length, 1)
      yield* storage.saveReply(yield* replyTo(request))
      const last = yield* again
      assert.isTrue(
        last._tag === "Duplicate" &&
          Option.isSome(last.lastReceivedReply) &&
          last.lastReceivedReply.value._tag === "WithExit"
      )
      assert.strictEqual((yield* Effect.flatMap(keyed("another"), storage.saveRequest))._tag, "Success")
    }).pipe(Effect.provide(messages))
  )

  it.scopedLive("has the replies to requests, and their snowflakes digit for digit", () =>
    Effect.gen(function* () {
      const storage = yield* MessageStorage.MessageStorage
      const request = yield* plain(1)
      yield* storage.saveRequest(request)
      assert.deepStrictEqual(yield* storage.repliesFor([request]), [])
      const reply = yield* replyTo(request)
      yield* storage.saveReply(reply)
      const [found] = yield* storage.repliesFor([request])
      assert.deepStrictEqual([found!.id, found!.requestId], [reply.reply.id, request.envelope.requestId])
      assert.strictEqual(typeof found!.id, "bigint")
    }).pipe(Effect.provide(messages))
  )

  it.scopedLive("delivers a reply to a waiting caller", () =>
    Effect.gen(function* () {
      const storage = yield* MessageStorage.MessageStorage
      const answered = yield* Deferred.make<void>()
      const request = yield* plain(1)
      yield* storage.saveRequest(request)
      const waiting = yield* Effect.fork(
        storage.registerReplyHandler(
          new Message.OutgoingRequest({
            ...request,
            respond: () => Effect.asVoid(Deferred.succeed(answered, undefined))
          })
        )
      )
      yield* Effect.yieldNow()
      yield* storage.saveReply(yield* replyTo(request))
      yield* Deferred.await(answered)
      yield* Fiber.await(waiting)
    }).pipe(Effect.provide(messages))
  )

  it.scopedLive("gives what was taken again once its shard has been reset", () =>
    Effect.gen(function* () {
      const storage = yield* MessageStorage.MessageStorage
      yield* storage.saveRequest(yield* plain(1))
      assert.deepStrictEqual(payloads(yield* storage.unprocessedMessages([shard])), [1])
      yield* storage.resetShards([shard])
      assert.deepStrictEqual(payloads(yield* storage.unprocessedMessages([shard])), [1])
    }).pipe(Effect.provide(messages))
  )
})

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
      assert.strictEqual(Number(yield* storage.register(runner, true)), 1)
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
