/** Composite types: within each other, empty, of tables that have lost columns, and with names that mean something elsewhere. */
import { price } from "./domains.js"
import { mood } from "./enums.js"
import type { Sample } from "./sample.js"
import { digits, pick, sign, w } from "./sample.js"

export const compositeTypes = `
create type item as (name text, price price, moods mood[]);
create type "order" as (id int8, items item[], first item, note text);
create type nothing as ();
create type single as (one text);
create type "Odd, ""names""" as ("Upper" int4, "quo""te" text, "__proto__" mood, "a b,c" int8, "constructor" bool, "toString" single, "1" nothing);
create table people (id int4, gone text, name varchar(9), "also gone" int4, born bytea, since interval);
alter table people drop column gone, drop column "also gone", add column late ints;
create type measured as (one float4, other float8, place point, boxes box[], span int4range, spans int8multirange);
create type dated as (day date, at timestamptz, times time[]);
create type various as (id uuid, flags varbit, net cidr, words tsvector, doc jsonb, code "char", position pg_lsn, pairs int2vector);
create type rest as (cost money, turned timetz, three bit(3), sums numeric(6,2)[], label name, padded char(3), page xml,
  of regclass, route jsonpath, part lseg, mac macaddr8, search tsquery, place tid, flags bool[]);
create domain spot as item check ((value).name is distinct from 'nowhere');
create domain items as item[];`

const maybe = (sql: string): string => `case when random() < 0.8 then ${sql} end`

const item = `row(${maybe("pg_temp.words(5)")}, ${maybe(price)}, ${maybe(`array[${mood}, null, ${mood}]`)})::item`

const rowOf = (...fields: ReadonlyArray<string>): string => `row(${fields.map(maybe).join(", ")})`

export const composites: ReadonlyArray<Sample> = [
  {
    type: "item",
    literals: [
      "(,,)",
      '("",0,{})',
      `("a ""b"", \\\\ (c)",1.50,"{""so, \\\\""so\\\\"""",NULL,"" (spaced) ""}")`
    ],
    random: item
  },
  {
    type: '"order"',
    literals: ["(,,,)", "(0,{},,)", '(-1,"{NULL,""(,,)""}","(,,)","")'],
    random: rowOf(`${w(-1e15, 1e15)}`, `array[${item}, null, ${item}]`, item, "pg_temp.words(4)")
  },
  { type: "nothing", literals: ["()"], random: "'()'" },
  { type: "single", literals: ["()", '("")', "( )", '("()")'], random: rowOf("pg_temp.words(4)") },
  {
    type: '"Odd, ""names"""',
    literals: ["(,,,,,,)", '(1,"","",2,t,"(x)","()")'],
    random: rowOf(w(-9, 9), "pg_temp.words(3)", mood, w(-9, 9), "random() < 0.5", "row('x')::single", "'()'")
  },
  {
    type: "people",
    literals: ["(,,,,)", "(1,,,,)"],
    random: rowOf(
      w(-9, 9),
      "left(pg_temp.words(6), 9)",
      "decode(md5(random()::text), 'hex')",
      `make_interval(months => ${w(-99, 99)}::int4, secs => ${w(-1e6, 1e6)})`,
      `array[${w(0, 9)}, null]`
    )
  },
  {
    type: "measured",
    literals: ["(,,,,,)", '(-0,-0,"(-0,NaN)",{},empty,{})', "(Infinity,NaN,,,,)"],
    random: rowOf(
      `(${sign} || ${digits(1, 9)} || 'e' || ${w(-40, 29)})::float4`,
      "pg_temp.float()::float8",
      "pg_temp.point()::point",
      "array[pg_temp.points(2, 2)::box, null, pg_temp.points(2, 2)::box]",
      `int4range(${w(-9, 0)}::int4, ${w(1, 9)}::int4, pg_temp.bound())`,
      `int8multirange(int8range(${w(-9, 0)}, ${w(1, 9)}), int8range(20, null))`
    ),
    isFloating: true
  },
  {
    type: "dated",
    literals: ["(,,)", '(2000-02-29,"2000-02-29 12:34:56.789+00",{24:00:00})'],
    random: rowOf(
      `date '2000-01-01' + ${w(-60_000, 60_000)}::int4`,
      `timestamptz '2000-01-01 00:00:00+00' + ${w(-60_000, 60_000)} * interval '1 day' + pg_temp.clock()`,
      "array[time '00:00' + pg_temp.clock(), null]"
    ),
    isDated: true,
    familiarHolds: "nothing"
  },
  {
    type: "various",
    literals: ["(,,,,,,,)"],
    random: rowOf(
      "md5(random()::text)::uuid",
      `${pick("", "0", "10101010", "101010101")}::varbit`,
      "'10.0.0.0/8'::cidr",
      "to_tsvector('simple', pg_temp.words(9))",
      `jsonb_build_object(pg_temp.words(2), ${w(-9, 9)}, 'n', null)`,
      `chr(${w(1, 127)}::int4)::"char"`,
      "'16/B374D848'::pg_lsn",
      "'1 -2 3'::int2vector"
    )
  },
  {
    type: "rest",
    literals: ["(,,,,,,,,,,,,,)"],
    random: rowOf(
      `(${w(-1e9, 1e9)}::numeric / 100)::money`,
      `'12:00+05:30'::timetz`,
      `${pick("000", "101")}::bit(3)`,
      `array[${w(-9999, 9999)}::numeric, null, 0.5]`,
      "left(pg_temp.words(4), 9)::name",
      "left(pg_temp.words(3), 3)::char(3)",
      "'<a b=\"c\">d</a>'::xml",
      "'pg_class'::regclass",
      "'$.a[*] ? (@ > 1)'::jsonpath",
      "'[(1,2),(3,-0.5)]'::lseg",
      "left(md5(random()::text), 16)::macaddr8",
      "pg_temp.search(2)::tsquery",
      `format('(%s,1)', ${w(0, 9)})::tid`,
      "array[true, null, false]"
    ),
    // The text of tsquery leaves out brackets.
    comparedAsText: true
  },
  { type: "spot", literals: ["(,,)"], random: item },
  {
    type: "items",
    literals: ["{}", '{NULL,"(,,)"}'],
    random: `array[${item}, null]`,
    isArray: true,
    familiarHolds: "values"
  }
]
