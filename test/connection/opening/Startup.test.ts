import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import type { PgConfigInput } from "../../../src/config/PgConfig.js"
import * as PgConfig from "../../../src/config/PgConfig.js"
import { parametersOf } from "../../../src/connection/opening/Startup.js"

const sent = (input: PgConfigInput): ReadonlyArray<string> =>
  parametersOf(Either.getOrThrow(PgConfig.make(input)), "ann").map(([name, value]) => `${name}=${value}`)

describe("the startup packet", () => {
  it("always names the user, and the database after it unless another is given (CON-005)", () => {
    expect(sent({}).slice(0, 2)).toEqual(["user=ann", "database=ann"])
    expect(sent({ database: "shop" }).slice(0, 2)).toEqual(["user=ann", "database=shop"])
  })

  it("asks for UTF-8 (CON-010)", () => {
    expect(sent({})).toContain("client_encoding=UTF8")
  })

  it("has the settings in libpq's order, those of the user last (CON-007)", () => {
    expect(
      sent({
        parameters: { search_path: "a", DateStyle: "ISO" },
        applicationName: "app",
        options: "-c x=1",
        replication: "database"
      })
    ).toEqual([
      "user=ann",
      "database=ann",
      "replication=database",
      "options=-c x=1",
      "application_name=app",
      "client_encoding=UTF8",
      "search_path=a",
      "DateStyle=ISO"
    ])
  })

  it("names the application, or the fallback when it has no name", () => {
    expect(sent({ fallbackApplicationName: "tool" })).toContain("application_name=tool")
    expect(sent({ fallbackApplicationName: "tool", applicationName: "app" })).toContain(
      "application_name=app"
    )
  })

  it("can be as small as some poolers want it", () => {
    expect(sent({ startupParameters: "minimal", applicationName: "app", database: "shop" })).toEqual([
      "user=ann",
      "database=shop"
    ])
  })

  it("never holds a password", () => {
    expect(sent({ password: "hunter2" }).join()).not.toContain("hunter2")
  })
})
