import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { row } from "../../../src/replication/plugins/PluginChange.js"
import * as Wal2Json from "../../../src/replication/plugins/Wal2Json.js"
import * as Registry from "../../../src/types/Registry.js"

const one = (text: string) => Either.getOrThrow(Wal2Json.parse1(text))
const two = (text: string) => Either.getOrThrow(Wal2Json.parse2(text))

describe("wal2json of format version 1", () => {
  it("is a transaction from its beginning to its end", () => {
    const changes =
      one(`{"xid": 562, "nextlsn": "1/2", "timestamp": "2026-01-02 03:04:05.678901+00", "change": [
      {"kind": "insert", "schema": "public", "table": "t", "columnnames": ["a", "b"],
       "columntypes": ["bigint", "boolean"], "columnvalues": [9007199254740993, true]},
      {"kind": "update", "schema": "public", "table": "t", "columnnames": ["a"], "columntypes": ["bytea"],
       "columnvalues": ["00ff"], "oldkeys": {"keynames": ["a"], "keytypes": ["bytea"], "keyvalues": [null]}},
      {"kind": "delete", "schema": "public", "table": "t",
       "oldkeys": {"keynames": ["n"], "keytypes": ["numeric(5,3)"], "keyvalues": [3.540]}},
      {"kind": "truncate", "schema": "public", "table": "t"},
      {"kind": "message", "transactional": true, "prefix": "p", "content": "c"}]}`)
    const [begin, insert, update, gone, truncate, message, commit] = changes
    assert.deepInclude(begin, { _tag: "Begin", xid: 562 })
    assert.deepInclude(commit, { _tag: "Commit", xid: 562, nextLsn: 0x1_0000_0002n })
    assert.strictEqual(commit?._tag === "Commit" ? String(commit.time) : "", "2026-01-02 03:04:05.678901+00")
    assert.deepStrictEqual(insert?._tag === "Insert" ? row(insert.new, Registry.lossless) : {}, {
      a: 9007199254740993n,
      b: true
    })
    assert.deepStrictEqual(update?._tag === "Update" ? row(update.new, Registry.lossless) : {}, {
      a: Uint8Array.of(0, 255)
    })
    assert.deepStrictEqual(update?._tag === "Update" ? update.old : [], [
      { name: "a", type: "bytea", value: null }
    ])
    assert.deepStrictEqual(gone?._tag === "Delete" ? gone.old : [], [
      { name: "n", type: "numeric(5,3)", value: "3.540" }
    ])
    assert.deepStrictEqual(truncate, {
      _tag: "Truncate",
      tables: [{ schema: "public", table: "t" }],
      cascade: false,
      restartIdentity: false
    })
    assert.deepStrictEqual(message, { _tag: "Message", transactional: true, prefix: "p", content: "c" })
    assert.strictEqual(changes.length, 7)
  })

  it("may be empty, or a message that stands alone", () => {
    assert.deepStrictEqual(
      one('{"change":[]}').map(({ _tag }) => _tag),
      ["Begin", "Commit"]
    )
    assert.deepStrictEqual(
      one('{"change":[{"kind":"message","transactional":false,"prefix":"","content":""}]}').map(
        ({ _tag }) => _tag
      ),
      ["Message"]
    )
  })

  it("is refused where its lists differ in length, and piece by piece", () => {
    const column = (names: string, types: string, values: string) =>
      `{"change":[{"kind":"insert","schema":"s","table":"t","columnnames":${names},"columntypes":${types},"columnvalues":${values}}]}`
    for (const text of [
      column('["a"]', "[]", "[1]"),
      column("[]", '["int4"]', "[1]"),
      column('["a"]', '["int4"]', "[]"),
      column('["a"]', '["int4"]', "[[1]]"),
      column("[1]", '["int4"]', "[1]"),
      '{"change":[{"kind":"upsert"}]}',
      '{"change":[1]}',
      '{"change":{}}',
      '{"change":[{"kind":"insert","table":"t","columnnames":["a"],"columntypeoids":["secret"],"columnvalues":[1]}]}',
      '{"change":[{"kind":"insert","table":"t","columnnames":["a"],"columntypeoids":[23,23],"columnvalues":[1]}]}',
      '{"change":[,,{"kind":"message","transactional":false,"prefix":"","content":""}]}',
      '{"change":[',
      "{}",
      "[]",
      ""
    ]) {
      assert.isTrue(Either.isLeft(Wal2Json.parse1(text)), text)
    }
  })
})

describe("wal2json of format version 2", () => {
  it("is one change after another", () => {
    assert.deepStrictEqual(two('{"action":"B"}'), { _tag: "Begin", xid: undefined, time: undefined })
    assert.deepInclude(two('{"action":"C","xid":5,"lsn":"0/1","nextlsn":"0/16B3748"}'), {
      _tag: "Commit",
      xid: 5,
      nextLsn: 0x16b3748n
    })
    assert.deepStrictEqual(
      two(
        '{"action":"U","schema":"s","table":"t","columns":[{"name":"a","type":"smallint","value":1},{"name":"b","type":"text","value":null}],"identity":[{"name":"a","type":"smallint","value":2}]}'
      ),
      {
        _tag: "Update",
        schema: "s",
        table: "t",
        old: [{ name: "a", type: "smallint", value: "2" }],
        new: [
          { name: "a", type: "smallint", value: "1" },
          { name: "b", type: "text", value: null }
        ]
      }
    )
    assert.deepInclude(two('{"action":"I","schema":"s","table":"t","columns":[]}'), {
      _tag: "Insert",
      new: []
    })
    assert.deepInclude(two('{"action":"D","schema":"s","table":"t","identity":[]}'), {
      _tag: "Delete",
      old: []
    })
    assert.deepInclude(two('{"action":"T","schema":"s","table":"t"}'), { _tag: "Truncate" })
    assert.deepStrictEqual(two('{"action":"M","transactional":true,"prefix":"w","content":"a\\\\ b"}'), {
      _tag: "Message",
      transactional: true,
      prefix: "w",
      content: "a\\ b"
    })
  })

  it("has numbers as strings too, including NaN and infinities", () => {
    const found = two(
      '{"action":"I","table":"t","columns":[{"name":"n","type":"numeric","value":"NaN"},{"name":"f","type":"double precision","value":"-Infinity"},{"name":"i","type":"bigint","value":"9007199254740993"}]}'
    )
    const values = found._tag === "Insert" ? row(found.new, Registry.lossless) : {}
    assert.deepInclude(values, { f: -Infinity, i: 9007199254740993n })
    assert.strictEqual("n" in values ? String(values.n) : "", "NaN")
  })

  it("is refused when it is invalid, without quoting its values", () => {
    for (const text of [
      '{"action":"X"}',
      '{"action":"I","schema":"s","table":"t"}',
      '{"action":"I","schema":"s","table":"t","columns":[{"name":"a","type":"t","value":{"secret":1}}]}',
      '{"action":"I","schema":"s","table":"t","columns":["secret"]}',
      '{"action":"B","xid":"secret"}',
      '{"action":"B","timestamp":"secret"}',
      '{"action":"C","nextlsn":"secret"}',
      '{"action":"I","table":"t","columns":[{"name":"a","type":1,"value":"secret"}]}',
      '{"action":"I","table":"t","columns":[{"name":"a","type":"Odd"secret,"value":1}]}',
      '{"action":"M","transactional":1,"prefix":"","content":"secret"}'
    ]) {
      const result = Wal2Json.parse2(text)
      assert.isTrue(Either.isLeft(result), text)
      if (Either.isLeft(result)) assert.notInclude(result.left.message, "secret")
    }
  })

  it("answers any text with changes or a reason", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        assert.isBoolean(Either.isLeft(Wal2Json.parse1(text)))
        assert.isBoolean(Either.isLeft(Wal2Json.parse2(text)))
      }),
      { numRuns: 300 }
    )
  })
})
