import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { shared } from "../support/Server.js"
import { rawRows } from "../support/RawSession.js"

describe("the shared server", () => {
  it.effect("is PostgreSQL 18 and answers over TCP and its Unix socket", () =>
    Effect.gen(function* () {
      const version = [["18"]]
      const sql = "select current_setting('server_version_num')::int / 10000"
      assert.deepStrictEqual(yield* rawRows(shared, sql), version)
      assert.deepStrictEqual(yield* rawRows({ host: shared.socketFolder, port: shared.port }, sql), version)
      assert.isTrue(NodeFs.existsSync(shared.socketFolder))
    })
  )
})
