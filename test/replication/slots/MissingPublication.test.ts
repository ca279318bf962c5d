import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as ServerFields from "../../../src/model/ServerFields.js"
import * as MissingPublication from "../../../src/replication/slots/MissingPublication.js"

const warning = {
  ...ServerFields.make({ severity: "WARNING", code: "55000", text: "übersprungene Publikation »p«" }),
  routine: "LoadPublications"
}

describe("the server's warning that it passes over a publication", () => {
  it("is the error that older servers have, with what can be done, in whatever language it is", () => {
    const error = MissingPublication.passedOver(warning, "START_REPLICATION")
    assert.deepInclude(error, {
      _tag: "PgServerError",
      severity: "ERROR",
      code: "42704",
      text: warning.text,
      sql: "START_REPLICATION"
    })
    assert.include(error?.hint, 'missingPublications: "skip"')
  })

  it("is recognized by severity, code and routine together", () => {
    for (const changes of [
      { severity: "NOTICE" },
      { code: "01000" },
      { routine: "pgoutput_startup" }
    ] as const) {
      assert.isUndefined(MissingPublication.passedOver({ ...warning, ...changes }, ""))
    }
  })
})

describe("publications that are asked for before a feed begins", () => {
  const refused = (serverVersion: number | undefined, names: ReadonlyArray<string>) => {
    let asked = 0
    const connection = {
      serverVersion: Effect.succeed(serverVersion),
      simple: () =>
        Effect.sync(() => {
          asked++
          return [{ columns: [{}], rows: [{ name: "p" }, { name: "Quoted Name" }] }]
        })
    } as unknown as PgConnection
    return Effect.map(Effect.either(MissingPublication.refuse(connection, names)), (outcome) => ({
      asked,
      refused: outcome._tag === "Left" ? outcome.left.message : undefined
    }))
  }

  it.effect("are refused by name from 18 on, where the server would pass over them", () =>
    Effect.gen(function* () {
      const { refused: message } = yield* refused(180_004, ["p", "quoted name"])
      assert.include(message, "there is no publication quoted name")
      assert.isUndefined((yield* refused(180_004, ["p", "Quoted Name"])).refused)
    })
  )

  it.effect("are not looked for on older servers, which refuse them at the change that needs them", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* refused(170_004, ["gone"]), { asked: 0, refused: undefined })
    })
  )
})
