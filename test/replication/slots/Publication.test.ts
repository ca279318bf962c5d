import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { assert, describe, it } from "@effect/vitest"
import type { Definition } from "../../../src/replication/slots/Publication.js"
import { alterSql, create, createSql } from "../../../src/replication/slots/Publication.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { scripted } from "../scriptedSessions.js"

const { goodbye, simpleQuery, startup } = ScriptedServer

const created = (definition: Omit<Definition, "name">, version = 180_000) =>
  Either.getOrThrow(createSql({ name: "p", ...definition }, version))
const refused = (definition: Omit<Definition, "name">, version = 180_000) =>
  Either.getOrThrow(Either.flip(createSql({ name: "p", ...definition }, version))).argument

const usual = `with (publish = 'insert, update, delete, truncate', publish_via_partition_root = false)`

describe("a publication", () => {
  it("is made of tables, with columns and rows, and of schemas", () => {
    assert.strictEqual(created({}), `create publication "p" ${usual}`)
    assert.strictEqual(
      created({
        tables: [{ name: "a" }, { schema: "S", name: `b"`, columns: ["id", "x"], where: "id > 3" }],
        schemas: ["t"]
      }),
      `create publication "p" for table "a", "S"."b""" ("id","x") where (id > 3), tables in schema "t" ${usual}`
    )
    assert.strictEqual(created({ allTables: true }), `create publication "p" for all tables ${usual}`)
    assert.include(created({ allSequences: true }, 190_000), `create publication "p" for all sequences with`)
    assert.include(
      created({ allSequences: true, allTables: true }, 190_000),
      "for all tables, all sequences with"
    )
  })

  it("has parameters in one order, and only those that the server has", () => {
    assert.strictEqual(
      created({ operations: ["delete", "insert"], viaPartitionRoot: true, generatedColumns: "stored" }),
      `create publication "p" with (publish = 'insert, delete', publish_via_partition_root = true, ` +
        `publish_generated_columns = stored)`
    )
    assert.include(created({ operations: [] }, 140_000), `publish = ''`)
    assert.notInclude(created({ generatedColumns: "none" }, 170_000), "generated")
  })

  it("refuses by name what an older server does not have, and contradictions", () => {
    assert.strictEqual(refused({ tables: [{ name: "a", columns: ["x"] }] }, 140_000), "columns")
    assert.strictEqual(refused({ tables: [{ name: "a", where: "true" }] }, 140_000), "where")
    assert.strictEqual(refused({ schemas: ["s"] }, 140_000), "schemas")
    assert.strictEqual(refused({ generatedColumns: "stored" }, 170_000), "generatedColumns")
    assert.strictEqual(refused({ allTables: true, tables: [] }), "allTables")
    assert.strictEqual(refused({ allSequences: true }, 189_999), "allSequences")
    assert.strictEqual(refused({ allSequences: true, schemas: ["s"] }, 190_000), "allSequences")
    assert.strictEqual(refused({ tables: [{ name: "" }] }), "tables")
  })

  it("is altered where it is there, except for what cannot be", () => {
    const existing = { allTables: false, tables: [{ schema: "public", name: "a" }] }
    const altered = (definition: Omit<Definition, "name">, there = existing) =>
      alterSql({ name: "p", ...definition }, there, 180_000)
    assert.deepStrictEqual(Either.getOrThrow(altered({ tables: [{ name: "b" }] })), [
      `alter publication "p" set (publish = 'insert, update, delete, truncate', publish_via_partition_root = false)`,
      `alter publication "p" set table "b"`
    ])
    assert.lengthOf(Either.getOrThrow(altered({ allTables: true }, { allTables: true, tables: [] })), 1)
    assert.strictEqual(Either.getOrThrow(Either.flip(altered({ allTables: true }))).argument, "allTables")
    assert.strictEqual(Either.getOrThrow(Either.flip(altered({}))).argument, "tables")
    assert.strictEqual(
      Either.getOrThrow(Either.flip(altered({ allSequences: true }))).argument,
      "allSequences"
    )
  })

  it.scoped("of all sequences is sent to a server that knows them, and to an older one nothing", () =>
    Effect.gen(function* () {
      const creating = (version: string, script: ScriptedServer.Script) =>
        Effect.flatMap(
          scripted([[startup({ parameters: { server_version: version } }), script, goodbye]]),
          (connector) => Effect.either(Effect.provide(create({ name: "p", allSequences: true }), connector))
        )
      const sql = `create publication "p" for all sequences ${usual}`
      for (const version of ["19.0", "19beta1"])
        assert.isTrue(
          Either.isRight(yield* creating(version, simpleQuery(sql, [{ commandTag: "CREATE PUBLICATION" }])))
        )
      const refused = yield* creating("18.4", [])
      assert.isTrue(Either.isLeft(refused))
      assert.deepInclude(Either.isLeft(refused) ? refused.left : {}, {
        _tag: "PgUsageError",
        argument: "allSequences"
      })
    })
  )
})
