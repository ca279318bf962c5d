import { assert, describe, it } from "@effect/vitest"
import { inspect } from "node:util"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Host from "../../../src/host/Host.js"
import { Transport } from "../../../src/net/Transport.js"
import { PgChangeRowError } from "../../../src/model/ChangeRowError.js"
import type { Relation, TransactionInfo } from "../../../src/replication/changes/LogicalEvent.js"
import { Delete, Insert, Truncate, Update } from "../../../src/replication/changes/LogicalEvent.js"
import * as TypedTable from "../../../src/replication/tables/TypedTable.js"
import { Unchanged } from "../../../src/replication/changes/Unchanged.js"
import * as ReadBy from "../../../src/replication/changes/ReadBy.js"
import * as PgSchema from "../../../src/PgSchema.js"
import * as PgTypes from "../../../src/PgTypes.js"
import type { Registry } from "../../../src/types/Registry.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { time } from "../payloads.js"

const config = Either.getOrThrow(PgConfig.make({ host: "db", user: "u", sslMode: "disable" }))
const connector = Layer.unwrapScoped(
  Effect.map(ScriptedServer.make([]), ({ transport }) =>
    PgConnector.layerWith(config).pipe(
      Layer.provide(Layer.merge(Layer.succeed(Transport, transport), Layer.succeed(Host.Host, Host.make({}))))
    )
  )
)

const transaction: TransactionInfo = {
  xid: 1,
  commitLsn: 1n,
  time,
  gid: undefined,
  origin: undefined,
  streamed: false
}

const relationOf = (
  name: string,
  columns: ReadonlyArray<readonly [string, number]>,
  types: ReadonlyArray<number> = columns.map(([, oid]) => oid)
): Relation => ({
  id: 7,
  schema: "shop",
  name,
  identity: "default",
  columns: columns.map(([name, typeOid], index) => ({ name, typeOid, typeModifier: -1, key: index === 0 })),
  types,
  keys: [columns[0]![0]]
})

const Order = Schema.Struct({
  id: PgSchema.Int4,
  note: Schema.NullOr(PgSchema.Text),
  placed: Schema.propertySignature(PgSchema.Text).pipe(Schema.fromKey("placed_by"))
})
const columns = [
  ["id", 23],
  ["note", 25],
  ["placed_by", 25]
] as const
const orders = TypedTable.table(`Shop."Order Items"`, Order)
const relation = relationOf("Order Items", columns)
const insert = (row: Record<string, unknown>, of: Relation = relation) =>
  new Insert(transaction, 0, 0, of, row)
const decode = (change: Parameters<typeof orders.decode>[0]) =>
  Effect.map(orders.decode(change), Option.getOrUndefined).pipe(Effect.provide(connector))

describe("a typed table", () => {
  it.effect("is known by its name as SQL reads it, and its rows come through the Schema", () =>
    Effect.gen(function* () {
      const found = yield* decode(insert({ id: 1, note: null, placed_by: "ann" }))
      assert.deepInclude(found, {
        _tag: "Insert",
        new: { _tag: "WholeRow", row: { id: 1, note: null, placed: "ann" } }
      })
      const other = relationOf("order items", columns)
      assert.isUndefined(yield* decode(insert({ id: 1, note: null, placed_by: "ann" }, other)))
      const emptied = yield* decode(new Truncate(transaction, 0, 0, [other, relation], false, false))
      assert.strictEqual(emptied?._tag, "Truncate")
      assert.isUndefined(yield* decode(new Truncate(transaction, 0, 0, [other], false, false)))
    })
  )

  it.effect(
    "returns the known fields of a partial row, and never a value that did not arrive (L13, LOG-027, LOG-029)",
    () =>
      Effect.gen(function* () {
        const row = { id: 2, note: Unchanged, placed_by: "bob" }
        const update = yield* decode(new Update(transaction, 0, 0, relation, "key", { id: 1 }, row))
        assert.deepInclude(update, {
          new: { _tag: "PartialRow", row: { id: 2, placed: "bob" }, missing: ["note"] },
          old: { _tag: "PartialRow", row: { id: 1 }, missing: ["note", "placed_by"] }
        })
        const whole = { id: 2, note: "n", placed_by: "bob" }
        const full = yield* decode(new Update(transaction, 0, 0, relation, "full", whole, whole))
        const typed = { _tag: "WholeRow", row: { id: 2, note: "n", placed: "bob" } } as const
        assert.deepInclude(full, { new: typed, old: typed })
        const none = yield* decode(new Update(transaction, 0, 0, relation, "none", undefined, whole))
        assert.isUndefined(none?._tag === "Update" ? none.old : none)
        const gone = yield* decode(new Delete(transaction, 0, 0, relation, "key", { id: 1 }))
        assert.deepInclude(gone, {
          old: { _tag: "PartialRow", row: { id: 1 }, missing: ["note", "placed_by"] }
        })
      })
  )

  it.effect("returns parts of a class's rows too", () =>
    Effect.gen(function* () {
      class Row extends Schema.Class<Row>("Row")({ id: PgSchema.Int4, note: PgSchema.Text }) {}
      const table = TypedTable.table("shop.rows", Row)
      const of = relationOf("rows", columns.slice(0, 2))
      const key = new Delete(transaction, 0, 0, of, "key", { id: 1 })
      const found = Option.getOrThrow(yield* table.decode(key).pipe(Effect.provide(connector)))
      assert.deepInclude(found, { old: { _tag: "PartialRow", row: { id: 1 }, missing: ["note"] } })
    })
  )

  it.effect("refuses a table that is not as the Schema wants it, when it is described so (L12)", () =>
    Effect.gen(function* () {
      yield* decode(insert({ id: 1, note: null, placed_by: "ann" }))
      const altered = relationOf("Order Items", [
        ["id", 20],
        ["note", 25]
      ])
      const error = yield* Effect.flip(decode(insert({ id: 1n, note: null }, altered)))
      assert.deepInclude(error, { _tag: "PgCodecError", place: { _tag: "Columns", of: "table" } })
      assert.include(error.message, `the table Shop."Order Items" does not fit the Schema`)
      assert.notInclude(error.message.toLowerCase(), "statement")
      assert.match(error.message, /id +int8 .*int4.*<- another type/)
      assert.match(error.message, /placed_by .*<- not in the result/)
      for (const printed of [inspect(error), Cause.pretty(Cause.fail(error)), String(error)])
        assert.strictEqual(printed.split("placed_by").length - 1, 1)
      assert.deepInclude(JSON.parse(JSON.stringify(error)), { _tag: "PgCodecError", message: error.message })
      // One column more is not one of ours.
      const wider = relationOf("Order Items", [...columns, ["more", 16]])
      const found = yield* decode(insert({ id: 1, note: null, placed_by: "ann", more: true }, wider))
      assert.deepInclude(found, { new: { _tag: "WholeRow", row: { id: 1, note: null, placed: "ann" } } })
    })
  )

  it.effect(
    "reads anew by the Schema's codecs what the feed's values keep, and refuses at once what they lost",
    () =>
      Effect.gen(function* () {
        const types = [20, 1700, 1184, 1016, 701]
        const readBy = (registry: Registry) => {
          const relation = relationOf(
            "rows",
            ["id", "price", "at", "ids", "ratio"].map((name, at) => [name, types[at]!] as const)
          )
          ReadBy.note(
            relation,
            types.map((oid) => registry.lookup(oid))
          )
          return relation
        }
        const {
          array,
          Float8,
          Int8,
          Int8AsString,
          Numeric,
          NumericAsNumber,
          TimestampTz,
          TimestampTzAsDate
        } = PgSchema
        const Strings = TypedTable.table(
          "shop.rows",
          Schema.Struct({
            id: Int8AsString,
            price: NumericAsNumber,
            at: Schema.NullOr(TimestampTzAsDate),
            ids: array(Int8AsString),
            ratio: Float8
          })
        )
        const Exact = TypedTable.table("shop.rows", Schema.Struct({ id: Int8, price: Numeric }))
        const Instant = TypedTable.table("shop.rows", Schema.Struct({ at: TimestampTz }))
        const Small = TypedTable.table("shop.rows", Schema.Struct({ id: PgSchema.Int8AsNumber }))
        const through = <A>(table: TypedTable.TypedTable<A, never>, change: Insert) =>
          Effect.map(table.decode(change), (found) => {
            const typed = Option.getOrThrow(found)
            return typed._tag === "Insert" ? typed.new.row : undefined
          }).pipe(Effect.provide(connector))
        const numeric = Option.getOrThrow(PgTypes.Numeric.fromText("0.10"))
        const at = Option.getOrThrow(PgTypes.PgTimestampTz.fromText("2024-02-29 12:34:56.789123+00"))
        const exact = { id: 9007199254740993n, price: numeric, at, ids: [1n, 2n], ratio: 0.5 }
        const ofLossless = readBy(PgTypes.lossless)
        assert.deepStrictEqual(yield* through(Strings, insert(exact, ofLossless)), {
          id: "9007199254740993",
          price: 0.1,
          at: new Date("2024-02-29T12:34:56.789Z"),
          ids: ["1", "2"],
          ratio: 0.5
        })
        assert.isNull((yield* through(Strings, insert({ ...exact, at: null }, ofLossless)))?.at)
        const refusal = yield* Effect.flip(through(Small, insert(exact, ofLossless)))
        assert.instanceOf(refusal, PgChangeRowError)
        assert.deepInclude(refusal, { column: "id", type: "int8" })
        const gone = new Delete(transaction, 0, 0, ofLossless, "key", { id: 7n })
        const partial = Option.getOrThrow(yield* Strings.decode(gone).pipe(Effect.provide(connector)))
        assert.deepInclude(partial, {
          old: { _tag: "PartialRow", row: { id: "7" }, missing: ["price", "at", "ids", "ratio"] }
        })
        const ofFamiliar = readBy(PgTypes.familiar)
        const familiar = { id: "9007199254740993", price: "0.10", at: new Date(0), ids: ["1"], ratio: 0.5 }
        const read = yield* through(Exact, insert(familiar, ofFamiliar))
        assert.deepStrictEqual([read?.id, String(read?.price)], [9007199254740993n, "0.10"])
        const lost = yield* Effect.flip(through(Instant, insert(familiar, ofFamiliar)))
        assert.deepInclude(lost, { _tag: "PgCodecError", place: { _tag: "Columns", of: "table" } })
        assert.include(lost.message, 'column "at" of type timestamptz was read by another codec')
      })
  )

  it.effect("reads points and circles of the familiar preset by Schemas of exact values", () =>
    Effect.gen(function* () {
      const relation = relationOf("rows", [
        ["p", 600],
        ["c", 718]
      ])
      ReadBy.note(
        relation,
        [600, 718].map((oid) => PgTypes.familiar.lookup(oid))
      )
      const table = TypedTable.table("shop.rows", Schema.Struct({ p: PgSchema.Point, c: PgSchema.Circle }))
      const row = { p: { x: 0.1, y: -0 }, c: { x: 1e300, y: Infinity, radius: 2 } }
      const found = yield* table.decode(insert(row, relation)).pipe(Effect.provide(connector))
      assert.deepInclude(Option.getOrThrow(found), {
        new: {
          _tag: "WholeRow",
          row: {
            p: new PgTypes.PgPoint(0.1, -0),
            c: new PgTypes.PgCircle(new PgTypes.PgPoint(1e300, Infinity), 2)
          }
        }
      })
    })
  )

  it.effect("refuses a Schema through which no row goes, at the first change of the table", () =>
    Effect.gen(function* () {
      const table = TypedTable.table("shop.rows", Schema.Tuple(PgSchema.Int4))
      const of = relationOf("rows", columns)
      const error = yield* Effect.flip(table.decode(insert({ id: 1 }, of)).pipe(Effect.provide(connector)))
      assert.deepInclude(error, { _tag: "PgUsageError", operation: "Replication.table", argument: "schema" })
    })
  )

  it.effect("compares a domain by what it is over", () =>
    Effect.gen(function* () {
      const domain = relationOf("Order Items", [["id", 16_999], ...columns.slice(1)], [23, 25, 25])
      const found = yield* decode(insert({ id: 1, note: null, placed_by: "ann" }, domain))
      assert.deepInclude(found, { new: { _tag: "WholeRow", row: { id: 1, note: null, placed: "ann" } } })
    })
  )

  it.effect(
    "reports for a row that the Schema refuses where in the stream it stands, and never its values",
    () =>
      Effect.gen(function* () {
        const good = { id: 1, note: "secret", placed_by: "ann" }
        const bad = { ...good, placed_by: null }
        const prepared = { ...transaction, xid: 43, commitLsn: 0x1_0000_00ffn, gid: "two" }
        const found = yield* Effect.forEach(
          [
            insert(bad),
            new Update(transaction, 0, 0, relation, "none", undefined, bad),
            new Update(transaction, 0, 0, relation, "full", bad, good),
            new Update(transaction, 0, 0, relation, "none", undefined, { ...bad, note: Unchanged }),
            new Delete(prepared, 0, 0, relation, "full", bad)
          ],
          (change) => Effect.flip(decode(change))
        )
        const inTransaction = ", in transaction 1 committed at 0/1"
        assert.deepStrictEqual(
          found.map(({ message }) => message),
          [
            ["new row of an insert into", inTransaction],
            ["new row of an update of", inTransaction],
            ["old row of an update of", inTransaction],
            ["new row of an update of", inTransaction],
            ["old row of a delete from", ', in transaction 43 prepared as "two" at 1/FF']
          ].map(
            ([what, where]) =>
              `column "placed_by" of type text cannot be read in the ${what} shop.Order Items${where}: ` +
              "expected string (text), got null\nHINT: Schema.NullOr takes NULL."
          )
        )
        for (const error of found) {
          assert.deepInclude(error, { _tag: "PgChangeRowError", column: "placed_by", type: "text" })
          assert.instanceOf(error, PgChangeRowError)
          assert.include(JSON.stringify(error), '"table":"shop.Order Items"')
          assert.notInclude(JSON.stringify(error) + inspect(error), "secret")
        }
        const last = found[4]
        if (!(last instanceof PgChangeRowError)) return assert.fail()
        assert.deepStrictEqual(last.transaction, prepared)
        assert.deepStrictEqual([last.table, last.kind, last.row], ["shop.Order Items", "delete", "old"])
        assert.deepInclude(Reflect.get(last.toJSON(), "place"), {
          transaction: { xid: 43, commitLsn: "1/FF", gid: "two", time }
        })
      })
  )

  it.effect("reports the same for a row that is refused as a whole, or came in part where it must not", () =>
    Effect.gen(function* () {
      const anything = TypedTable.table("shop.rows", Schema.Record({ key: Schema.String, value: Schema.Int }))
      const positive = TypedTable.table(
        "shop.rows",
        Order.pipe(Schema.filter(({ id }) => id > 0, { description: "an order with a positive id" }))
      )
      const relation = relationOf("rows", columns)
      const tell = (
        table: TypedTable.TypedTable<unknown, never>,
        change: Parameters<typeof orders.decode>[0]
      ) =>
        Effect.map(
          Effect.flip(table.decode(change).pipe(Effect.provide(connector))),
          ({ message }) => message
        )
      assert.strictEqual(
        yield* tell(anything, new Delete(transaction, 0, 0, relation, "key", { id: 1 })),
        "the old row of a delete from shop.rows, in transaction 1 committed at 0/1, cannot be read: " +
          "the row is partial, and the fields of the Schema are unknown"
      )
      assert.strictEqual(
        yield* tell(positive, insert({ id: -1, note: null, placed_by: "" }, relation)),
        "the new row of an insert into shop.rows, in transaction 1 committed at 0/1, cannot be read: " +
          "expected an order with a positive id, got object"
      )
    })
  )

  it.effect("fails with its name when the name is invalid", () =>
    Effect.gen(function* () {
      const nobody = TypedTable.table("a.b.c", Order)
      const error = yield* Effect.flip(
        nobody.decode(insert({ id: 1, note: null, placed_by: "ann" })).pipe(Effect.provide(connector))
      )
      assert.deepInclude(error, { _tag: "PgUsageError", argument: "table" })
    })
  )
})
