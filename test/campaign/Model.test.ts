/**
 * Random programs of queries, failures, transactions, pipelines, streams, copies and cancels on one connection, compared
 * step by step with a plain sequential model of what PostgreSQL does. A failing program is made smaller.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import fc from "fast-check"
import type { PgConnection } from "../../src/connection/PgConnection.js"
import type { PgSessionError } from "../../src/model/PgError.js"
import { open, s } from "../integration/connection/sessions.js"
import { eventually } from "../integration/support/eventually.js"
import { announce, rounds, seed } from "./campaign.js"

const runs = rounds({ small: 150, full: 5000 })

/** One step, as a value. */
type Step =
  | { readonly _tag: "Value"; readonly n: number }
  | { readonly _tag: "Insert"; readonly id: number }
  | { readonly _tag: "Count" }
  | { readonly _tag: "Fail"; readonly how: "run" | "parse" | "encode" }
  | { readonly _tag: "Begin" | "Commit" | "Rollback" }
  | { readonly _tag: "Text"; readonly ids: ReadonlyArray<number> }
  | { readonly _tag: "Pipeline"; readonly steps: ReadonlyArray<number | "fail"> }
  | { readonly _tag: "Stream"; readonly rows: number; readonly take: number; readonly fetchSize: number }
  | { readonly _tag: "Whole"; readonly rows: number }
  | { readonly _tag: "CopyIn"; readonly ids: ReadonlyArray<number>; readonly broken: boolean }
  | { readonly _tag: "CopyOut" }
  | { readonly _tag: "Cancel" }
  | { readonly _tag: "Together"; readonly steps: ReadonlyArray<Step> }

const id = fc.integer({ min: 1, max: 6 })
const simple: ReadonlyArray<fc.Arbitrary<Step>> = [
  fc.record({ _tag: fc.constant("Value" as const), n: fc.integer({ min: 0, max: 99 }) }),
  fc.record({ _tag: fc.constant("Insert" as const), id }),
  fc.record({ _tag: fc.constant("Count" as const) }),
  fc.record({
    _tag: fc.constant("Fail" as const),
    how: fc.constantFrom("run" as const, "parse" as const, "encode" as const)
  }),
  fc.record({ _tag: fc.constantFrom("Begin" as const, "Commit" as const, "Rollback" as const) })
]
const step: fc.Arbitrary<Step> = fc.oneof(
  ...simple,
  fc.record({ _tag: fc.constant("Text" as const), ids: fc.array(id, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    _tag: fc.constant("Pipeline" as const),
    steps: fc.array(fc.oneof(id, fc.constant("fail" as const)), { maxLength: 4 })
  }),
  fc.record({
    _tag: fc.constant("Stream" as const),
    rows: fc.integer({ min: 0, max: 12 }),
    take: fc.integer({ min: 1, max: 12 }),
    fetchSize: fc.integer({ min: 1, max: 5 })
  }),
  fc.record({ _tag: fc.constant("Whole" as const), rows: fc.integer({ min: 0, max: 300 }) }),
  fc.record({
    _tag: fc.constant("CopyIn" as const),
    ids: fc.array(id, { maxLength: 3 }),
    broken: fc.boolean()
  }),
  fc.record({ _tag: fc.constant("CopyOut" as const) }),
  fc.record({ _tag: fc.constant("Cancel" as const) }),
  fc.record({
    _tag: fc.constant("Together" as const),
    steps: fc.array(fc.oneof(...simple), { minLength: 2, maxLength: 6 })
  })
)

/** What a step shows: a value, or the code of the server's error, or the tag of ours. */
type Shown = unknown

// The model.

class Model {
  status: "I" | "T" | "E" = "I"
  private stored = new Set<number>()
  private now = new Set<number>()

  /** Runs a statement as PostgreSQL does, alone or in the open block. */
  private statement(effect: () => Shown): Shown {
    if (this.status === "E") return "25P02"
    const before = new Set(this.now)
    const shown = effect()
    if (!isError(shown)) {
      if (this.status === "I") this.stored = new Set(this.now)
      return shown
    }
    this.now = before
    if (this.status === "T") this.status = "E"
    return shown
  }

  private insert(id: number): Shown {
    if (this.now.has(id)) return "23505"
    this.now.add(id)
    return "INSERT 0 1"
  }

  /** Several statements in one transaction, if none is open: the first failure undoes all. */
  private group(ids: ReadonlyArray<number | "fail">): ReadonlyArray<Shown> {
    let failed = false
    const before = new Set(this.now)
    const shown = ids.map((id) => {
      if (failed) return "aborted"
      const one = this.status === "E" ? "25P02" : id === "fail" ? "22012" : this.insert(id)
      failed = isError(one)
      return one
    })
    if (failed) {
      this.now = before
      if (this.status === "T") this.status = "E"
    } else if (this.status === "I") this.stored = new Set(this.now)
    return shown
  }

  run(step: Step): Shown {
    switch (step._tag) {
      case "Value":
        return this.statement(() => step.n)
      case "Insert":
        return this.statement(() => this.insert(step.id))
      case "Count":
      case "CopyOut":
        return this.statement(() => this.now.size)
      case "Fail":
        if (step.how === "encode") return "PgCodecError"
        if (step.how === "run") return this.statement(() => "22012")
        // Text is parsed before anything else is looked at, also in a failed block.
        if (this.status === "T") this.status = "E"
        return "42601"
      case "Begin":
        if (this.status === "E") return "25P02"
        this.status = "T"
        return "BEGIN"
      case "Commit": {
        const tag = this.status === "E" ? "ROLLBACK" : "COMMIT"
        if (this.status === "E") this.now = new Set(this.stored)
        else this.stored = new Set(this.now)
        this.status = "I"
        return tag
      }
      case "Rollback":
        this.now = new Set(this.stored)
        this.status = "I"
        return "ROLLBACK"
      case "Text": {
        const shown = this.group(step.ids)
        return shown.find(isError) ?? shown
      }
      case "Pipeline":
        return this.group(step.steps)
      case "Stream":
        return this.statement(() => Math.min(step.rows, step.take))
      case "Whole":
        return this.statement(() => step.rows)
      case "CopyIn":
        return this.statement(() => {
          // A bad row is met only when the rows before it are good: they are inserted in batches, checked at the end.
          if (step.broken) return "22P02"
          return step.ids.map((id) => this.insert(id)).find(isError) ?? step.ids.length
        })
      case "Cancel":
        if (this.status === "T") this.status = "E"
        return "cancelled"
      case "Together":
        return step.steps.map((one) => this.run(one))
    }
  }
}

const isError = (shown: Shown): boolean =>
  typeof shown === "string" && /^[0-9A-Z]{5}$/.test(shown) && /\d/.test(shown)

// The connection.

const shownError = (error: PgSessionError | string): Shown =>
  typeof error === "string" ? error : error._tag === "PgServerError" ? error.code : error._tag

const shown = <A>(effect: Effect.Effect<A, PgSessionError>): Effect.Effect<Shown> =>
  Effect.map(Effect.either(effect), Either.merge).pipe(
    Effect.map((outcome) =>
      typeof outcome === "object" && outcome !== null && "_tag" in outcome
        ? shownError(outcome as PgSessionError)
        : outcome
    )
  )

const unencodable = (text: string) => s("select $1::text", [text])

/** Which step of a pipeline fails in a failed block depends on which of its statements are known already. */
const inAnyOrder = (shown: Shown): Shown => (Array.isArray(shown) ? [...shown].sort() : shown)

const run = (pg: PgConnection, step: Step): Effect.Effect<Shown> => {
  const tagOf = (sql: string, parameters: ReadonlyArray<unknown> = []) =>
    shown(Effect.map(pg.execute(s(sql, parameters)), ({ command }) => command.text))
  const insert = (id: number) => s("insert into model values ($1)", [id])
  switch (step._tag) {
    case "Value":
      return shown(Effect.map(pg.values(s("select $1::int4", [step.n])), ([row]) => row![0]))
    case "Insert":
      return tagOf("insert into model values ($1)", [step.id])
    case "Count":
      return shown(Effect.map(pg.values(s("select count(*)::int4 from model")), ([row]) => row![0]))
    case "Fail":
      if (step.how === "encode") return shown(pg.query(unencodable("a\0b")))
      return shown(pg.query(s(step.how === "run" ? "select 1 / 0" : "selec")))
    case "Begin":
    case "Commit":
    case "Rollback":
      return tagOf(step._tag.toLowerCase())
    case "Text":
      return shown(
        Effect.map(pg.simple(step.ids.map((id) => `insert into model values (${id})`).join(";")), (results) =>
          results.map(({ command }) => command.text)
        )
      )
    case "Pipeline":
      return shown(
        Effect.map(
          pg.pipeline(step.steps.map((id) => (id === "fail" ? s("select 1 / 0") : insert(id)))),
          ({ steps }) =>
            steps.map((outcome) =>
              outcome._tag === "Completed"
                ? outcome.result.command.text
                : outcome._tag === "Failed"
                  ? outcome.error.code
                  : "aborted"
            )
        )
      )
    case "Stream":
      return shown(
        Stream.runCount(
          Stream.take(
            pg.stream(s("select generate_series(1, $1::int4)", [step.rows]), { fetchSize: step.fetchSize }),
            step.take
          )
        )
      )
    case "Whole":
      return shown(Stream.runCount(pg.stream(s("select generate_series(1, $1::int4)", [step.rows]))))
    case "CopyIn": {
      const data = new TextEncoder().encode(
        [...step.ids, ...(step.broken ? ["x"] : [])].map((id) => `${id}\n`).join("")
      )
      return shown(
        Effect.map(pg.copyFrom("copy model from stdin", Stream.make(data)), ({ rows }) => Number(rows))
      )
    }
    case "CopyOut":
      return shown(
        Effect.map(
          Stream.runFold(pg.copyTo("copy model to stdout"), 0, (bytes, chunk) => bytes + chunk.length),
          (bytes) => bytes / 2
        )
      )
    case "Cancel":
      return Effect.gen(function* () {
        const fiber = yield* Effect.fork(pg.simple("select pg_sleep(60)"))
        yield* eventually(
          Effect.zip(pg.status, fiber.status),
          ([{ inFlight }, status]) => inFlight === 1 || status._tag === "Done"
        )
        yield* Fiber.interrupt(fiber)
        return "cancelled"
      })
    case "Together":
      return Effect.forEach(step.steps, (one) => run(pg, one), { concurrency: "unbounded" })
  }
}

/**
 * A value that does not fit a known statement is refused once the statement has been described anew, which the server refuses first in a
 * transaction that has failed meanwhile.
 */
const describedAnew = (found: unknown, expected: unknown): unknown => {
  if (Array.isArray(found) && Array.isArray(expected))
    return found.map((each, at) => describedAnew(each, expected[at]))
  return found === "25P02" && expected === "PgCodecError" ? expected : found
}

describe("a connection", () => {
  it.scopedLive(
    `does in ${runs} random programs what the sequential model does (FLW-039, FLW-049, FLW-055, FLW-100)`,
    () =>
      Effect.gen(function* () {
        announce("of random programs")
        const pg = yield* open({
          config: { statementCacheSize: 40, parameters: { client_min_messages: "error" } }
        })
        yield* pg.simple("create temp table model (id int primary key)")
        const program = (steps: ReadonlyArray<Step>) =>
          Effect.gen(function* () {
            yield* pg.simple("rollback")
            yield* pg.simple("truncate model")
            // Known from here on: what cannot be encoded is refused before the server is asked.
            yield* pg.query(unencodable("fine"))
            const model = new Model()
            for (const [at, step] of steps.entries()) {
              const compared =
                step._tag === "Pipeline" && model.status === "E" ? inAnyOrder : (shown: Shown) => shown
              const expected = compared(model.run(step))
              const found = compared(yield* run(pg, step))
              assert.deepStrictEqual(
                step._tag === "Together" || model.status === "E" ? describedAnew(found, expected) : found,
                expected,
                `step ${at}: ${JSON.stringify(step)}`
              )
              const status = yield* pg.status
              assert.deepStrictEqual(
                [status.transaction, status.inFlight, status.waiting, status.cancels, status.holds.lease],
                [model.status, 0, 0, 0, false],
                `after step ${at}: ${JSON.stringify(step)}`
              )
            }
          })
        const runtime = yield* Effect.runtime<never>()
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) =>
              Effect.runPromise(Effect.provide(program(steps), runtime))
            ),
            { numRuns: runs, seed, endOnFailure: false }
          )
        )
      })
  )
})
