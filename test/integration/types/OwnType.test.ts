/**
 * A type of the application's own: another codec with something before it and something behind it, for a type that is built
 * in or for one that is known by its name.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { PgConnector } from "../../../src/connection/PgConnector.js"
import * as Copy from "../../../src/Copy.js"
import { PgCodecError } from "../../../src/model/PgError.js"
import * as PgTypes from "../../../src/PgTypes.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import { decodeText } from "../../types/codecs.js"
import { isClean, open, s, value } from "../connection/sessions.js"
import { connecting, fresh, slotName } from "../replication/support.js"

class UserId {
  constructor(readonly text: string) {}
}

const uuid = PgTypes.lossless.lookup(PgTypes.Oid.uuid)!
const userId = PgTypes.mapped(
  uuid,
  (text) => new UserId(String(text)),
  (value) => (value instanceof UserId ? value.text : value)
)

const types = PgTypes.lossless.with(userId)
const one = new UserId("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
const other = new UserId("00000000-0000-4000-8000-000000000000")

describe("a type of one's own", () => {
  it.scopedLive("goes both ways, alone, in arrays and inside types that are found at run time", () =>
    Effect.gen(function* () {
      const pg = yield* open({ types })
      yield* pg.simple(
        "create domain pg_temp.author as uuid; create type pg_temp.post as (author pg_temp.author, readers uuid[])"
      )
      const post = { author: one, readers: [one, null, other] }
      const rows = yield* pg.values(
        s(
          `select $1::uuid, $1::uuid::text, $2::uuid[], $3::pg_temp.author, array[$3::pg_temp.author], $4::pg_temp.post,
            row($1::uuid, 1)`,
          [one, [[one, null]], other, post]
        )
      )
      assert.deepStrictEqual(rows, [[one, one.text, [[one, null]], other, [other], post, [one, 1]]])
      const [result] = yield* pg.simple(`select '${one.text}'::uuid as id`)
      assert.deepStrictEqual(result?.rows[0]?.["id"], one)
    })
  )

  it.scopedLive("goes in and out by COPY in every format", () =>
    Effect.gen(function* () {
      const pg = yield* open({ types })
      yield* pg.simple("create temp table ids (id uuid, more uuid[])")
      const rows = [
        { id: one, more: [other, null] },
        { id: null, more: [] }
      ]
      const formats = [{ format: "binary" }, { format: "text" }, { format: "csv" }] as const
      for (const format of formats) {
        yield* pg.simple("truncate ids")
        const copy = Copy.on(pg)
        yield* copy.rowsInto({ table: "ids", columns: ["id", "more"], ...format }, Stream.fromIterable(rows))
        const read = yield* Stream.runCollect(copy.rowsFrom({ table: "ids", ...format }))
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(read).map((row) => ({ ...row })),
          rows,
          format.format
        )
      }
    })
  )

  it.scopedLive("is refused as its codec refuses it, with the parameter's place", () =>
    Effect.gen(function* () {
      const pg = yield* open({ types })
      const error = yield* Effect.flip(pg.query(s("select $1::int4, $2::uuid", [1, new UserId("nobody")])))
      assert.instanceOf(error, PgCodecError)
      assert.deepInclude(error, { place: { _tag: "Parameter", number: 2 }, type: "uuid" })
      assert.include(error.message, "got string of 6 characters")
      const inside = yield* Effect.flip(pg.query(s("select $1::uuid[]", [[one, new UserId("nobody")]])))
      assert.match(inside.message, /^parameter \$1 cannot be sent as uuid\[\]: element \[1\]: expected /)
      yield* isClean(pg)
    })
  )
})

class Own {
  constructor(readonly inner: unknown) {}
}

const own = (found: PgTypes.Codec): PgTypes.Codec<Own> =>
  PgTypes.mapped(
    found,
    (value) => new Own(value),
    (value) => (value instanceof Own ? value.inner : value)
  )

const red = new Own("red")

/** A schema for the scope, with types in it. */
const schema = Effect.gen(function* () {
  const pg = yield* open()
  const name = fresh("shop")
  yield* pg.simple(`create schema ${name};
    create type ${name}.colour as enum ('red', 'blue');
    create domain ${name}.user_id as uuid;
    create type ${name}.money as (amount int8, currency text);
    create type ${name}.shirt as (colours ${name}.colour[], price ${name}.money);
    create type ${name}.span as range (subtype = ${name}.colour);
    create domain ${name}.tint as ${name}.colour;
    create extension if not exists isn schema public`)
  yield* Effect.addFinalizer(() => Effect.ignore(pg.simple(`drop schema ${name} cascade`)))
  return name
})

const named = (names: ReadonlyArray<string>): PgTypes.Registry =>
  names.reduce((registry, name) => registry.withNamed(name, own), PgTypes.lossless)

describe("a type of one's own by its name", () => {
  it.scopedLive("goes both ways, alone and inside other types, in both formats", () =>
    Effect.gen(function* () {
      const shop = yield* schema
      const pg = yield* open({ types: named([`${shop}.colour`, `${shop}.money`, "isbn13"]) })
      const money = new Own({ amount: 5n, currency: "EUR" })
      const shirt = { colours: [red, null], price: money }
      const span = PgTypes.PgRange.make(red, new Own("blue"), "[]")
      const isbn = new Own("978-0-393-04002-9")
      const rows = [[red, [[red, null]], money, shirt, [shirt], span, isbn, [isbn]]]
      const types = ["colour", "colour[]", "money", "shirt", "shirt[]", "span"].map(
        (name) => `${shop}.${name}`
      )
      const list = [...types, "public.isbn13", "public.isbn13[]"].map(
        (type, at) => `$${at + 1}::${type} as c${at}`
      )
      assert.deepStrictEqual(yield* pg.values(s(`select ${list.join(", ")}`, rows[0])), rows)
      const [result] = yield* pg.simple(
        `select 'red'::${shop}.colour as one, '{red}'::${shop}.colour[] as many`
      )
      assert.deepStrictEqual(result?.rows, [{ one: red, many: [red] }])
      yield* isClean(pg)
    })
  )

  it.scopedLive("has other OIDs when the type was made again, and the connection follows", () =>
    Effect.gen(function* () {
      const shop = yield* schema
      const pg = yield* open({ types: named([`${shop}.colour`]) })
      const both = s(`select $1::${shop}.colour as one, array[$1::${shop}.colour] as many`, [red])
      const seen = [{ one: red, many: [red] }]
      assert.deepStrictEqual(yield* pg.query(both), seen)
      yield* pg.refreshTypes
      assert.deepStrictEqual(yield* pg.query(both), seen)
      yield* pg.simple(`drop type ${shop}.colour cascade; create type ${shop}.colour as enum ('red')`)
      yield* pg.refreshTypes
      assert.deepStrictEqual(yield* pg.query(both), seen)
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "is, for a domain, what parameters, arrays and fields have, and columns have the base (MSG-015)",
    () =>
      Effect.gen(function* () {
        const shop = yield* schema
        const pg = yield* open({ types: named(["user_id"]) })
        const id = new Own(one.text)
        yield* pg.simple(`create table ${shop}.users (id ${shop}.user_id, friends ${shop}.user_id[])`)
        yield* pg.query(s(`insert into ${shop}.users values ($1, $2)`, [id, [id, null]]))
        assert.deepStrictEqual(yield* pg.query(s(`select id, friends, u from ${shop}.users u`)), [
          { id: one.text, friends: [id, null], u: { id, friends: [id, null] } }
        ])
        assert.deepStrictEqual(
          yield* pg.values(s(`select row(id), $1::${shop}.user_id from ${shop}.users`, [id])),
          [[[id], one.text]]
        )
        // A comparison is the base's: there the parameter is of the domain when its type is stated.
        const error = yield* Effect.flip(pg.query(s(`select from ${shop}.users where id = $1`, [id])))
        assert.instanceOf(error, PgCodecError)
        const said = s(`select from ${shop}.users where id = $1::${shop}.user_id`, [id])
        assert.lengthOf(yield* pg.query(said), 1)
        const copy = Copy.on(pg)
        const target = {
          table: [shop, "users"],
          columns: [{ name: "id", type: `${shop}.user_id` }, "friends"]
        }
        yield* copy.rowsInto(target, Stream.make({ id, friends: [id] }))
        const read = yield* Stream.runLast(copy.rowsFrom(target))
        assert.deepInclude(Option.getOrThrow(read), { id, friends: [id] })
        yield* isClean(pg)
      })
  )

  it.scopedLive("goes in and out by COPY in every format", () =>
    Effect.gen(function* () {
      const shop = yield* schema
      const pg = yield* open({ types: named([`${shop}.colour`, `${shop}.money`]) })
      yield* pg.simple(
        `create temp table shirts (colours ${shop}.colour[], colour ${shop}.colour, price ${shop}.money)`
      )
      const rows = [{ colours: [red, null], colour: red, price: new Own({ amount: 5n, currency: "EUR" }) }]
      for (const format of [{ format: "binary" }, { format: "text" }, { format: "csv" }] as const) {
        yield* pg.simple("truncate shirts")
        const copy = Copy.on(pg)
        const target = { table: "shirts", columns: ["colours", "colour", "price"], ...format }
        yield* copy.rowsInto(target, Stream.fromIterable(rows))
        const read = yield* Stream.runCollect(copy.rowsFrom({ table: "shirts", ...format }))
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(read).map((row) => ({ ...row })),
          rows,
          format.format
        )
      }
    })
  )

  it.scopedLive(
    "is read in feeds of changes, and found through another session where the feed's session cannot ask",
    () =>
      Effect.gen(function* () {
        const shop = yield* schema
        const pg = yield* open()
        yield* pg.simple(`create table ${shop}.shirts
          (colour ${shop}.colour, colours ${shop}.colour[], wearer ${shop}.user_id, tint ${shop}.tint);
        create publication ${shop} for table ${shop}.shirts`)
        yield* Effect.addFinalizer(() => Effect.ignore(pg.simple(`drop publication ${shop}`)))
        const oid = Number(yield* value(pg, `select '${shop}.colour'::regtype::oid`))
        const id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
        yield* connecting({ connector: { types: named([`${shop}.colour`, `${shop}.user_id`]) } })(
          Effect.gen(function* () {
            const connector = yield* PgConnector
            const codec = (yield* connector.findTypes([oid])).lookup(oid)!
            assert.deepStrictEqual(decodeText(codec, "red"), { value: red })
            yield* connector.refreshTypes
            for (const binary of [true, false]) {
              const slot = yield* slotName()
              yield* Slot.create(slot)
              const feed = yield* logical({ slot, publications: [shop], binary })
              yield* pg.simple(`insert into ${shop}.shirts values ('red', '{red}', '${id}', 'red')`)
              const inserts = yield* Stream.runHead(
                Stream.filter(feed.changes, ({ _tag }) => _tag === "Insert")
              )
              assert.deepInclude(Option.getOrThrow(inserts), {
                new: { colour: red, colours: [red], wearer: new Own(id), tint: red }
              })
              yield* connector.refreshTypes
            }
          })
        )
      })
  )

  it.scopedLive("fails the statements that meet it when it could not be made, and only those", () =>
    Effect.gen(function* () {
      const shop = yield* schema
      const thrown = new RangeError("no such colour")
      const pg = yield* open({
        types: PgTypes.lossless.withNamed("colour", () => {
          throw thrown
        })
      })
      for (const statement of [
        s(`select 'red'::${shop}.colour`),
        s(`select $1::${shop}.colour::text`, ["red"]),
        s(`select array['red'::${shop}.colour]`)
      ]) {
        const error = yield* Effect.flip(pg.query(statement))
        assert.instanceOf(error, PgCodecError)
        assert.strictEqual(error.cause, thrown)
      }
      assert.deepStrictEqual(yield* pg.values(s(`select row(1, 'EUR')::${shop}.money is null`)), [[false]])
      yield* isClean(pg)
    })
  )
})
