import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../../src/model/Oid.js"
import * as Registry from "../../../src/types/Registry.js"
import * as Texts from "../../../src/types/Texts.js"
import type { LogicalEvent, Update } from "../../../src/replication/changes/LogicalEvent.js"
import { DroppedTypeValue } from "../../../src/replication/changes/DroppedTypeValue.js"
import { PartitionTrees } from "../../../src/replication/changes/PartitionTree.js"
import type { ChangeFailure } from "../../../src/replication/changes/ChangeFailure.js"
import * as FeedFailure from "../../../src/replication/feed/FeedFailure.js"
import type { PgOutputMessage } from "../../../src/wire/replication/PgOutput.js"
import { isUnchanged, Unchanged } from "../../../src/replication/changes/Unchanged.js"
import {
  begin,
  binary,
  commit,
  Consumer,
  insert,
  Null,
  relation,
  remove,
  Same,
  text,
  update
} from "../payloads.js"

const rowsOf = (events: ReadonlyArray<LogicalEvent>): ReadonlyArray<unknown> =>
  events.flatMap((event) => ("new" in event ? [event.new] : []))

const id = { name: "id", key: true, typeOid: Oid.int4 }
const note = { name: "note" }

describe("rows of changes", () => {
  it("have their relation's columns with the types of queries, text and binary in one row (LOG-031)", () => {
    const columns = [id, { name: "big", typeOid: Oid.int8 }, note, { name: "flag", typeOid: Oid.bool }]
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, columns),
      insert(7, [text("1"), binary(0, 0, 0, 0, 0, 0, 0, 2), text("ä"), Null]),
      insert(7, [binary(255, 255, 255, 255), text("-3"), binary(0x62), text("t")])
    )
    assert.deepStrictEqual(rowsOf(events), [
      { id: 1, big: 2n, note: "ä", flag: null },
      { id: -1, big: -3n, note: "b", flag: true }
    ])
  })

  it("leave what the registry does not know as text, and fail where it comes in binary", () => {
    const consumer = new Consumer()
    const { events } = consumer.tell(
      begin(1),
      relation(7, [{ name: "m", typeOid: 90_001 }]),
      insert(7, [text("fine")])
    )
    assert.deepStrictEqual(rowsOf(events), [{ m: "fine" }])
    assert.deepStrictEqual(consumer.demands, ["Described"])
    const { relations } = consumer.decoder
    assert.deepStrictEqual(relations.unknownTypes(7), [90_001])
    assert.isTrue(relations.isTextOnly(7))
    assert.strictEqual(consumer.failing(insert(7, [binary(1, 2)])), "UndecodableColumn")
  })

  it("ask for text when a type is known in no other form, alone or in an array", () => {
    const consumer = new Consumer()
    consumer.tell(begin(1), relation(7, [{ name: "m", typeOid: 23 }]))
    assert.deepStrictEqual(consumer.demands, [])
    consumer.tell(relation(8, [{ name: "m", typeOid: 790 }]), relation(9, [{ name: "m", typeOid: 1034 }]))
    assert.deepStrictEqual(consumer.demands, ["Described", "Described"])
    assert.deepStrictEqual(
      [7, 8, 9].map((id) => consumer.decoder.relations.isTextOnly(id)),
      [false, true, true]
    )
  })

  it("mark values of a type that the catalogue does not have any more", () => {
    const consumer = new Consumer()
    consumer.tell(begin(1), relation(7, [{ name: "m", typeOid: 90_001 }]))
    consumer.decoder.relations.use(Registry.lossless.withTypes([], [90_001]))
    consumer.tell(insert(7, [text("sad")]), insert(7, [Null]))
    assert.deepStrictEqual(rowsOf(consumer.events), [
      { m: new DroppedTypeValue({ typeOid: 90_001, text: "sad" }) },
      { m: null }
    ])
  })

  it("fail by the column where its codec throws, in every kind of row, and where a text is too long for a string", () => {
    const throwing = (cause: Error): Registry.Registry => {
      const codec = Texts.make("mood", 90_001, 90_002)
      const decodeText = (): never => {
        throw cause
      }
      return Registry.lossless.with({ ...codec, decodeText, decodeBinary: decodeText })
    }
    const columns = [id, { name: "m", typeOid: 90_001, key: true }]
    const failed = (message: PgOutputMessage, identity: "default" | "full", cause: Error) => {
      const consumer = new Consumer("off", throwing(cause))
      const failure = consumer.failureOf(begin(1), relation(7, columns, { identity }), message)
      return failure?._tag === "UndecodableColumn" ? [failure.column, failure.reason] : failure
    }
    const row = [text("1"), text("secret")]
    for (const [message, identity] of [
      [insert(7, row), "default"],
      [remove(7, { kind: "key", tuple: row }), "default"],
      [remove(7, { kind: "full", tuple: row }), "full"],
      [update(7, { kind: "full", tuple: [text("1"), Null] }, row), "full"]
    ] as const) {
      assert.deepStrictEqual(failed(message, identity, new TypeError("secret")), [
        "m",
        "a codec threw TypeError"
      ])
    }
    const tooLong = Object.assign(new Error("Cannot create a string"), { code: "ERR_STRING_TOO_LONG" })
    assert.include(String(failed(insert(7, row), "default", tooLong)), "read it as bytea, or in parts")
  })

  it("are read with another registry once there is one", () => {
    const consumer = new Consumer()
    consumer.tell(begin(1), relation(7, [{ name: "m", typeOid: 90_001 }]))
    consumer.decoder.relations.use(Registry.lossless.with(Texts.make("mood", 90_001, 90_002)))
    consumer.tell(insert(7, [binary(0x61)]))
    assert.deepStrictEqual(rowsOf(consumer.events), [{ m: "a" }])
    assert.deepStrictEqual(consumer.decoder.relations.unknownTypes(7), [])
  })

  it("read a domain as its base type, which the stream sends under the domain's OID (LOG-018, TRP-094)", () => {
    const { events } = new Consumer().tell(
      begin(1),
      { _tag: "Type", xid: undefined, oid: 90_003, namespace: "", name: "int4" },
      { _tag: "Type", xid: undefined, oid: 90_004, namespace: "", name: "_int4" },
      { _tag: "Type", xid: undefined, oid: 90_005, namespace: "shop", name: "int4" },
      relation(7, [
        { name: "n", typeOid: 90_003 },
        { name: "l", typeOid: 90_004 },
        { name: "other", typeOid: 90_005 }
      ]),
      insert(7, [text("5"), text("{1,2}"), text("6")])
    )
    assert.deepStrictEqual(rowsOf(events), [{ n: 5, l: [1, 2], other: "6" }])
  })

  it("have no column that means something to JavaScript", () => {
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, [{ name: "__proto__", key: true }, { name: "constructor" }]),
      insert(7, [text("a"), text("b")]),
      remove(7, { kind: "key", tuple: [text("a"), Null] })
    )
    const [row] = rowsOf(events) as [object]
    assert.deepStrictEqual(Object.entries(row), [
      ["__proto__", "a"],
      ["constructor", "b"]
    ])
    const gone = events.at(-1)
    assert.deepStrictEqual(gone?._tag === "Delete" ? Object.entries(gone.old) : [], [["__proto__", "a"]])
  })
})

describe("old rows", () => {
  const columns = [id, note, { name: "tag", key: true }]

  it("hold the key alone where only the key is known: other columns are absent, not null (LOG-027, LOG-028, TRP-110)", () => {
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, columns),
      remove(7, { kind: "key", tuple: [text("1"), Null, text("k")] }),
      update(7, { kind: "key", tuple: [text("1"), Null, text("k")] }, [text("2"), text("n"), text("k")])
    )
    const [gone, changed] = events.slice(1)
    assert.deepStrictEqual(gone?._tag === "Delete" ? [gone.oldKind, gone.old] : [], [
      "key",
      { id: 1, tag: "k" }
    ])
    assert.deepStrictEqual(changed?._tag === "Update" ? [changed.oldKind, changed.old, changed.new] : [], [
      "key",
      { id: 1, tag: "k" },
      { id: 2, note: "n", tag: "k" }
    ])
  })

  it("hold everything with replica identity full, and nulls there are nulls (LOG-026, LOG-028)", () => {
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, columns, { identity: "full" }),
      remove(7, { kind: "full", tuple: [text("1"), Null, text("k")] }),
      update(7, undefined, [text("2"), Null, text("k")])
    )
    const [gone, changed] = events.slice(1)
    assert.deepStrictEqual(gone?._tag === "Delete" ? [gone.oldKind, gone.old] : [], [
      "full",
      { id: 1, note: null, tag: "k" }
    ])
    assert.deepStrictEqual(changed?._tag === "Update" ? [changed.oldKind, changed.old] : [], [
      "none",
      undefined
    ])
  })
})

describe("a large value that did not change", () => {
  const columns = [id, { name: "big" }, { name: "bigKey", key: true }]
  const updated = (identity: "full" | "default", ...tuples: Parameters<typeof update>): Update => {
    const { events } = new Consumer().tell(begin(1), relation(7, columns, { identity }), update(...tuples))
    return events.at(-1) as Update
  }

  it("is Unchanged, which is neither null nor text (LOG-029, TRP-101, L13)", () => {
    const { new: row } = updated("default", 7, undefined, [text("1"), Same, text("k")])
    assert.deepStrictEqual(row, { id: 1, big: Unchanged, bigKey: "k" })
    assert.isTrue(isUnchanged(row["big"]))
    assert.isFalse(isUnchanged(null) || isUnchanged(undefined) || isUnchanged(""))
  })

  it("is found in the old row when that is whole (LOG-029)", () => {
    const old = { kind: "full", tuple: [text("1"), text("x"), text("k")] } as const
    const { new: row, oldKind } = updated("full", 7, old, [text("2"), Same, Same])
    assert.deepStrictEqual([oldKind, row], ["full", { id: 2, big: "x", bigKey: "k" }])
  })

  it("is not NULL where an old row, sent as whole, has NULL in its place: that old row is a key (LOG-029)", () => {
    const old = { kind: "full", tuple: [text("1"), Null, text("k")] } as const
    const change = updated("full", 7, old, [text("2"), Same, Same])
    assert.deepStrictEqual(
      [change.oldKind, change.old, change.new],
      ["key", { id: 1, bigKey: "k" }, { id: 2, big: Unchanged, bigKey: "k" }]
    )
  })

  it("makes no key of an old row that is whole and has NULL in another column", () => {
    const old = { kind: "full", tuple: [text("1"), Null, text("k")] } as const
    for (const [note, big] of [
      [text("now"), "now"],
      [Null, null]
    ] as const) {
      const change = updated("full", 7, old, [text("2"), note, Same])
      assert.deepStrictEqual(
        [change.oldKind, change.old, change.new],
        ["full", { id: 1, big: null, bigKey: "k" }, { id: 2, big, bigKey: "k" }]
      )
    }
  })

  it("is found in a whole row that was sent as a key (LOG-029)", () => {
    const old = { kind: "key", tuple: [text("1"), text("x"), text("k")] } as const
    const change = updated("default", 7, old, [text("1"), Same, text("k")])
    assert.deepStrictEqual(
      [change.oldKind, change.old, change.new],
      ["key", { id: 1, bigKey: "k" }, { id: 1, big: "x", bigKey: "k" }]
    )
  })

  it("is found in the old key when it belongs to that, and nowhere else (LOG-029)", () => {
    const old = { kind: "key", tuple: [text("1"), Null, text("k")] } as const
    const { new: row } = updated("default", 7, old, [text("2"), Same, Same])
    assert.deepStrictEqual(row, { id: 2, big: Unchanged, bigKey: "k" })
  })
})

describe("descriptions", () => {
  it("may come again, and the newest counts from there on (LOG-014, TRP-111, L12)", () => {
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, [id]),
      insert(7, [text("1")]),
      relation(7, [id, note]),
      insert(7, [text("2"), text("n")]),
      relation(7, [note, { ...id, typeOid: Oid.int8 }], { name: "u" }),
      insert(7, [text("n"), text("3")])
    )
    assert.deepStrictEqual(rowsOf(events), [{ id: 1 }, { id: 2, note: "n" }, { note: "n", id: 3n }])
    assert.deepStrictEqual(
      events.flatMap((event) => (event._tag === "Insert" ? [event.relation.name] : [])),
      ["t", "t", "u"]
    )
  })

  it("without a difference leave the relation as it is", () => {
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, [id, note]),
      insert(7, [text("1"), Null]),
      relation(7, [id, note]),
      insert(7, [text("2"), Null])
    )
    const [first, second] = events.flatMap((event) => (event._tag === "Insert" ? [event.relation] : []))
    assert.strictEqual(first, second)
  })

  it("that differ in anything are another relation", () => {
    const described = relation(7, [id, note])
    const others = [
      { ...described, name: "u" },
      { ...described, namespace: "other" },
      { ...described, identity: "full" as const },
      relation(7, [id]),
      relation(7, [id, { ...note, key: true }]),
      relation(7, [id, { name: "other" }]),
      relation(7, [id, { ...note, typeOid: Oid.varchar }]),
      relation(7, [id, { ...note, typeModifier: 5 }])
    ]
    for (const other of others) {
      const consumer = new Consumer().tell(begin(1), described)
      const before = consumer.decoder.relations.get(7)
      consumer.tell(other)
      assert.notStrictEqual(consumer.decoder.relations.get(7), before)
    }
  })

  it("distinguish tables of one name by their id, and an empty schema is pg_catalog (LOG-023)", () => {
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, [id], { namespace: "a" }),
      relation(8, [note], { namespace: "" }),
      insert(7, [text("1")]),
      insert(8, [text("n")])
    )
    const relations = events.flatMap((event) => (event._tag === "Insert" ? [event.relation] : []))
    assert.deepStrictEqual(
      relations.map(({ id, keys, name, schema }) => [id, schema, name, keys]),
      [
        [7, "a", "t", ["id"]],
        [8, "pg_catalog", "t", []]
      ]
    )
  })

  it("are needed for a change (LOG-016, L12)", () => {
    assert.strictEqual(
      new Consumer().failing(begin(1), relation(7, [id]), insert(8, [text("1")])),
      "UnknownRelation"
    )
    const truncate = { options: { cascade: false, restartIdentity: false }, relationIds: [7, 8] }
    assert.strictEqual(
      new Consumer().failing(begin(1), relation(7, [id]), { _tag: "Truncate", xid: undefined, ...truncate }),
      "UnknownRelation"
    )
  })

  it("belong to their connection alone (LOG-015)", () => {
    new Consumer().tell(begin(1), relation(7, [id]))
    assert.strictEqual(new Consumer().failing(begin(1), insert(7, [text("1")])), "UnknownRelation")
  })

  it("determine how many columns a row has, an old one too (LOG-020, L22)", () => {
    const opened = () => new Consumer().tell(begin(1), relation(7, [id, note]))
    const short = [text("1")]
    const right = [text("1"), Null]
    assert.strictEqual(opened().failing(insert(7, short)), "ColumnMismatch")
    assert.strictEqual(opened().failing(insert(7, [...right, Null])), "ColumnMismatch")
    assert.strictEqual(opened().failing(remove(7, { kind: "key", tuple: short })), "ColumnMismatch")
    assert.strictEqual(opened().failing(update(7, { kind: "key", tuple: short }, right)), "ColumnMismatch")
    assert.strictEqual(opened().failing(update(7, { kind: "key", tuple: right }, short)), "ColumnMismatch")
  })
})

describe("a value that cannot be read", () => {
  it("is reported with its column and type and never with its content", () => {
    const secret = "12x-secret"
    const opened = () => new Consumer().tell(begin(1), relation(7, [note, id]))
    for (const [message, place] of [
      [insert(7, [Null, text(secret)]), '"kind":"insert","row":"new"'],
      [
        update(7, { kind: "full", tuple: [Null, text("1")] }, [Null, text(secret)]),
        '"kind":"update","row":"new"'
      ],
      [
        update(7, { kind: "key", tuple: [Null, text(secret)] }, [Null, text("1")]),
        '"kind":"update","row":"old"'
      ],
      [remove(7, { kind: "key", tuple: [Null, text(secret)] }), '"kind":"delete","row":"old"']
    ] as const) {
      const consumer = opened()
      let failure: Error | undefined
      try {
        consumer.tell(message)
      } catch (error) {
        failure = error as Error
      }
      assert.include(failure?.message, '"column":"id","index":1,"type":"int4"')
      assert.include(failure?.message, `"place":{"table":"public.t",${place}`)
      assert.notInclude(failure?.message, secret)
    }
  })

  it("leaves nothing behind for the next row", () => {
    const consumer = new Consumer()
    assert.strictEqual(
      consumer.failing(begin(1), relation(7, [id]), insert(7, [text("x")])),
      "UndecodableColumn"
    )
    consumer.tell(insert(7, [text("1")]), commit())
    assert.deepStrictEqual(rowsOf(consumer.events), [{ id: 1 }])
  })
})

describe("old rows of partitions that a table publishes as its own", () => {
  const columns = [{ ...id, key: true }, { name: "code", typeOid: Oid.text }, note]
  const member = { root: 7, schema: "public", partitionedBy: [] }
  const trees = (): PartitionTrees => {
    const found = new PartitionTrees()
    found.learn(
      [7],
      [
        { ...member, id: 7, parent: undefined, name: "t", isLeaf: false, keys: [] },
        {
          ...member,
          id: 8,
          parent: 7,
          name: "t_1",
          isLeaf: true,
          keys: [
            { identity: true, columns: ["id"] },
            { identity: false, columns: ["note", "code"] }
          ]
        }
      ]
    )
    return found
  }
  const consumer = (anyIdentity = false) =>
    new Consumer("off", Registry.lossless, 100, { trees: trees(), anyIdentity })
  const deleted = (events: ReadonlyArray<LogicalEvent>) =>
    events.flatMap((event) => (event._tag === "Delete" ? [[event.oldKind, event.old]] : []))

  it("are keys where nothing but a key of a partition is there, and whole otherwise (LOG-026)", () => {
    const { events } = consumer().tell(
      begin(1),
      relation(7, columns, { identity: "full" }),
      remove(7, { kind: "full", tuple: [text("1"), Null, Null] }),
      remove(7, { kind: "full", tuple: [Null, text("c"), text("n")] }),
      remove(7, { kind: "full", tuple: [text("1"), text("c"), Null] }),
      remove(7, { kind: "full", tuple: [text("1"), text("c"), text("n")] })
    )
    assert.deepStrictEqual(deleted(events), [
      ["key", { id: 1 }],
      ["key", { code: "c", note: "n" }],
      ["full", { id: 1, code: "c", note: null }],
      ["full", { id: 1, code: "c", note: "n" }]
    ])
  })

  it("are refused when NULL stands in the key, with the table, the column, the cause and the cure (LOG-027)", () => {
    const failure = consumer().failureOf(
      begin(1),
      relation(7, columns),
      remove(7, { kind: "key", tuple: [Null, text("c"), Null] })
    )
    assert.deepInclude(failure, { _tag: "UndecodableColumn", column: "id" })
    const { error } = FeedFailure.of(failure as ChangeFailure, "")
    assert.include(error.message, "a partition whose replica identity is not that of public.t")
    assert.include(error.message, "ALTER TABLE partition REPLICA IDENTITY DEFAULT")
  })

  it("have the key of their partition where that is asked for, or the table has none (LOG-027)", () => {
    const any = consumer(true).tell(
      begin(1),
      relation(7, columns),
      remove(7, { kind: "key", tuple: [Null, text("c"), Null] }),
      remove(7, { kind: "key", tuple: [text("1"), Null, Null] })
    )
    assert.deepStrictEqual(deleted(any.events), [
      ["key", { code: "c" }],
      ["key", { id: 1 }]
    ])
    const keyless = consumer().tell(
      begin(1),
      relation(7, [{ name: "id", typeOid: Oid.int4 }, note]),
      remove(7, { kind: "key", tuple: [text("1"), Null] })
    )
    assert.deepStrictEqual(deleted(keyless.events), [["key", { id: 1 }]])
  })

  it("are asked for whenever a table is described: it may be in another tree by now", () => {
    const reader = consumer().tell(begin(1), relation(7, columns), relation(9, columns))
    assert.deepStrictEqual(reader.demands, ["Described", "Described"])
    assert.isTrue(reader.decoder.relations.isStrange(9))
    assert.isTrue(reader.decoder.relations.isStrange(7))
    assert.strictEqual(reader.decoder.relations.get(7)?.tree?.root, 7)
  })
})
