import { assert, describe, it } from "@effect/vitest"
import { PgServerError } from "../../src/model/PgError.js"
import { serverFields } from "./serverFields.js"

const message = (code: string, text: string, sql: string, hint?: string): string =>
  new PgServerError({ ...serverFields(code, { text, hint }), sql }).message

describe("a hint", () => {
  it("shows how a schema and a table are written, where both stand in one pair of quotes", () => {
    const text = 'relation "shop.orders" does not exist'
    assert.include(
      message("42P01", text, 'select * from "shop.orders"'),
      'HINT: "shop.orders" is one name with a dot in it: for a schema and a table write Sql.identifier("shop", "orders").'
    )
    assert.notInclude(message("42P01", text, "select * from shop.orders"), "HINT")
    assert.notInclude(message("42P01", 'relation "orders" does not exist', 'select * from "orders"'), "HINT")
  })

  it("names the version that a type needs, whatever the language of the server", () => {
    const hint = "HINT: The type oid8 needs PostgreSQL 19 or later, and this server is older."
    for (const name of ["oid8", "oid8[]", "pg_catalog.oid8"])
      assert.include(message("42704", `type "${name}" does not exist`, "select 1"), hint)
    const fields = serverFields("42704", { text: "Typ »oid8« existiert nicht", routine: "typenameType" })
    assert.include(new PgServerError({ ...fields, sql: "" }).message, hint)
    assert.include(
      message("42704", 'type "regdatabase" does not exist', ""),
      "regdatabase needs PostgreSQL 19"
    )
    for (const text of [
      'type "oid9" does not exist',
      'type "shop.oid8" does not exist',
      'role "oid8" does not exist',
      'type "constructor" does not exist'
    ])
      assert.notInclude(message("42704", text, "select 1"), "HINT")
  })

  it("shows how a column is compared with a list, in place of the server's", () => {
    const seen = message(
      "42883",
      "operator does not exist: integer = integer[]",
      "select 1 where 1 = $1",
      "No operator matches the given name and argument types. You might need to add explicit type casts."
    )
    assert.include(seen, "HINT: A list is one parameter, an array")
    assert.notInclude(seen, "type casts")
    const other = message("42883", "operator does not exist: integer = text", "select 1", "Casts.")
    assert.include(other, "HINT: Casts.")
  })
})
