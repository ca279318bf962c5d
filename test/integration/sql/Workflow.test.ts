/** The workflow engine of `@effect/cluster`, with all of its storage on our client. */
import * as ClusterWorkflowEngine from "@effect/cluster/ClusterWorkflowEngine"
import * as SingleRunner from "@effect/cluster/SingleRunner"
import { SqlClient } from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as Activity from "@effect/workflow/Activity"
import * as DurableClock from "@effect/workflow/DurableClock"
import * as DurableDeferred from "@effect/workflow/DurableDeferred"
import * as Workflow from "@effect/workflow/Workflow"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schema from "effect/Schema"
import { eventually } from "../support/eventually.js"
import { onOwnDatabase } from "./drivers.js"

const Order = Workflow.make({
  name: "Order",
  payload: { id: Schema.String, cents: Schema.Number },
  success: Schema.Struct({ charged: Schema.Number, shippedBy: Schema.String }),
  error: Schema.String,
  idempotencyKey: ({ id }) => id
})

const Approval = DurableDeferred.make("Approval", { success: Schema.String })

/** What its activities have done. */
class Done {
  readonly charged: Array<string> = []
  readonly shipped: Array<string> = []
  readonly refunded: Array<string> = []
}

const orders = (done: Done) =>
  Order.toLayer(
    Effect.fnUntraced(function* ({ cents, id }) {
      const charged = yield* Activity.make({
        name: "Charge",
        success: Schema.Number,
        execute: Effect.sync(() => {
          done.charged.push(id)
          return cents
        })
      }).pipe(Order.withCompensation(() => Effect.sync(() => done.refunded.push(id))))
      const shippedBy = yield* DurableDeferred.await(Approval)
      yield* DurableClock.sleep({ name: "Pack", duration: "50 millis", inMemoryThreshold: 0 })
      yield* Activity.make({
        name: "Ship",
        error: Schema.String,
        execute: Effect.suspend(() => {
          done.shipped.push(id)
          return shippedBy === "nobody" ? Effect.fail("nobody ships it") : Effect.void
        })
      })
      return { charged, shippedBy }
    })
  )

const engine = ClusterWorkflowEngine.layer.pipe(
  Layer.provideMerge(
    SingleRunner.layer({
      shardingConfig: {
        shardsPerGroup: 5,
        entityMessagePollInterval: "50 millis",
        refreshAssignmentsInterval: "100 millis",
        entityTerminationTimeout: 0
      }
    })
  )
)

/** A process of its own, as far as the storage can see: nothing lasts from one to the next but the database. */
const inProcess = <A, E, R>(done: Done, program: Effect.Effect<A, E, R>) =>
  program.pipe(
    Effect.provide(orders(done).pipe(Layer.provideMerge(engine))),
    Effect.scoped,
    Logger.withMinimumLogLevel(LogLevel.None)
  )

describe("the workflow engine", () => {
  it.scopedLive("goes on in another process where the first one stopped, and repeats no activity", () =>
    Effect.gen(function* () {
      const done = new Done()
      const payload = { id: "an order ü", cents: 1234 }
      const executionId = yield* inProcess(
        done,
        Effect.zipLeft(
          Order.execute(payload, { discard: true }),
          eventually(
            Effect.sync(() => done.charged.length),
            (length) => length === 1
          )
        )
      )
      assert.deepStrictEqual([done.charged, done.shipped], [[payload.id], []])
      const later = new Done()
      yield* inProcess(
        later,
        Effect.gen(function* () {
          const token = yield* DurableDeferred.tokenFromPayload(Approval, { workflow: Order, payload })
          yield* DurableDeferred.succeed(Approval, { token, value: "Grace" })
          const result = yield* Order.execute(payload)
          assert.deepStrictEqual(result, { charged: 1234, shippedBy: "Grace" })
          assert.deepStrictEqual([later.charged, later.shipped], [[], [payload.id]])
          // Known by its key: asked for once more, it is not run once more.
          assert.deepStrictEqual(yield* Order.execute(payload), result)
          assert.deepInclude(yield* Order.poll(executionId), { _tag: "Complete" })
          assert.deepStrictEqual(later.shipped, [payload.id])
        })
      )
      const sql = yield* SqlClient
      const [row] = yield* sql`select count(*)::int4 as open from cluster_messages where not processed`
      assert.deepStrictEqual(row, { open: 0 })
    }).pipe(Effect.provide(onOwnDatabase({ max: 6 })))
  )

  it.scopedLive("fails with the error of an activity, and undoes what was done before", () =>
    Effect.gen(function* () {
      const done = new Done()
      const payload = { id: "another", cents: 5 }
      yield* inProcess(
        done,
        Effect.gen(function* () {
          const token = yield* DurableDeferred.tokenFromPayload(Approval, { workflow: Order, payload })
          yield* DurableDeferred.succeed(Approval, { token, value: "nobody" })
          assert.strictEqual(yield* Effect.flip(Order.execute(payload)), "nobody ships it")
        })
      )
      assert.deepStrictEqual(
        [done.charged, done.shipped, done.refunded],
        [["another"], ["another"], ["another"]]
      )
    }).pipe(Effect.provide(onOwnDatabase({ max: 6 })))
  )
})
