import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as PgTypes from "../../../src/PgTypes.js"
import { live, shared } from "../support/server.js"
import { open, s, value } from "./sessions.js"

const bytesOf = (number: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, number)
  return bytes
}

describe("what is left behind", () => {
  it.scoped(
    "a codec, a listener and a consumer of a copy that throw leave the conversation in step (GEN-008)",
    () =>
      Effect.gen(function* () {
        const thrown = (): Effect.Effect<never> => {
          throw new Error("the application's own mistake")
        }
        const faulty = PgTypes.mapped(PgTypes.lossless.lookup(PgTypes.Oid.int2)!, thrown, thrown)
        const connection = yield* open({ types: PgTypes.lossless.with(faulty) })
        const rest = Effect.gen(function* () {
          assert.deepInclude(yield* connection.status, { state: "clean", transaction: "I", inFlight: 0 })
          assert.strictEqual(yield* value(connection, "select 42"), 42)
        })
        const listening = yield* Effect.fork(Stream.runForEach(connection.notices, thrown))
        const mistakes: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          connection.query(s("select i::int2 from generate_series(1, 1000) i")),
          connection.query(s("select $1::int2", [1])),
          Stream.runDrain(connection.stream(s("select i::int2 from generate_series(1, 10000) i"))),
          connection.pipeline([s("select 1::int2"), s("select 2")]),
          Stream.runForEach(connection.copyTo("copy (select generate_series(1, 100000)) to stdout"), thrown),
          connection.copyFrom("copy pg_temp.none from stdin", Stream.fromEffect(Effect.suspend(thrown)))
        ]
        for (const wrong of mistakes) {
          assert.isTrue(Exit.isFailure(yield* Effect.exit(wrong)))
          yield* rest
        }
        yield* connection.simple("do $$ begin raise notice 'heard'; end $$")
        assert.isTrue(Exit.isFailure(yield* Fiber.await(listening)))
        yield* rest
      }).pipe(live)
  )

  it.scoped("a consumer that throws leaves the conversation in step (GEN-008)", () =>
    Effect.gen(function* () {
      const connection = yield* open()
      const exit = yield* Effect.exit(
        Stream.runForEach(
          connection.stream(s("select i from generate_series(1, 100000) i")),
          (): Effect.Effect<void> => {
            throw new Error("the consumer's own mistake")
          }
        )
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.deepInclude(yield* connection.status, { state: "clean", transaction: "I", inFlight: 0 })
      assert.strictEqual(yield* value(connection, "select 42"), 42)
    }).pipe(live)
  )

  it.scoped(
    "values arrive unchanged under either standard_conforming_strings: no value becomes SQL text (CON-089)",
    () =>
      Effect.gen(function* () {
        const connection = yield* open()
        yield* connection.simple("set standard_conforming_strings = off; set escape_string_warning = off")
        assert.strictEqual(yield* connection.parameter("standard_conforming_strings"), "off")
        const text = `back\\slash 'quote' \\' "double" $1`
        assert.strictEqual(yield* value(connection, "select $1::text", [text]), text)
      }).pipe(live)
  )

  it.scoped("the old function call is still spoken (FLW-091, FLW-090)", () =>
    Effect.gen(function* () {
      const connection = yield* open()
      const oid = (yield* value(connection, "select 'pg_catalog.int4pl'::regproc::oid")) as number
      const sum = yield* connection.callFunction({ functionOid: oid, arguments: [bytesOf(40), bytesOf(2)] })
      assert.deepStrictEqual(sum === null ? null : new Uint8Array(sum), bytesOf(42))
      const none = yield* connection.callFunction({ functionOid: oid, arguments: [bytesOf(40), null] })
      assert.isNull(none)
      const unknown = yield* Effect.flip(connection.callFunction({ functionOid: 1, arguments: [] }))
      assert.deepInclude(unknown, { _tag: "PgServerError", code: "42883" })
      assert.strictEqual(yield* value(connection, "select 42"), 42)
    }).pipe(live)
  )

  it.effect("a process whose connections are over or broken ends by itself (FLW-097, TRP-122)", () =>
    Effect.gen(function* () {
      const script = fileURLToPath(new URL("../support/connectAndEnd.ts", import.meta.url))
      const ended = yield* Effect.async<{ readonly code: number | null; readonly output: string }>(
        (resume) => {
          const child = spawn(process.execPath, ["--import", "tsx", script], {
            env: { ...process.env, PGHOST: shared.host, PGPORT: String(shared.port), PGUSER: "postgres" },
            stdio: ["ignore", "pipe", "inherit"]
          })
          let output = ""
          child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
          child.on("exit", (code) => resume(Effect.succeed({ code, output })))
        }
      )
      assert.deepStrictEqual(ended, { code: 0, output: "closed\nbroken\nfailed\n" })
    }).pipe(live)
  )
})
