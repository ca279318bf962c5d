import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as PgClient from "../../../src/client/PgClient.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import { Numeric } from "../../../src/model/Numeric.js"
import * as Oid from "../../../src/model/Oid.js"
import { PgCube } from "../../../src/model/PgCube.js"
import { PgCodecError } from "../../../src/model/PgError.js"
import { PgMultirange } from "../../../src/model/PgMultirange.js"
import { PgRange } from "../../../src/model/PgRange.js"
import { familiar, type Registry } from "../../../src/types/Registry.js"
import { configOf, isClean, open, refusal, s, value } from "../connection/sessions.js"
import { describeEachVersion } from "../support/server.js"

const prelude = `
drop schema if exists "Shop" cascade;
create schema "Shop";
set search_path = "Shop", public;
create type "Mood" as enum ('sad', 'so, "so"', 'glad');
create domain price as numeric(10,2) check (value >= 0);
create domain dear as price check (value > 100);
create domain ints as int[];
create type item as (name text, price price, moods "Mood"[]);
create type "order" as (id int8, items item[], first item, note text);
create type moods as range (subtype = "Mood");
create table people (id int, gone text, "__proto__" "Mood", born date);
alter table people drop column gone;
insert into people values (1, 'glad', '2000-02-29');
`

const number = (text: string) => Option.getOrThrow(Numeric.fromText(text))

describeEachVersion(
  "types found at run time",
  (server, version) => {
    const target = () => ({ target: server(), config: { password: "secret" } })
    const session = (types?: Registry) =>
      Effect.tap(open({ ...target(), ...(types === undefined ? {} : { types }) }), (pg) => pg.simple(prelude))

    it.scopedLive(
      "are read in both formats, and sent back, whatever they are made of (TYP-010, TYP-072, TYP-073, TYP-080, TYP-083, TYP-084, TRP-094, TRP-133)",
      () =>
        Effect.gen(function* () {
          const pg = yield* session()
          const item = { name: 'a "b", (c)', price: number("1.50"), moods: ["glad", 'so, "so"', null] }
          const cases: ReadonlyArray<readonly [type: string, literal: string, value: unknown]> = [
            [`"Mood"`, `'sad'`, "sad"],
            [`"Mood"[]`, `'{sad,"so, \\"so\\"",NULL}'`, ["sad", 'so, "so"', null]],
            ["price[]", `'{1.50,NULL}'`, [number("1.50"), null]],
            ["dear", `'101'`, number("101.00")],
            ["dear[]", `'{101}'`, [number("101.00")]],
            ["ints", `'{1,2}'`, [1, 2]],
            ["ints[]", `array['{1,2}'::ints, '{3}'::ints]`, [[1, 2], [3]]],
            ["item", `row('a "b", (c)', 1.5, array['glad','so, "so"',null]::"Mood"[])`, item],
            [
              "item[]",
              `array[row('a "b", (c)', 1.5, array['glad','so, "so"',null]::"Mood"[])::item, null]`,
              [item, null]
            ],
            [
              `"order"`,
              `row(7, array[row('a "b", (c)', 1.5, array['glad','so, "so"',null]::"Mood"[])::item], null, '')`,
              { id: 7n, items: [item], first: null, note: "" }
            ],
            ["moods", `'[sad,glad]'`, PgRange.make("sad", "glad", "[]")],
            ["moods[]", `'{"[sad,glad]",empty}'`, [PgRange.make("sad", "glad", "[]"), PgRange.empty]],
            ["multirange", `'{[sad,glad)}'`, PgMultirange.of(PgRange.make("sad", "glad"))]
          ]
          for (const [name, literal, expected] of cases) {
            // The name of a multirange differs: its range's with "multi", or with "_multirange" behind.
            const type =
              name === "multirange"
                ? String(
                    yield* value(
                      pg,
                      "select rngmultitypid::regtype::text from pg_range where rngtypid = 'moods'::regtype"
                    )
                  )
                : name
            yield* pg.simple(`drop table if exists v; create temp table v as select ${literal}::${type} as x`)
            const rows = yield* pg.query(s("select x from v"))
            assert.deepStrictEqual(rows, [{ x: expected }], type)
            const [simple] = yield* pg.simple("select x from v")
            assert.deepStrictEqual(simple!.rows, [{ x: expected }], `${type} as text`)
            const sent = s(`select x is not distinct from $1::${type} as same, $1::${type} as back from v`, [
              expected
            ])
            assert.deepStrictEqual(yield* pg.query(sent), [{ same: true, back: expected }], `${type} sent`)
          }
          yield* isClean(pg)
        })
    )

    it.scopedLive("skip the dropped columns of a table, and keep odd names (TYP-082, F21)", () =>
      Effect.gen(function* () {
        const pg = yield* session()
        const [row] = yield* pg.query(
          s("select people as person, array_agg(people) as all from people group by people")
        )
        const person = row!.person as object
        assert.deepStrictEqual(Object.keys(person), ["id", "__proto__", "born"])
        assert.strictEqual(Object.entries(person)[1]![1], "glad")
        assert.deepStrictEqual(row!.all, [person])
        assert.deepStrictEqual(
          yield* pg.query(s("select id from people where people = $1::people", [person])),
          [{ id: 1 }]
        )
      })
    )

    it.scopedLive(
      "of extensions are known by name, and so are arrays, domains and fields of them (TYP-001, TYP-017, TYP-085, TYP-086, TYP-087)",
      () =>
        Effect.gen(function* () {
          const pg = yield* session()
          yield* pg.simple(`set client_min_messages = warning; create schema if not exists ext;
          create extension if not exists hstore schema ext; create extension if not exists citext schema ext;
          create extension if not exists ltree schema ext; create extension if not exists cube schema ext;
          create extension if not exists isn schema ext;
          set search_path = "Shop", ext;
          create domain tags as hstore;
          create type place as (path ltree, tags tags, box cube)`)
          const cases: ReadonlyArray<readonly [type: string, literal: string, value: unknown]> = [
            ["hstore", `a=>1, "b \\"c\\""=>NULL`, { a: "1", 'b "c"': null }],
            ["citext", "AbC", "AbC"],
            ["ltree", "Top.a.b", "Top.a.b"],
            ["lquery", "*.a{1,2}", "*.a{1,2}"],
            ["ltxtquery", "a & b*", "a & b*"],
            ["cube", "(1, 2),(3, 4)", new PgCube([1, 2], [3, 4])],
            ["cube", "(1.5, -2)", new PgCube([1.5, -2])],
            ["cube", "()", new PgCube([])],
            ["isbn", "978-0-393-04002-9", "0-393-04002-X"]
          ]
          for (const [type, literal, expected] of cases) {
            const quoted = `'${literal}'::${type}`
            const select = `select ${quoted} as one, array[${quoted}, null] as many`
            const wanted = [{ one: expected, many: [expected, null] }]
            assert.deepStrictEqual(yield* pg.query(s(select)), wanted)
            assert.deepStrictEqual((yield* pg.simple(select))[0]!.rows, wanted)
            const sent = s(`select $1::${type}::text = ${quoted}::text as same, $2::${type}[] as many`, [
              expected,
              [expected, null]
            ])
            assert.deepStrictEqual(yield* pg.query(sent), [{ same: true, many: [expected, null] }])
          }
          const place = { path: "a.b", tags: { x: null }, box: new PgCube([1]) }
          assert.deepStrictEqual(
            yield* pg.query(
              s("select $1::place as place, ($1::place).path as path, ($1::place).tags as tags", [place])
            ),
            [{ place, path: "a.b", tags: { x: null } }]
          )
          yield* isClean(pg)
        })
    )

    it.scopedLive("come through streams, portals, pipelines and transactions alike", () =>
      Effect.gen(function* () {
        const wanted = { m: "glad", n: 1 }
        const statement = s(`select 'glad'::"Mood" as m, array['sad']::"Mood"[] as l, 1 as n`)
        const sees = (rows: ReadonlyArray<object>) =>
          assert.deepStrictEqual(rows, [{ m: "glad", l: ["sad"], n: 1 }])
        for (const statementCacheSize of [100, 0]) {
          const fresh = Effect.tap(
            open({ ...target(), config: { password: "secret", statementCacheSize } }),
            (pg) => pg.simple(prelude)
          )
          sees(yield* Effect.flatMap(fresh, (pg) => pg.query(statement)))
          sees(
            Chunk.toReadonlyArray(
              yield* Stream.runCollect(Stream.unwrapScoped(Effect.map(fresh, (pg) => pg.stream(statement))))
            )
          )
          for (const options of [{}, { fetchSize: 1 }]) {
            const pg = yield* fresh
            sees(Chunk.toReadonlyArray(yield* Stream.runCollect(pg.stream(statement, options))))
            yield* isClean(pg)
            const inside = yield* fresh
            sees(
              yield* inside.withTransaction(
                Effect.map(Stream.runCollect(inside.stream(statement, options)), Chunk.toReadonlyArray)
              )
            )
            yield* isClean(inside)
          }
          const piped = yield* fresh
          for (let round = 0; round < 2; round++) {
            const { error, steps } = yield* piped.pipeline([
              s("select 2 as two"),
              statement,
              s(`select $1::"Mood" as m, 1 as n`, ["glad"]),
              statement
            ])
            assert.isUndefined(error)
            const rows = steps.map((step) => (step._tag === "Completed" ? step.result.rows : step))
            assert.deepStrictEqual(rows[0], [{ two: 2 }])
            sees(rows[1] as ReadonlyArray<object>)
            assert.deepStrictEqual(rows[2], [wanted])
            sees(rows[3] as ReadonlyArray<object>)
          }
          yield* isClean(piped)
          // Many at once on one connection: each gets its own answer, although one of them asks for all.
          const busy = yield* fresh
          const all = yield* Effect.forEach(
            Array.from({ length: 20 }, (_, index) => index),
            (index) =>
              busy.query(s(`select ${index}::int as i, 'sad'::"Mood" as m, array['sad']::"Mood"[] as l`)),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(
            all.map(([row]) => [row!.i, row!.m, row!.l]),
            all.map((_, index) => [index, "sad", ["sad"]])
          )
          yield* isClean(busy)
        }
      })
    )

    it.scopedLive(
      "are asked for once for all connections of a client, however many there are (TYP-004)",
      () =>
        Effect.gen(function* () {
          const pg = yield* session()
          yield* pg.simple(`create extension if not exists pg_stat_statements schema public;
          select public.pg_stat_statements_reset()`)
          const types = PgConnector.layer(
            configOf({ ...target(), config: { password: "secret", maxConnections: 4 } })
          )
          yield* Effect.gen(function* () {
            const client = yield* PgClient.PgClient
            // Composites, which may be altered, are asked for again by each statement that is prepared.
            const all = `select 'glad'::"Shop"."Mood" as m, array['glad', null]::"Shop"."Mood"[] as l`
            const seen = [{ m: "glad", l: ["glad", null] }]
            assert.deepStrictEqual(yield* client.query(s(all)), seen)
            const many = yield* Effect.all(
              Array.from({ length: 12 }, () => client.query(s(`${all} from pg_sleep(0.02)`))),
              { concurrency: "unbounded" }
            )
            for (const rows of many) assert.deepStrictEqual(rows, seen)
            assert.strictEqual(
              Number(
                (yield* client.values(
                  s(
                    "select sum(calls) from public.pg_stat_statements where query like 'with recursive asked%'"
                  )
                ))[0]![0]
              ),
              1
            )
          }).pipe(Effect.provide(Layer.provide(PgClient.layerFromConnector(), types)))
        })
    )

    it.scopedLive(
      "follow what is done to them: added labels at once, the rest when they are refreshed (TYP-005, TYP-082, TRP-095)",
      () =>
        Effect.gen(function* () {
          const pg = yield* session()
          const moods = s(`select $1::"Mood" as m, array[$1]::"Mood"[] as l`, ["glad"])
          assert.deepStrictEqual(yield* pg.query(moods), [{ m: "glad", l: ["glad"] }])
          yield* pg.simple(`alter type "Mood" add value 'elated'`)
          assert.deepStrictEqual(yield* pg.query({ ...moods, parameters: ["elated"] }), [
            { m: "elated", l: ["elated"] }
          ])

          yield* pg.simple("create temp table stored (i item); insert into stored values (row('x', 1, null))")
          const items = s("select i from stored")
          yield* pg.query(items)
          yield* pg.simple("alter type item add attribute size int")
          // A statement that is prepared now asks for composites again; one that was prepared before is read as it was.
          const error = yield* Effect.flip(pg.query(items))
          assert.instanceOf(error, PgCodecError)
          assert.match(
            error.message,
            /a composite item of 4 fields where 3 are known; it was altered: call refreshTypes/
          )
          yield* isClean(pg)
          const altered = s(`select row('x', 1, null, 5)::item as i`)
          const seen = { name: "x", price: number("1.00"), moods: null }
          assert.deepStrictEqual(yield* pg.query(altered), [{ i: { ...seen, size: 5 } }])
          assert.deepStrictEqual(yield* pg.query(items), [{ i: { ...seen, size: null } }])
          // As many fields as before, and other names.
          yield* pg.simple("alter type item rename attribute size to width")
          const renamed = s(`select $1::item as i, array[$1::item] as l`, [{ ...seen, width: 7 }])
          assert.deepStrictEqual(yield* pg.query(renamed), [
            { i: { ...seen, width: 7 }, l: [{ ...seen, width: 7 }] }
          ])
          yield* pg.simple("alter type item rename attribute width to length")
          const alone = s(`select array[row('x', 1, null, 5)::item] as l`)
          assert.deepStrictEqual(yield* pg.query(alone), [{ l: [{ ...seen, length: 5 }] }])
          yield* pg.simple("alter type item drop attribute length, add attribute depth int")
          const made = [{ ...seen, depth: 8 }]
          const replaced = s(`select i from (values ($1::item)) t(i)`, made)
          for (const rows of [
            yield* pg.query(replaced),
            yield* Stream.runCollect(pg.stream(s(`select $1::item as i where true`, made))).pipe(
              Effect.map(Chunk.toReadonlyArray)
            ),
            yield* pg
              .pipeline([s(`select $1::item as i where 1 = 1`, made)])
              .pipe(Effect.map(({ steps: [step] }) => (step?._tag === "Completed" ? step.result.rows : step)))
          ])
            assert.deepStrictEqual(rows, [{ i: made[0] }])

          const before = pg.types
          yield* pg.simple(`drop type "Mood" cascade; create type "Mood" as (a int)`)
          yield* pg.refreshTypes
          const again = s(`select $1::"Mood" as m, array[$1]::"Mood"[] as l`, [{ a: 1 }])
          assert.deepStrictEqual(yield* pg.query(again), [{ m: { a: 1 }, l: [{ a: 1 }] }])
          assert.notStrictEqual(pg.types, before)
          yield* isClean(pg)
        })
    )

    it.scopedLive(
      "can be learned by name and by OID, whole trees at once, whatever the search path (TYP-004)",
      () =>
        Effect.gen(function* () {
          const pg = yield* session()
          const oid = Number(yield* value(pg, `select '"Mood"'::regtype::oid`))
          const found = yield* pg.learnTypes([`"Shop"."order"[]`, oid, "moods", 4_000_000_000, `"Mood"`])
          assert.deepStrictEqual(
            found.slice(0, 4).map(({ name, schema, shape }) => [schema, name, shape._tag]),
            [
              ["Shop", "_order", "Array"],
              ["Shop", "Mood", "Enum"],
              ["Shop", "moods", "Range"],
              ["Shop", "Mood", "Enum"]
            ]
          )
          assert.deepStrictEqual(found[1]!.shape, { _tag: "Enum", labels: ["sad", 'so, "so"', "glad"] })
          assert.deepStrictEqual(
            found
              .slice(4)
              .map(({ name }) => name)
              .filter((name) => ["order", "_item", "item", "price", "_Mood"].includes(name))
              .sort(),
            ["_Mood", "_item", "item", "order", "price"]
          )
          for (const { oid } of found) assert.isDefined(pg.types.lookup(oid))
          assert.strictEqual(pg.types.nameOf(oid), "Mood")
          assert.strictEqual((yield* refusal(pg.learnTypes(["nix"]))).code, "42704")
          assert.strictEqual((yield* Effect.flip(pg.learnTypes(["a\0b"])))._tag, "PgUsageError")
          yield* isClean(pg)
          // A hostile search path runs nothing of its own.
          yield* pg.simple(`create schema evil;
          create function evil.bad(oid, oid) returns bool language plpgsql as $$ begin raise 'bad'; end $$;
          create operator evil.= (leftarg = oid, rightarg = oid, function = evil.bad);
          create function evil.unnest(anyarray) returns setof anyelement language plpgsql as $$ begin raise 'bad'; end $$;
          create table evil.pg_type (oid oid);
          set search_path = evil, pg_catalog, "Shop"`)
          assert.strictEqual((yield* pg.learnTypes([oid]))[0]!.name, "Mood")
          yield* pg.simple("drop schema evil cascade")
        })
    )

    it.scopedLive(
      "are text where the role may not read the catalogue, and the statement runs (TYP-002)",
      () =>
        Effect.gen(function* () {
          const pg = yield* session()
          yield* pg.simple(`drop role if exists blind; create role blind login;
          grant usage on schema "Shop" to blind; grant connect on database postgres to blind;
          revoke select on pg_catalog.pg_range from public`)
          yield* Effect.addFinalizer(() =>
            Effect.ignore(
              pg.simple(`grant select on pg_catalog.pg_range to public; drop owned by blind; drop role blind`)
            )
          )
          const statement = s(`select $1::"Shop"."Mood"[] as l, 1 as n`, ["{sad}"])
          const seen = [{ l: "{sad}", n: 1 }]
          const blind = Effect.tap(open(target()), (other) => other.simple("set role blind"))
          const plain = yield* blind
          assert.deepStrictEqual(yield* plain.query(statement), seen)
          assert.deepStrictEqual(yield* plain.query(statement), seen)
          yield* isClean(plain)
          // Inside a transaction the refusal must not fail it.
          const inside = yield* blind
          yield* inside.withTransaction(
            Effect.gen(function* () {
              yield* inside.query(s("create temp table kept (id int)"))
              assert.deepStrictEqual(yield* inside.query(statement), seen)
              assert.strictEqual((yield* inside.status).transaction, "T")
            })
          )
          assert.strictEqual(yield* value(inside, "select count(*)::int from kept"), 0)
          yield* isClean(inside)
          assert.deepStrictEqual((yield* refusal(inside.learnTypes([Oid.int4]))).code, "42501")
        })
    )

    it.scopedLive("are text when they are not to be found", () =>
      Effect.gen(function* () {
        yield* session()
        const connector = yield* Effect.provide(
          PgConnector.PgConnector,
          PgConnector.layer(configOf(target()), { findTypes: false })
        )
        const statement = s(`select array['sad']::"Shop"."Mood"[] as l`)
        const off = yield* connector.open()
        assert.deepStrictEqual(yield* off.query(statement), [{ l: "{sad}" }])
        const on = yield* connector.open({ findTypes: true })
        assert.deepStrictEqual(yield* on.query(statement), [{ l: ["sad"] }])
        // What one has found all know, also a statement described before.
        assert.deepStrictEqual(yield* off.query(statement), [{ l: ["sad"] }])
        assert.deepStrictEqual(connector.types, on.types)
        yield* connector.refreshTypes
        assert.deepStrictEqual(yield* off.query(statement), [{ l: "{sad}" }])
      })
    )

    it.scopedLive("belong to one database: another one of the same connector has its own", () =>
      Effect.gen(function* () {
        const pg = yield* session()
        yield* pg.simple("drop database if exists elsewhere")
        yield* pg.simple("create database elsewhere")
        yield* Effect.addFinalizer(() => Effect.ignore(pg.simple("drop database elsewhere")))
        const connector = yield* Effect.provide(
          PgConnector.PgConnector,
          PgConnector.layer(configOf(target()))
        )
        yield* Effect.scoped(
          Effect.gen(function* () {
            const elsewhere = yield* connector.open({ database: "elsewhere" })
            yield* elsewhere.simple("create type mood as enum ('x')")
            assert.deepStrictEqual(yield* elsewhere.query(s("select array['x']::mood[] as l")), [
              { l: ["x"] }
            ])
            assert.isUndefined(
              connector.types.lookup(Number(yield* value(elsewhere, "select 'mood'::regtype::oid")))
            )
          })
        )
      })
    )

    it.scopedLive("have in the familiar preset the text of ranges, and objects and arrays", () =>
      Effect.gen(function* () {
        const pg = yield* session(familiar)
        assert.deepStrictEqual(
          yield* pg.query(
            s(`select '[sad,glad]'::moods as r, row('x', 1.5, '{glad}')::item as i, row(1, 'a') as anonymous`)
          ),
          [{ r: "[sad,glad]", i: { name: "x", price: "1.50", moods: ["glad"] }, anonymous: "(1,a)" }]
        )
      })
    )

    it.scopedLive("are read inside anonymous records when they are known (TYP-080)", () =>
      Effect.gen(function* () {
        const pg = yield* session()
        const statement = s(
          `select row(1, 'a', null, 'sad'::"Mood", row(2, array['b'])) as r, array[row(1), row(2)] as l`
        )
        const [bytes] = yield* pg.query(statement)
        assert.deepStrictEqual(bytes, {
          r: [1, "a", null, new TextEncoder().encode("sad"), [2, ["b"]]],
          l: [[1], [2]]
        })
        yield* pg.learnTypes([`"Mood"`])
        const [known] = yield* pg.query(statement)
        assert.deepStrictEqual(known!.r, [1, "a", null, "sad", [2, ["b"]]])
        assert.strictEqual((yield* refusal(pg.query(s("select $1::record", ["(1,a)"])))).code, "0A000")
        assert.isAbove(version, 13)
      })
    )

    it.scopedLive(
      "are found for a walsender through another session, and for values that come by other ways",
      () =>
        Effect.gen(function* () {
          const pg = yield* session()
          const oid = Number(yield* value(pg, `select '"Shop"."Mood"[]'::regtype::oid`))
          const connector = yield* Effect.provide(
            PgConnector.PgConnector,
            PgConnector.layer(
              configOf({ ...target(), config: { password: "secret", replication: "database" } })
            )
          )
          const walsender = yield* connector.open()
          const moods = `select '{sad}'::"Shop"."Mood"[] as l`
          assert.deepStrictEqual((yield* walsender.simple(moods))[0]!.rows, [{ l: "{sad}" }])
          assert.isUndefined((yield* walsender.findTypes([oid])).lookup(oid))
          assert.isDefined((yield* connector.findTypes([oid, 4_000_000_000])).lookup(oid))
          assert.deepStrictEqual((yield* walsender.simple(moods))[0]!.rows, [{ l: ["sad"] }])
          assert.strictEqual(yield* connector.findTypes([oid, 4_000_000_000]), connector.types)
          assert.isDefined((yield* pg.findTypes([oid])).lookup(oid))
          yield* isClean(pg)
        })
    )
  },
  { password: "secret", settings: { shared_preload_libraries: "pg_stat_statements" } }
)
