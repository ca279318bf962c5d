/**
 * Whole conversations, cut in either direction after every byte of their first four kilobytes and at places of the seed
 * beyond: whatever happens, each operation ends in bounded time, in its result or in a typed error, and nothing is
 * rejected unheard.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { PgConfigInput } from "../../src/config/Input.js"
import type { PgConnection } from "../../src/connection/PgConnection.js"
import type { DirectionFault } from "../../src/testing/FaultProxy.js"
import * as FaultProxy from "../../src/testing/FaultProxy.js"
import { open, s, type Target } from "../integration/connection/sessions.js"
import { describeWithServer, live, shared } from "../integration/support/server.js"
import type { Random } from "./campaign.js"
import { announce, faster, isFull, randomOf, rounds, unhandled } from "./campaign.js"

/** How an operation of a conversation may end when the link is harmed. */
const typed = new Set([
  "PgConnectError",
  "PgAuthError",
  "PgServerError",
  "PgProtocolError",
  "PgClosedError",
  "PgTimeoutError",
  "PgCommitUnknownError",
  "TimeoutException"
])

/** Facts among them that are independent of the link. */
const deadlines = new Set(["PgTimeoutError", "TimeoutException"])

const line = new TextEncoder().encode(`${"copied".repeat(20)}\n`)

/** Deadlines of ours for what has none of its own. */
const bounded = Effect.timeout("10 seconds")

/** The operations after connecting, in order. Each checks its whole result: a short one is no success. */
const operations: ReadonlyArray<(pg: PgConnection) => Effect.Effect<void, { readonly _tag: string }>> = [
  (pg) =>
    Effect.map(pg.values(s("select $1::int4, $2::text", [1, "text"]), { timeout: "10 seconds" }), (rows) =>
      assert.deepStrictEqual(rows, [[1, "text"]])
    ),
  (pg) =>
    Effect.map(
      Effect.flip(pg.simple("select 1; select 1 / 0", { timeout: "10 seconds" })),
      ({ _tag }) => _tag
    ).pipe(
      Effect.flatMap((_tag) => (_tag === "PgServerError" ? Effect.void : Effect.fail({ _tag }))),
      Effect.mapError((error) =>
        typeof error === "object" && "_tag" in error ? error : { _tag: "no error" }
      )
    ),
  (pg) =>
    Effect.map(
      bounded(Stream.runCount(pg.stream(s("select i, repeat('x', i) from generate_series(1, 40) i")))),
      (count) => assert.strictEqual(count, 40)
    ),
  (pg) =>
    bounded(
      pg.withTransaction(
        Effect.map(
          Stream.runCount(pg.stream(s("select generate_series(1, 25)"), { fetchSize: 10 })),
          (count) => assert.strictEqual(count, 25)
        )
      )
    ),
  (pg) =>
    Effect.map(
      bounded(pg.copyFrom("create temp table t (x text); copy t from stdin", Stream.make(line, line, line))),
      ({ rows }) => assert.strictEqual(rows, 3n)
    ),
  (pg) =>
    Effect.map(bounded(Stream.runCollect(pg.copyTo("copy t to stdout"))), (chunks) =>
      assert.isTrue(Buffer.concat(Chunk.toReadonlyArray(chunks)).equals(Buffer.concat([line, line, line])))
    ),
  (pg) =>
    Effect.map(
      bounded(Stream.runCount(pg.stream(s("select repeat('y', 900) from generate_series(1, 60)")))),
      (count) => assert.strictEqual(count, 60)
    )
]

/** Connects and does everything; gives the tags of what went wrong, in order. */
const converse = (target: Target, config: PgConfigInput): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const opened = yield* Effect.either(open({ target, config }))
    if (Either.isLeft(opened)) return [opened.left._tag]
    const failures: Array<string> = []
    for (const operation of operations) {
      const outcome = yield* Effect.either(operation(opened.right))
      if (Either.isLeft(outcome)) failures.push(outcome.left._tag)
    }
    const { inFlight, state, waiting } = yield* opened.right.status
    const told = `${state} after ${failures.join(", ") || "no failure"}`
    assert.deepStrictEqual([inFlight, waiting], [0, 0], told)
    // A deadline that passes on a busy machine before the link is harmed ends with a cancel, which may leave all in order; what
    // the operation should have made is then missing to those after it.
    const [first] = failures
    assert.include(
      first === undefined || deadlines.has(first) ? ["broken", "clean"] : ["broken"],
      state,
      told
    )
    return failures
  }).pipe(
    Effect.scoped,
    Effect.timeoutFail({ duration: "200 seconds", onTimeout: () => "hangs" }),
    Effect.orDieWith((hangs) => new Error(`the conversation ${hangs}`))
  )

type Direction = "toServer" | "toClient"
type Kind = "cutAfter" | "resetAfter" | "stallAfter"

interface Case {
  readonly direction: Direction
  readonly kind: Kind
  readonly after: number
}

const border = 4096

/** Every byte up to the border, or some of them, and places beyond. */
const places = (length: number, random: Random, count: number): ReadonlyArray<number> => {
  const near = Math.min(length, border)
  const first = isFull
    ? Array.from({ length: near + 1 }, (_, at) => at)
    : Array.from({ length: count }, () => random.whole(0, near))
  const beyond =
    length > border ? Array.from({ length: Math.ceil(count / 4) }, () => random.whole(border, length)) : []
  return [...first, ...beyond]
}

/** One harmed conversation. Only its own connection is harmed: a cancel may get through. */
const harmed = (target: Target, config: PgConfigInput, { after, direction, kind }: Case) =>
  Effect.scoped(
    Effect.gen(function* () {
      const fault: DirectionFault = { [kind]: after }
      const proxy = yield* FaultProxy.make({
        target,
        faults: (connection) => (connection === 0 ? { [direction]: fault } : {})
      }).pipe(live)
      return yield* converse(proxy, config)
    })
  )

const campaign = (name: string, target: () => Target, config: PgConfigInput, stream: number) => {
  it.scopedLive(
    `${name}: every cut ends each operation, in bounded time and with a typed error (CON-134, FLW-095, TRP-132)`,
    () =>
      Effect.gen(function* () {
        announce(`of cuts, ${name}`)
        const random = randomOf(stream)
        const count = rounds({ small: 60, full: 800 })
        const lengths = yield* Effect.scoped(
          Effect.gen(function* () {
            const proxy = yield* FaultProxy.make({ target: target() })
            assert.deepStrictEqual(yield* converse(proxy, config), [])
            return yield* proxy.bytes
          })
        )
        const cases: ReadonlyArray<Case> = (["toServer", "toClient"] as const).flatMap((direction) =>
          (["cutAfter", "resetAfter", "stallAfter"] as const).flatMap((kind) =>
            places(lengths[direction], random, count).map((after) => ({ direction, kind, after }))
          )
        )
        const ends = new Map<string, number>()
        const rejected = yield* unhandled(
          Effect.forEach(
            cases,
            (one) =>
              Effect.map(harmed(target(), config, one), (failures) => {
                for (const failure of failures)
                  assert.isTrue(typed.has(failure), `${JSON.stringify(one)}: ${failure}`)
                // What is cut before the last operation's last bytes cannot go unnoticed.
                if (one.after < lengths[one.direction] * 0.9) assert.isNotEmpty(failures, JSON.stringify(one))
                const key = failures[0] ?? "none"
                ends.set(key, (ends.get(key) ?? 0) + 1)
              }).pipe(
                Effect.tapErrorCause(() =>
                  Effect.sync(() => process.stdout.write(`${JSON.stringify(one)}\n`))
                )
              ),
            { concurrency: 40, discard: true }
          ).pipe(faster(10))
        )
        assert.deepStrictEqual(rejected, [])
        process.stdout.write(`${cases.length} conversations: ${JSON.stringify(Object.fromEntries(ends))}\n`)
      })
  )
}

describe("conversations", () => {
  campaign("let in by trust", () => shared, {}, 1)
})

describeWithServer("conversations with a password", { password: "secret" }, (server) => {
  campaign("let in by SCRAM", server, { password: "secret" }, 2)
})
