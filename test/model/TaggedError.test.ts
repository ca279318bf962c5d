import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import { inspect } from "node:util"
import * as PgError from "../../src/model/PgError.js"
import { TaggedError } from "../../src/model/TaggedError.js"
import { EmbeddedPostgresError } from "../../src/testing/EmbeddedPostgresError.js"
import { CopyFormatError } from "../../src/wire/copy/RecordReader.js"
import { FrameLengthError } from "../../src/wire/FrameLengthError.js"
import { PgTimestampTz } from "../../src/model/PgTimestampTz.js"
import { serverFields } from "./serverFields.js"

const server = serverFields("42601", { position: 8 })
const timeout = { deadline: "statement", millis: 5, sent: true, during: "select 1" } as const
const closed = () => new PgError.PgClosedError({ reason: "gone", sent: true, server, sql: "select 1" })
const codec = { direction: "decode", type: "int4", reason: "no number", sql: "" } as const

/** One of each class, made anew. */
const makers: ReadonlyArray<() => Error> = [
  () => new PgError.PgConfigError({ key: "port", reason: "is none", source: "uri" }),
  () => new PgError.PgServerError({ ...server, sql: "select from" }),
  () => new PgError.PgProtocolError({ state: "S", tag: "Z", reason: "too soon" }),
  () => new PgError.PgTimeoutError(timeout),
  closed,
  () => new PgError.PgCommitUnknownError({ cause: closed() }),
  () => new PgError.PgPoolError({ reason: "full", max: 1, inUse: 1, waiting: 0 }),
  () => new PgError.PgAuthError({ reason: "rejected", method: "md5", detail: "no", user: "me", server }),
  () =>
    new PgError.PgConnectError({
      attempts: [{ address: "h:1", phase: "socket", cause: new PgError.PgTimeoutError(timeout) }]
    }),
  () => new PgError.PgSlotError({ reason: "missing", slot: "s", detail: "gone" }),
  () =>
    new PgError.PgUsageError({ operation: "stream", argument: "fetchSize", reason: "must be 1", sql: "" }),
  () => new PgError.PgLimitError({ limit: "disk", max: 1, reason: "full", sql: "", nothingSent: true }),
  () =>
    new PgError.PgCopyRowError({
      ...codec,
      place: { _tag: "CopyRow", row: 3, column: "id", index: 0 }
    }),
  () =>
    new PgError.PgCodecError({
      ...codec,
      nothingSent: false,
      place: { _tag: "Column", column: "id", index: 0 }
    }),
  () => new PgError.PgRowCountError({ operation: "one", expected: "one row", rows: 2, sql: "select 1" }),
  () => new PgError.PgWalError({ reason: "removed", position: 1n, timeline: 1, detail: "the log is gone" }),
  () => new PgError.PgWalArchiveError({ reason: "file", path: "/wal", detail: "no space" }),
  () => new PgError.PgSnapshotError({ reason: "taken", table: undefined, detail: "twice", cause: undefined }),
  () =>
    new PgError.PgChangeRowError({
      place: {
        _tag: "ChangeRow",
        table: "public.t",
        kind: "insert",
        row: "new",
        column: "id",
        index: 0,
        transaction: { xid: 7, commitLsn: 0x16b3748n, time: PgTimestampTz.infinity, gid: undefined }
      },
      type: "int4",
      reason: "no number",
      sql: ""
    }),
  () => new EmbeddedPostgresError({ reason: "start", text: "no", log: "FATAL" }),
  () => new FrameLengthError({ tag: 0x5a, length: 2, least: 4, most: 9, phase: "session" }),
  () => new CopyFormatError({ kind: "malformed", record: 0, reason: "no header" })
]

/**
 * Reads the message inside the constructor of `Error`, as JavaScriptCore does with `prepareStackTrace`, and sets a property that
 * JavaScriptCore sets.
 */
const eagerly = <A>(seen: Array<string>, make: () => A): A => {
  class Eager extends Error {
    constructor(message?: string, options?: ErrorOptions) {
      super(message, options)
      Object.defineProperty(this, "column", { value: 0, writable: true, configurable: true })
      seen.push(`${this.message}|${String(this)}`)
    }
  }
  Object.setPrototypeOf(Cause.YieldableError, Eager)
  try {
    return make()
  } finally {
    Object.setPrototypeOf(Cause.YieldableError, Error)
  }
}

describe("an error", () => {
  it("is whole before its fields are assigned, even when it is read that early", () => {
    for (const make of makers) {
      const seen: Array<string> = []
      const error = eagerly(seen, make)
      assert.notStrictEqual(error.message, "", error.name)
      assert.strictEqual(seen.at(-1), `${error.message}|${String(error)}`)
      assert.strictEqual(make().message, error.message)
    }
  })

  it("keeps the names that an engine uses for places in the source", () => {
    const place = { _tag: "CopyRow", row: 3, column: "id", index: 0 } as const
    const error = eagerly([], () => new PgError.PgCopyRowError({ ...codec, place }))
    assert.strictEqual(error.column, "id")
    class Field extends TaggedError("Field")<{ readonly column: string }> {}
    assert.strictEqual(eagerly([], () => new Field({ column: "id" })).column, "id")
  })

  it("is whole where something prepares stacks", () => {
    const before = Error.prepareStackTrace
    try {
      Error.prepareStackTrace = (error) => `${String(error)}\n at somewhere`
      for (const make of makers) {
        const error = make()
        assert.include(error.stack, error.message)
      }
    } finally {
      Error.prepareStackTrace = before
    }
  })

  it("has its message in its stack, and not among its fields", () => {
    for (const make of makers) {
      const error = make()
      assert.include(error.stack, error.message)
      assert.notInclude(Object.keys(error), "message")
      assert.include(inspect(error), error.message)
    }
  })

  it("is made although its message cannot be", () => {
    class Broken extends TaggedError("Broken")<{ readonly inner: { readonly text: string } | undefined }> {
      override get message(): string {
        return this.inner!.text
      }
    }
    assert.strictEqual(new Broken({ inner: { text: "told" } }).message, "told")
    assert.strictEqual(new Broken({ inner: undefined })._tag, "Broken")
  })
})
