/** Ranges and multiranges over types that are no ranges' of the server's own. */
import { mood } from "./enums.js"
import { rangesOf } from "./ranges.js"
import type { Sample } from "./sample.js"
import { w } from "./sample.js"

export const rangeTypes = `
create type mood_range as range (subtype = mood);
create type "Words, from" as range (subtype = text, collation = "C", multirange_type_name = "Words, {from}");
create type float_range as range (subtype = float8, subtype_diff = float8mi);
create type price_range as range (subtype = price);
create type item_range as range (subtype = item);
create type ints_range as range (subtype = int4[]);
create type range_range as range (subtype = int4range);
create type citext_range as range (subtype = citext);
create domain bracket as price_range;
create type bracketed as (prices bracket, many price_multirange, moods mood_range[]);`

const price = `${w(0, 9999)}::numeric / 100`

export const userRanges: ReadonlyArray<Sample> = [
  ...rangesOf("mood_range", "mood_multirange", "mood", mood, [
    '("so, ""so""","back\\\\slash\\\\"]',
    '["",""]'
  ]),
  ...rangesOf('"Words, from"', '"Words, {from}"', "text", 'pg_temp.words(3) collate "C"', [
    '["",)',
    '("","null"]',
    '[NULL,"a ""b"""]'
  ]),
  ...rangesOf(
    "float_range",
    "float_multirange",
    "float8",
    "pg_temp.float()",
    ["[-0,NaN]", "[-Infinity,5e-324)"],
    { isFloating: true }
  ),
  ...rangesOf("price_range", "price_multirange", "price", price, ["[0.00,1)", "(,5.5]"]),
  ...rangesOf(
    "item_range",
    "item_multirange",
    "item",
    `row(pg_temp.words(3), ${w(0, 9)}, array[${mood}])::item`,
    ['["(,,)","(,,)"]']
  ),
  ...rangesOf(
    "ints_range",
    "ints_multirange",
    "int4[]",
    `array[${w(-9, 9)}, ${w(-9, 9)}]`,
    ['["{}","{1,NULL}")', '["[0:0]={1}",)'],
    { familiarHolds: "nothing" }
  ),
  ...rangesOf(
    "range_range",
    "multirange_range",
    "int4range",
    `int4range(${w(-9, 0)}::int4, ${w(1, 9)}::int4)`,
    ['[empty,"[1,2)"]']
  ),
  ...rangesOf("citext_range", "citext_multirange", "citext", "pg_temp.words(2)", ["[A,b)"]),
  { type: "bracket", literals: ["[0.00,1)"], random: `price_range(0, 1 + ${price})` },
  {
    type: "bracketed",
    literals: ["(,,)", '("[1,2)","{[1,2),[3,4)}","{empty,NULL}")'],
    random: `row(price_range(0, 1 + ${price}), price_multirange(price_range(1, 2)), array[mood_range('sad', null), null])`
  }
]
