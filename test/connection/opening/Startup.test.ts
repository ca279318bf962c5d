import * as Either from "effect/Either"
import { assert, describe, it } from "@effect/vitest"
import type { PgConfigInput } from "../../../src/config/PgConfig.js"
import * as PgConfig from "../../../src/config/PgConfig.js"
import { parametersOf } from "../../../src/connection/opening/Startup.js"

const sent = (input: PgConfigInput): ReadonlyArray<string> =>
  parametersOf(Either.getOrThrow(PgConfig.make(input)), "ann").map(([name, value]) => `${name}=${value}`)

describe("the startup packet", () => {
  it("always names the user, and the database after it unless another is given (CON-005)", () => {
    assert.deepStrictEqual(sent({}).slice(0, 2), ["user=ann", "database=ann"])
    assert.deepStrictEqual(sent({ database: "shop" }).slice(0, 2), ["user=ann", "database=shop"])
  })

  it("asks for UTF-8 (CON-010)", () => {
    assert.include(sent({}), "client_encoding=UTF8")
  })

  it("has the settings in libpq's order, those of the user last (CON-007)", () => {
    assert.deepStrictEqual(
      sent({
        parameters: { search_path: "a", DateStyle: "ISO" },
        applicationName: "app",
        options: "-c x=1",
        replication: "database"
      }),
      [
        "user=ann",
        "database=ann",
        "replication=database",
        "options=-c x=1",
        "application_name=app",
        "client_encoding=UTF8",
        "search_path=a",
        "DateStyle=ISO"
      ]
    )
  })

  it("names the application, or the fallback when it has no name", () => {
    assert.include(sent({ fallbackApplicationName: "tool" }), "application_name=tool")
    assert.include(sent({ fallbackApplicationName: "tool", applicationName: "app" }), "application_name=app")
  })

  it("can be as small as some poolers want it", () => {
    assert.deepStrictEqual(sent({ startupParameters: "minimal", applicationName: "app", database: "shop" }), [
      "user=ann",
      "database=shop"
    ])
  })

  it("never holds a password", () => {
    assert.notInclude(sent({ password: "hunter2" }).join(), "hunter2")
  })
})
