/** Domains: over numbers, over each other, over arrays, enums, ranges, and over what has another delimiter. */
import { mood } from "./enums.js"
import { numeric } from "./numbers.js"
import type { Sample } from "./sample.js"
import { digits, w } from "./sample.js"

export const domainTypes = `
create domain price as numeric(10,2) check (value >= 0);
create domain dear as price check (value > 100);
create domain exact as numeric;
create domain gladly as mood check (value <> 'sad');
create domain ints as int[];
create domain some_ints as ints check (cardinality(value) > 0);
create domain moods as mood[];
create domain span as int4range;
create domain area as box;
create domain "Words" as varchar(20);
create domain digest as bytea;`

export const price = `(${w(0, 1e9)}::numeric / 100)::price`

const ints = (least: number): string =>
  `(select array_agg(case when random() < 0.8 then ${w(-2147483648, 2147483647)}::int4 end)
    from generate_series(1, ${w(least, 4)}))`

export const domains: ReadonlyArray<Sample> = [
  { type: "price", literals: ["0.00", "99999999.99"], random: price },
  { type: "dear", literals: ["100.01"], random: `101 + ${w(0, 9999)}` },
  {
    type: "exact",
    literals: ["NaN", "0.000", "-1e-20", "9".repeat(100)],
    random: numeric
  },
  { type: "gladly", literals: ["", "NULL"], random: `nullif(${mood}, 'sad')` },
  {
    type: "ints",
    literals: ["{}", "{NULL}", "[0:1]={1,2}", "{{1,2},{3,NULL}}", "[-1:-1][2:3]={{1,2}}"],
    random: `coalesce(${ints(0)}, '{}')`,
    isArray: true,
    // Where they begin is not kept.
    familiarHolds: "nothing"
  },
  {
    type: "some_ints",
    literals: ["{1}", "{{1},{2}}"],
    random: ints(1),
    isArray: true,
    familiarHolds: "values"
  },
  {
    type: "moods",
    literals: ["{}", '{NULL,"NULL",""}'],
    random: `array[${mood}, ${mood}]`,
    isArray: true,
    familiarHolds: "values"
  },
  { type: "span", literals: ["empty", "(,)"], random: `int4range(${w(-9, 0)}::int4, ${w(1, 9)}::int4)` },
  {
    type: "area",
    literals: ["(1,2),(3,4)", "(0,-0),(0,0)"],
    random: "pg_temp.points(2, 2)",
    isFloating: true
  },
  { type: '"Words"', literals: ["", "null"], random: "left(pg_temp.words(12), 20)" },
  { type: "digest", literals: ["\\x", "\\x00ff5c2c"], random: `decode(md5(${digits(1, 9)}), 'hex')` }
]
