import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../src/connection/PgConnection.js"
import type { WaitMode } from "../../src/connection/WaitForLsn.js"
import { waitForLsn } from "../../src/connection/WaitForLsn.js"
import { assertSubset } from "../support/subset.js"

/** A session of a server of this version, which answers with a status. */
const sessionOf = (version: number | undefined, status = "success") => {
  const sent: Array<string> = []
  const connection = {
    serverVersion: Effect.succeed(version),
    simple: (sql: string) => {
      sent.push(sql)
      return Effect.succeed([{ rows: [{ status }] }])
    }
  } as unknown as PgConnection
  return { connection, sent }
}

const lsn = 0x306ee20n

describe("waiting for a position of the log", () => {
  it("asks the server, and returns its answer", async () => {
    const { connection, sent } = sessionOf(190_000)
    assert.strictEqual(await Effect.runPromise(waitForLsn(connection, lsn)), "success")
    const late = sessionOf(190_001, "timeout")
    const options = { mode: "standby_flush", timeout: "1.5 seconds" } as const
    assert.strictEqual(await Effect.runPromise(waitForLsn(late.connection, lsn, options)), "timeout")
    assert.deepStrictEqual(
      [...sent, ...late.sent],
      [
        "wait for lsn '0/306EE20' with (mode 'standby_replay', no_throw)",
        "wait for lsn '0/306EE20' with (mode 'standby_flush', timeout '1500ms', no_throw)"
      ]
    )
  })

  it("never asks without a limit where a limit was given", async () => {
    const { connection, sent } = sessionOf(190_000)
    await Effect.runPromise(waitForLsn(connection, lsn, { timeout: 0 }))
    assert.include(sent[0], "timeout '1ms'")
  })

  it("is refused by its name on a server that does not know it, and nothing is sent", async () => {
    const { connection, sent } = sessionOf(180_004)
    const refused = await Effect.runPromise(Effect.flip(waitForLsn(connection, lsn)))
    assertSubset(refused, { _tag: "PgUsageError", operation: "waitForLsn" })
    assert.include(refused.message, "WAIT FOR needs PostgreSQL 19 or later, and the server has 18.4")
    assert.deepStrictEqual(sent, [])
  })

  it("is refused in a mode that there is not", async () => {
    const { connection, sent } = sessionOf(190_000)
    const mode = "replay'); drop table t; --" as WaitMode
    assertSubset(await Effect.runPromise(Effect.flip(waitForLsn(connection, lsn, { mode }))), {
      _tag: "PgUsageError",
      argument: "mode"
    })
    assert.deepStrictEqual(sent, [])
  })
})
