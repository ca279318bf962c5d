import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { EmptyQueryResponse, Query } from "../../../src/wire/messages/SimpleQuery.js"
import { bytes, malformed, refused, written } from "../bytes.js"

describe("Query", () => {
  it("carries SQL beyond ASCII and beyond the writer's first buffer", () => {
    const sql = `select '${"ü🐘".repeat(5_000)}'`
    const sent = written((writer) => Query.encode(writer, { _tag: "Query", sql }))
    assert.strictEqual(Either.getOrThrow(Query.decode(sent, 5)).sql, sql)
  })

  it("is not cut at a zero byte: the statement is refused (MSG-008)", () => {
    refused((writer) => Query.encode(writer, { _tag: "Query", sql: "select 1\0; drop table t" }))
  })
})

describe("EmptyQueryResponse", () => {
  it("has no body", () => {
    assert.strictEqual(Either.getOrThrow(EmptyQueryResponse.decode(bytes())), EmptyQueryResponse.value)
    malformed(EmptyQueryResponse.decode(bytes(0)))
  })
})
