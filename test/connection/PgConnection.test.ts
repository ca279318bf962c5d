import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as PgConnection from "../../src/connection/PgConnection.js"
import { PgUsageError } from "../../src/model/PgError.js"
import * as Statement from "../../src/model/Statement.js"
import { bound, copyIn, error, harness, ready } from "./core.js"
import type { Harness } from "./core.js"

const connected = (self: Harness) => PgConnection.fromState(self.core)
const Rows = Schema.Struct({ x: Schema.Number })
const source = Stream.make(Uint8Array.of(1))

type Operation = (
  connection: PgConnection.PgConnection,
  sql: string
) => Effect.Effect<unknown, unknown, Scope.Scope>

const operations: Readonly<Record<string, Operation>> = {
  query: (c, sql) => c.query(Statement.make(sql)),
  "query with a Schema": (c, sql) => c.query(Statement.make(sql), Rows),
  execute: (c, sql) => c.execute(Statement.make(sql)),
  "execute with a Schema": (c, sql) => c.execute(Statement.make(sql), Rows),
  values: (c, sql) => c.values(Statement.make(sql)),
  stream: (c, sql) => Stream.runDrain(c.stream(Statement.make(sql))),
  "stream with a Schema": (c, sql) => Stream.runDrain(c.stream(Statement.make(sql), Rows)),
  "stream through a portal": (c, sql) => Stream.runDrain(c.stream(Statement.make(sql), { fetchSize: 9 })),
  pipeline: (c, sql) => c.pipeline([Statement.make("select 1"), Statement.make(sql)]),
  describe: (c, sql) => c.describe(Statement.make(sql)),
  compare: (c, sql) => c.compare(Statement.make(sql), Rows),
  simple: (c, sql) => c.simple(sql),
  copyFrom: (c, sql) => c.copyFrom(sql, source),
  copySink: (c, sql) => Stream.run(source, c.copySink(sql)),
  copyTo: (c, sql) => Stream.runDrain(c.copyTo(sql)),
  copyBoth: (c, sql) => c.copyBoth(sql)
}

describe("a text that cannot be sent", () => {
  for (const [name, operation] of Object.entries(operations)) {
    const expected = name.split(" ")[0]!
    it.scoped(`is refused under the name of the operation that was called: ${name}`, () =>
      Effect.gen(function* () {
        for (const [sql, status] of [
          ["select \0", "I"],
          [undefined as never, "I"],
          ["select \0", "T"]
        ] as const) {
          const self = harness()
          self.core.session = { ...self.core.session, status }
          const refused = yield* Effect.flip(operation(connected(self), sql))
          assert.deepInclude(refused, {
            _tag: "PgUsageError",
            operation: expected,
            argument: "sql",
            nothingSent: true
          })
          assert.deepStrictEqual(yield* Effect.promise(self.sent), [])
        }
      })
    )
  }
})

describe("a COPY that is called as a query", () => {
  for (const name of ["query", "execute", "values", "stream"] as const) {
    it.effect(`is refused under the name of the operation: ${name}`, () =>
      Effect.gen(function* () {
        const self = harness()
        yield* Effect.promise(() => self.know("copy t from stdin"))
        const fiber = yield* Effect.fork(
          Effect.scoped(Effect.flip(operations[name]!(connected(self), "copy t from stdin")))
        )
        yield* Effect.promise(self.sent)
        self.say(bound, copyIn)
        self.say(error("57014"), ready())
        const refused = yield* Effect.fromFiber(fiber)
        assert.instanceOf(refused, PgUsageError)
        assert.strictEqual(refused.operation, name)
      })
    )
  }
})
