import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as PgConnection from "../../../src/connection/PgConnection.js"
import type {
  PipelineItem,
  PipelineOptions,
  StepOutcome
} from "../../../src/connection/statement/PipelineSteps.js"
import { flush, step, sync } from "../../../src/connection/statement/PipelineSteps.js"
import type { PgServerError, PgSessionError } from "../../../src/model/PgError.js"
import * as Statement from "../../../src/model/Statement.js"
import * as PgSchema from "../../../src/schema/PgSchema.js"
import type { BackendMessage as Message } from "../../../src/wire/BackendMessage.js"
import { assertSubset } from "../../support/subset.js"
import { bound, complete, described, error, harness, int4, ready, row } from "../core.js"

const insert = Statement.make("insert into t values (1)")
const select = Statement.make("select 1 as x")
const X = Schema.Struct({ x: PgSchema.Int4 })

/** A connection that knows both statements, and the pipeline that runs on it. */
const running = async <const Items extends ReadonlyArray<PipelineItem>>(
  items: Items,
  options?: PipelineOptions
) => {
  const self = harness()
  await self.know(insert.sql, [], [])
  await self.know(select.sql)
  const connection = PgConnection.fromState(self.core)
  const pipeline = connection.pipeline(items, options) as Effect.Effect<
    {
      readonly steps: ReadonlyArray<StepOutcome<unknown>>
      readonly error: PgServerError | undefined
      readonly errors: ReadonlyArray<PgServerError | undefined>
    },
    PgSessionError
  >
  const told = Effect.runPromise(Effect.either(pipeline))
  return { self, told, sent: await self.sent() }
}

const inserted: ReadonlyArray<Message> = [bound, complete("INSERT 0 1")]
const selected: ReadonlyArray<Message> = [bound, row(1), complete("SELECT 1")]
const tags = (steps: ReadonlyArray<StepOutcome<unknown>>) =>
  steps.map((outcome) => (outcome._tag === "Aborted" ? `by ${outcome.by}` : outcome._tag))

describe("Syncs and Flushes of the user's in a pipeline", () => {
  it("are written where they stand, in one burst, and once where two meet or the end is", async () => {
    const { self, sent, told } = await running([
      sync,
      insert,
      flush,
      insert,
      flush,
      sync,
      sync,
      flush,
      select,
      sync
    ])
    assert.deepStrictEqual(sent, ["Bind Execute Flush Bind Execute Sync Bind Execute Sync"])
    self.say(...inserted, ...inserted, ready(), ...selected)
    assert.deepStrictEqual(await self.sent(), [])
    self.say(ready())
    const result = await told
    assertSubset(result, { _tag: "Right", right: { error: undefined, errors: [undefined, undefined] } })
    assert.deepStrictEqual(result._tag === "Right" && tags(result.right.steps), [
      "Completed",
      "Completed",
      "Completed"
    ])
  })

  it("part it: a refused step takes back its part, and the next part runs", async () => {
    const { self, told } = await running([insert, insert, sync, insert, insert, sync, select])
    self.say(
      bound,
      error("23505"),
      ready(),
      ...inserted,
      ...inserted,
      error("23514"),
      ready(),
      ...selected,
      ready()
    )
    const result = await told
    if (result._tag === "Left") return assert.fail(String(result.left))
    const { error: first, errors, steps } = result.right
    assert.deepStrictEqual(tags(steps), ["Failed", "by 0", "Completed", "Completed", "Completed"])
    assert.strictEqual(first?.code, "23505")
    assert.deepStrictEqual(
      errors.map((each) => each?.code),
      ["23505", "23514", undefined]
    )
    assertSubset(steps[4], { result: { rows: [{ x: 1 }] } })
  })

  it("keep it from being repeated: a part may be stored, and the next use describes them anew", async () => {
    const { self, told } = await running([select, sync, insert])
    self.say(error("26000"), ready(), ...inserted, ready())
    assert.deepStrictEqual(await self.sent(), [])
    const result = await told
    assert.deepStrictEqual(result._tag === "Right" && tags(result.right.steps), ["Failed", "Completed"])
    self.query(select.sql)
    assert.deepStrictEqual(await self.sent(), ["Close Close Parse Describe Flush"])
  })

  it("keep it from being repeated when the last part is the refused one", async () => {
    const { self, told } = await running([insert, sync, select])
    self.say(...inserted, ready(), error("26000"), ready())
    assert.deepStrictEqual(await self.sent(), [])
    const result = await told
    assert.deepStrictEqual(result._tag === "Right" && tags(result.right.steps), ["Completed", "Failed"])
  })

  it("let others have the connection when all parts are answered, and not before", async () => {
    const { self, told } = await running([insert, sync, select])
    self.query(select.sql)
    self.say(...inserted, ready())
    assert.deepStrictEqual(await self.sent(), [])
    self.say(...selected, ready())
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    assert.strictEqual((await told)._tag, "Right")
  })

  it("count as many errors as there are Syncs when a description is refused", async () => {
    const self = harness()
    const connection = PgConnection.fromState(self.core)
    const told = Effect.runPromise(connection.pipeline([insert, sync, select]))
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Parse Describe Flush"])
    self.say(...described([], []), error("42P01"))
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    const { errors, steps } = await told
    assert.deepStrictEqual(tags(steps), ["by 1", "Failed"])
    assert.deepStrictEqual(
      errors.map((each) => each?.code),
      ["42P01", "42P01"]
    )
  })
})

describe("steps of a pipeline", () => {
  it("with a Schema have its type, and those without have the server's values", async () => {
    const self = harness()
    const connection = PgConnection.fromState(self.core)
    await self.know(insert.sql, [], [])
    await self.know(select.sql)
    const told = Effect.runPromise(connection.pipeline([insert, sync, step(select, X)]))
    await self.sent()
    self.say(...inserted, ready(), ...selected, ready())
    const {
      steps: [first, second]
    } = await told
    assertSubset(first, { _tag: "Completed", result: { command: { text: "INSERT 0 1" } } })
    // The type is the Schema's, without a check that it is there.
    const x: number | undefined = second._tag === "Completed" ? second.result.rows[0]?.x : undefined
    assert.strictEqual(x, 1)
  })

  it("are read through their Schemas, each its own, and a row that one refuses fails the whole", async () => {
    const running = async (value: number) => {
      const self = harness()
      const connection = PgConnection.fromState(self.core)
      await self.know(insert.sql, [], [])
      await self.know(select.sql)
      const Small = Schema.Struct({ x: PgSchema.Int4.pipe(Schema.lessThan(10)) })
      const Renamed = Schema.Struct({
        day: PgSchema.Int4.pipe(Schema.propertySignature, Schema.fromKey("x"))
      })
      const items = [select, step(select, Renamed), flush, insert, sync, step(select, Small)] as const
      const told = Effect.runPromise(Effect.either(connection.pipeline(items)))
      assert.deepStrictEqual(await self.sent(), [
        "Bind Execute Bind Execute Flush Bind Execute Sync Bind Execute Sync"
      ])
      self.say(
        ...selected,
        ...selected,
        ...inserted,
        ready(),
        bound,
        row(value),
        complete("SELECT 1"),
        ready()
      )
      return { result: await told, self }
    }
    const { result } = await running(7)
    if (result._tag === "Left") return assert.fail(String(result.left))
    assert.deepStrictEqual(
      result.right.steps.map((outcome) => (outcome._tag === "Completed" ? outcome.result.rows : [])),
      [[{ x: 1 }], [{ day: 1 }], [], [{ x: 7 }]]
    )
    const refused = await running(70)
    assertSubset(refused.result, { _tag: "Left", left: { _tag: "PgCodecError", nothingSent: false } })
    assert.include(refused.result._tag === "Left" ? refused.result.left.message : "", "x")
    refused.self.query(select.sql)
    assert.deepStrictEqual(await refused.self.sent(), ["Bind Execute Sync"])
  })

  it("are refused together, before anything runs, when one does not fit its Schema", async () => {
    const { self, sent, told } = await running([insert, step(select, Schema.Struct({ y: PgSchema.Int4 }))])
    // What was known may be old: it is described once more.
    assert.deepStrictEqual(sent, ["Parse Describe Flush"])
    self.say(...described([], [int4("x")]))
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    // The catalogue is asked for what the refusal can name.
    assert.deepStrictEqual(await self.sent(), ["Query"])
    self.say(error("42501"), ready())
    assertSubset(await told, { _tag: "Left", left: { _tag: "PgCodecError", nothingSent: true } })
  })

  it("with a Schema through which no row goes are refused before anything is sent", async () => {
    const { sent, told } = await running([step(select, Schema.Array(Schema.Number))])
    assert.deepStrictEqual(sent, [])
    assertSubset(await told, { _tag: "Left", left: { _tag: "PgUsageError", argument: "schema" } })
  })

  it("are given to onStep as soon as each is known", async () => {
    const known: Array<string> = []
    const onStep: PipelineOptions["onStep"] = (at, { _tag }) => void known.push(`${at} ${_tag}`)
    const { self, told } = await running([insert, flush, select, insert], { onStep })
    self.say(...inserted)
    assert.deepStrictEqual(known, ["0 Completed"])
    self.say(...selected, bound, error("23505"), ready())
    await told
    assert.deepStrictEqual(known, ["0 Completed", "1 Completed", "2 Failed"])
  })

  it("that were given to onStep are not repeated, and each is given once", async () => {
    const known: Array<string> = []
    const onStep: PipelineOptions["onStep"] = (at, { _tag }) => void known.push(`${at} ${_tag}`)
    const { self, told } = await running([select, select], { onStep })
    self.say(...selected, error("26000"), ready())
    assert.deepStrictEqual(await self.sent(), [])
    await told
    assert.deepStrictEqual(known, ["0 Completed", "1 Failed"])
  })

  it("fail with PgUsageError when onStep throws, and the connection goes on", async () => {
    const { self, told } = await running([insert, select], {
      onStep: () => {
        throw new RangeError("no")
      }
    })
    self.say(...inserted, ...selected, ready())
    const result = await told
    assertSubset(result, { _tag: "Left", left: { _tag: "PgUsageError", argument: "onStep", sent: true } })
    self.query(select.sql)
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
  })
})
