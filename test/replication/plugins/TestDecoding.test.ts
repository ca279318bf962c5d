import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import {
  type PluginChange,
  type PluginColumns,
  row,
  typeOidOf
} from "../../../src/replication/plugins/PluginChange.js"
import * as TestDecoding from "../../../src/replication/plugins/TestDecoding.js"
import { Unchanged } from "../../../src/replication/changes/Unchanged.js"
import * as Oid from "../../../src/model/Oid.js"
import * as Registry from "../../../src/types/Registry.js"
import { captures } from "../../wire/replication/captures.js"

const parsed = (line: string): PluginChange => Either.getOrThrow(TestDecoding.parse(line))
const refused = (line: string): boolean => Either.isLeft(TestDecoding.parse(line))

/** As the plugin prints identifiers and values. */
const identifier = (name: string) =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`
const printed = (columns: PluginColumns) =>
  columns
    .map(({ name, type, value }) => {
      const shown = value === null ? "null" : value === Unchanged ? "unchanged-toast-datum" : quoted(value)
      return ` ${identifier(name)}[${type}]:${shown}`
    })
    .join("")

const text = fc.string({ unit: fc.constantFrom(..."ab \"'[]:.,\n\\(ä"), minLength: 1, maxLength: 8 })
const columns = fc.array(
  fc.record({
    name: text,
    type: fc.oneof(
      fc.constantFrom("text", "character varying", "timestamp with time zone", "integer[]"),
      text.map((name) => `"${name.replaceAll('"', '""')}"`),
      text.map((name) => `shop."${name.replaceAll('"', '""')}"[]`)
    ),
    value: fc.oneof(fc.string(), text, fc.constantFrom(null, Unchanged))
  }),
  { maxLength: 5 }
)

describe("lines of test_decoding", () => {
  it.prop(
    "are read whatever names, types and values hold (REP-090)",
    [text, text, columns, columns],
    ([schema, table, old, after]) => {
      const place = `table ${identifier(schema)}.${identifier(table)}:`
      assert.deepStrictEqual(parsed(`${place} INSERT:${printed(after)}`), {
        _tag: "Insert",
        schema,
        table,
        new: after
      })
      assert.deepStrictEqual(parsed(`${place} UPDATE: old-key:${printed(old)} new-tuple:${printed(after)}`), {
        _tag: "Update",
        schema,
        table,
        old,
        new: after
      })
      assert.deepStrictEqual(parsed(`${place} DELETE:${printed(old)}`), {
        _tag: "Delete",
        schema,
        table,
        old
      })
    },
    { fastCheck: { numRuns: 300 } }
  )

  const time = "2026-11-23 02:29:47.26863+00"
  const lines: ReadonlyArray<readonly [string, unknown]> = [
    ["BEGIN 762", { _tag: "Begin", xid: 762, time: undefined }],
    ["BEGIN", { _tag: "Begin", xid: undefined, time: undefined }],
    ["COMMIT", { _tag: "Commit", xid: undefined, time: undefined, nextLsn: undefined }],
    ["COMMIT 7", { _tag: "Commit", xid: 7, time: undefined, nextLsn: undefined }],
    ["table a.b: INSERT: (no-tuple-data)", { _tag: "Insert", schema: "a", table: "b", new: [] }],
    [
      "table a.b: UPDATE: (no-tuple-data)",
      { _tag: "Update", schema: "a", table: "b", old: undefined, new: [] }
    ],
    ["table a.b: DELETE: (no-tuple-data)", { _tag: "Delete", schema: "a", table: "b", old: undefined }],
    [
      "table a.b: INSERT: n[numeric]:NaN k[bit varying]:B'010' t[boolean]:true",
      {
        _tag: "Insert",
        schema: "a",
        table: "b",
        new: [
          { name: "n", type: "numeric", value: "NaN" },
          { name: "k", type: "bit varying", value: "010" },
          { name: "t", type: "boolean", value: "t" }
        ]
      }
    ],
    [
      'table a.b, "C d"."e": TRUNCATE: restart_seqs cascade',
      {
        _tag: "Truncate",
        tables: [
          { schema: "a", table: "b" },
          { schema: "C d", table: "e" }
        ],
        cascade: true,
        restartIdentity: true
      }
    ],
    [
      "table a.b: TRUNCATE: (no-flags)",
      { _tag: "Truncate", tables: [{ schema: "a", table: "b" }], cascade: false, restartIdentity: false }
    ],
    [
      "message: transactional: 1 prefix: p, sz: 9 content:x, sz: 9 content:ä, sz: 4",
      { _tag: "Message", transactional: true, prefix: "p, sz: 9 content:x", content: "ä, sz: 4" }
    ],
    [
      "streaming message: transactional: 1 prefix: p, sz: 9",
      { _tag: "Message", transactional: true, prefix: "p", content: undefined }
    ],
    ["PREPARE TRANSACTION 'it''s', txid 9", { _tag: "Prepare", gid: "it's", xid: 9, time: undefined }],
    ["COMMIT PREPARED E'a\\\\b'", { _tag: "CommitPrepared", gid: "a\\b", xid: undefined, time: undefined }],
    ["ROLLBACK PREPARED 'g', txid 9", { _tag: "RollbackPrepared", gid: "g", xid: 9, time: undefined }],
    ["opening a streamed block for transaction TXN 7", { _tag: "StreamStart", xid: 7 }],
    ["opening a streamed block for transaction", { _tag: "StreamStart", xid: undefined }],
    ["closing a streamed block for transaction TXN 7", { _tag: "StreamStop", xid: 7 }],
    ["aborting streamed (sub)transaction TXN 7", { _tag: "StreamAbort", xid: 7 }],
    ["committing streamed transaction TXN 7", { _tag: "StreamCommit", xid: 7, time: undefined }],
    [
      "preparing streamed transaction TXN 'g', txid 7",
      { _tag: "StreamPrepare", gid: "g", xid: 7, time: undefined }
    ],
    [
      "preparing streamed transaction 'g'",
      { _tag: "StreamPrepare", gid: "g", xid: undefined, time: undefined }
    ],
    ["streaming change for TXN 7", { _tag: "StreamChange", xid: 7 }],
    ["streaming change for transaction", { _tag: "StreamChange", xid: undefined }],
    ["streaming truncate for TXN 7", { _tag: "StreamTruncate", xid: 7 }],
    ["streaming truncate for transaction", { _tag: "StreamTruncate", xid: undefined }]
  ]
  for (const [line, expected] of lines) {
    it(`read: ${line}`, () => {
      assert.deepStrictEqual(parsed(line), expected)
      if (!line.includes("content:")) assert.isTrue(refused(`${line} !`))
    })
  }

  it("read times with their microseconds", () => {
    const change = parsed(`COMMIT 762 (at ${time})`)
    assert.strictEqual(change._tag === "Commit" ? String(change.time) : "", time)
    assert.isTrue(refused("COMMIT 762 (at noon)"))
  })

  it("keep messages apart from their size, also where they are no text", () => {
    const content = (line: string) => {
      const change = parsed(line)
      return change._tag === "Message" ? [change.prefix, change.content] : []
    }
    assert.deepStrictEqual(content("message: transactional: 0 prefix: , sz: 3 content:a b"), ["", "a b"])
    assert.deepStrictEqual(content("message: transactional: 0 prefix: p, sz: 2 content:"), ["p", ""])
  })

  it("are refused when they are invalid or cut, without quoting their values", () => {
    const secret = "table a.b: INSERT: c[text]:'very secret"
    for (const line of [
      "",
      "hello",
      "table a",
      "table a.b: UPSERT:",
      "BEGIN x",
      secret,
      "table a.b: INSERT: c[text:'x'"
    ]) {
      const result = TestDecoding.parse(line)
      assert.isTrue(Either.isLeft(result), line)
      if (Either.isLeft(result)) assert.notInclude(result.left.message, "secret")
    }
  })

  for (const { messages, version } of captures.filter(({ scene }) => scene === "lines")) {
    it(`read what ${version} printed, and its values as queries give them (REP-090)`, () => {
      const changes = messages.map(([, line]) => parsed(line))
      const tags = new Set(changes.map(({ _tag }) => _tag))
      assert.deepStrictEqual([...tags].sort(), [
        "Begin",
        "Commit",
        "Delete",
        "Insert",
        "Message",
        "Truncate",
        "Update"
      ])
      const types = changes.flatMap((change) =>
        change._tag === "Insert" && change.table === "types" ? [row(change.new, Registry.lossless)] : []
      )
      const values = types[0] as Readonly<Record<string, unknown>>
      assert.deepStrictEqual(
        [
          values["id"],
          values["m"],
          String(values["n"]),
          values["f"],
          String(values["t"]),
          values["b"],
          values["a"]
        ],
        [-1n, "so so", "12.50", 1.5, "2026-01-02 03:04:05.678901+00", true, ["a", null, "b c"]]
      )
      const toasted = changes.flatMap((change) =>
        change._tag === "Update" && change.table === "plain" ? change.new : []
      )
      assert.isTrue(toasted.some(({ name, value }) => name === "big" && value === Unchanged))
    })
  }
})

describe("names of types as plugins print them", () => {
  it("lead to the built-in type", () => {
    const names: ReadonlyArray<readonly [string, number]> = [
      ["integer", Oid.int4],
      ["int4", Oid.int4],
      ["_int4", Oid.int4Array],
      ["integer[]", Oid.int4Array],
      ["character varying(30)", Oid.varchar],
      ["character varying(30)[]", Oid.varcharArray],
      ["timestamp(3) with time zone", Oid.timestamptz],
      ["numeric(5,3)", Oid.numeric],
      ['"char"', Oid.charInternal],
      ["text[]", Oid.textArray],
      ["shop.mood", 0],
      ["constructor", 0]
    ]
    for (const [name, oid] of names) assert.strictEqual(typeOidOf(name), oid, name)
  })

  it("fail with the column where its value is invalid", () => {
    const failure = row([{ name: "c", type: "integer", value: "secret" }], Registry.lossless)
    assert.deepInclude(failure, { _tag: "UndecodableValue", column: "c", type: "integer" })
    assert.notInclude(JSON.stringify(failure), "secret")
  })
})
