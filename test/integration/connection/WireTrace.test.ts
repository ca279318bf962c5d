import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { PgConnector } from "../../../src/connection/PgConnector.js"
import * as PgConnectors from "../../../src/connection/PgConnector.js"
import { configOf, s } from "./sessions.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"

describe("the wire trace of a session", () => {
  it.live("has its messages from the first to the last, and no secret", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const target = yield* start({
        password: "secret",
        hba: ["host all all 127.0.0.1/32 scram-sha-256"],
        listen: "tcp"
      })
      const config = configOf({ target, config: { password: "secret" } })
      const layer = PgConnectors.layer(config, {
        wireTrace: { write: (line, session) => void lines.push(`${session} ${line}`) }
      })
      yield* Effect.gen(function* () {
        const connector = Context.get(yield* Layer.build(layer), PgConnector)
        for (let n = 0; n < 2; n++)
          yield* Effect.scoped(
            Effect.flatMap(connector.open(), (connection) => connection.values(s("select 'hidden', 1")))
          )
      }).pipe(Effect.scoped)
      for (const line of lines)
        assert.match(line, /^[12] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\t[FB]\t\d+\t[A-Z]\w+(?:\t .*)?$/)
      const second = lines.filter((line) => line.startsWith("2 ")).map((line) => line.split("\t").slice(1))
      assert.strictEqual(second[0]![2], "StartupMessage")
      assert.deepStrictEqual(second.at(-1), ["F", "4", "Terminate"])
      const all = lines.join("\n")
      assert.include(all, '"select ?, ?"')
      assert.include(all, "SASLInitialResponse\t ***")
      assert.match(all, /BackendKeyData\t \d+ \*\*\*/)
      assert.match(all, /DataRow\t 2 6 \? 4 \?/)
      assert.notInclude(all, "hidden")
      assert.notInclude(all, "n,,n=")
    }).pipe(Effect.scoped)
  )
})
