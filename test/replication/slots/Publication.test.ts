import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import type { Definition } from "../../../src/replication/slots/Publication.js"
import { alterSql, createSql } from "../../../src/replication/slots/Publication.js"

const created = (definition: Omit<Definition, "name">, version = 180_000) =>
  Either.getOrThrow(createSql({ name: "p", ...definition }, version))
const refused = (definition: Omit<Definition, "name">, version = 180_000) =>
  Either.getOrThrow(Either.flip(createSql({ name: "p", ...definition }, version))).argument

const usual = `with (publish = 'insert, update, delete, truncate', publish_via_partition_root = false)`

describe("a publication", () => {
  it("is made of tables, with columns and rows, and of schemas", () => {
    expect(created({})).toBe(`create publication "p" ${usual}`)
    expect(
      created({
        tables: [{ name: "a" }, { schema: "S", name: `b"`, columns: ["id", "x"], where: "id > 3" }],
        schemas: ["t"]
      })
    ).toBe(
      `create publication "p" for table "a", "S"."b""" ("id","x") where (id > 3), tables in schema "t" ${usual}`
    )
    expect(created({ allTables: true })).toBe(`create publication "p" for all tables ${usual}`)
  })

  it("has parameters in one order, and only those that the server has", () => {
    expect(
      created({ operations: ["delete", "insert"], viaPartitionRoot: true, generatedColumns: "stored" })
    ).toBe(
      `create publication "p" with (publish = 'insert, delete', publish_via_partition_root = true, ` +
        `publish_generated_columns = stored)`
    )
    expect(created({ operations: [] }, 140_000)).toContain(`publish = ''`)
    expect(created({ generatedColumns: "none" }, 170_000)).not.toContain("generated")
  })

  it("refuses by name what an older server does not have, and contradictions", () => {
    expect(refused({ tables: [{ name: "a", columns: ["x"] }] }, 140_000)).toBe("columns")
    expect(refused({ tables: [{ name: "a", where: "true" }] }, 140_000)).toBe("where")
    expect(refused({ schemas: ["s"] }, 140_000)).toBe("schemas")
    expect(refused({ generatedColumns: "stored" }, 170_000)).toBe("generatedColumns")
    expect(refused({ allTables: true, tables: [] })).toBe("allTables")
    expect(refused({ tables: [{ name: "" }] })).toBe("tables")
  })

  it("is altered where it is there, except for what cannot be", () => {
    const existing = { allTables: false, tables: [{ schema: "public", name: "a" }] }
    const altered = (definition: Omit<Definition, "name">, there = existing) =>
      alterSql({ name: "p", ...definition }, there, 180_000)
    expect(Either.getOrThrow(altered({ tables: [{ name: "b" }] }))).toEqual([
      `alter publication "p" set (publish = 'insert, update, delete, truncate', publish_via_partition_root = false)`,
      `alter publication "p" set table "b"`
    ])
    expect(Either.getOrThrow(altered({ allTables: true }, { allTables: true, tables: [] }))).toHaveLength(1)
    expect(Either.getOrThrow(Either.flip(altered({ allTables: true }))).argument).toBe("allTables")
    expect(Either.getOrThrow(Either.flip(altered({}))).argument).toBe("tables")
  })
})
