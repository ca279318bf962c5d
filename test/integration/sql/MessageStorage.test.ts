/** The storage of messages of `@effect/cluster` on our client. */
import * as EntityAddress from "@effect/cluster/EntityAddress"
import * as EntityId from "@effect/cluster/EntityId"
import * as EntityType from "@effect/cluster/EntityType"
import * as Envelope from "@effect/cluster/Envelope"
import * as Message from "@effect/cluster/Message"
import * as MessageStorage from "@effect/cluster/MessageStorage"
import * as Reply from "@effect/cluster/Reply"
import * as ShardId from "@effect/cluster/ShardId"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as Snowflake from "@effect/cluster/Snowflake"
import * as SqlMessageStorage from "@effect/cluster/SqlMessageStorage"
import * as Headers from "@effect/platform/Headers"
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcSchema from "@effect/rpc/RpcSchema"
import { SqlClient } from "@effect/sql/SqlClient"
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
import { onOwnDatabase } from "./drivers.js"

const messages = SqlMessageStorage.layer.pipe(
  Layer.provideMerge(Snowflake.layerGenerator),
  Layer.provide(ShardingConfig.layerDefaults),
  Layer.provideMerge(onOwnDatabase())
)

const Plain = Rpc.make("Plain", { payload: { n: Schema.Number } })

/** A request that is known by its key, and answers with a stream. */
class Keyed extends Schema.TaggedRequest<Keyed>()("Keyed", {
  success: RpcSchema.Stream({ success: Schema.Number, failure: Schema.Never }),
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
                values: [chunk] as never
              }),
        context: request.context,
        rpc: request.rpc
      })
  )

/** The keys of requests, as they are stored. */
const keys = Effect.flatMap(SqlClient, (sql) =>
  Effect.map(sql`select message_id from cluster_messages order by id`.values, (rows) =>
    rows.map(([key]) => key)
  )
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

  it.scopedLive("keeps a short key as it is, and finds the request by it", () =>
    Effect.gen(function* () {
      const storage = yield* MessageStorage.MessageStorage
      const request = yield* keyed("short")
      yield* storage.saveRequest(request)
      assert.deepStrictEqual(yield* keys, [`thing/7/Keyed/short`])
      assert.deepStrictEqual(
        yield* storage.requestIdForPrimaryKey({ ...request.envelope, id: "short" }),
        Option.some(request.envelope.requestId)
      )
      const again = yield* Effect.flatMap(keyed("short"), storage.saveRequest)
      assert.isTrue(again._tag === "Duplicate" && again.originalId === request.envelope.requestId)
    }).pipe(Effect.provide(messages))
  )

  it.scopedLive(
    "keeps a hash of a key that is longer than its column, and finds the request by the key",
    () =>
      Effect.gen(function* () {
        const storage = yield* MessageStorage.MessageStorage
        const id = "ü and more, ".repeat(40)
        const request = yield* keyed(id)
        assert.strictEqual((yield* storage.saveRequest(request))._tag, "Success")
        const [key, ...others] = yield* keys
        assert.match(String(key), /^[0-9a-f]{64}$/)
        assert.deepStrictEqual(others, [])
        assert.deepStrictEqual(
          yield* storage.requestIdForPrimaryKey({ ...request.envelope, id }),
          Option.some(request.envelope.requestId)
        )
        assert.strictEqual((yield* Effect.flatMap(keyed(id), storage.saveRequest))._tag, "Duplicate")
        assert.strictEqual((yield* Effect.flatMap(keyed(`${id}.`), storage.saveRequest))._tag, "Success")
      }).pipe(Effect.provide(messages))
  )
})
