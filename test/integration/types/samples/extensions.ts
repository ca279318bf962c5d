/** Types that extensions of the server bring: those that are known, and some that are not. */
import type { Sample } from "./sample.js"
import { pick, w } from "./sample.js"

export const extensionTypes = `
create extension hstore; create extension citext; create extension ltree; create extension cube;
create extension seg; create extension isn; create extension intarray;
create domain tags as hstore;
create domain corner as cube check (cube_dim(value) = 2);
create type place as (path ltree, tags tags, at cube, name citext, finds lquery[], code isbn);`

const hstore = `coalesce((select hstore(array_agg(pg_temp.words(4)), array_agg(case when random() < 0.8 then pg_temp.words(6) end))
  from generate_series(1, ${w(0, 5)})), '')`
const label = `${pick("a", "Top", "_", "Z9")} || ${w(0, 99)}`
const ltree = `coalesce((select string_agg(${label}, '.') from generate_series(1, ${w(0, 6)})), '')::ltree`
const lquery = `format('*{%s,}.%s', ${w(0, 9)}, ${pick("a*@", "a|b", "!a", "*{2,3}", "a_b%")})::lquery`
const floats = `(select array_agg(pg_temp.float()::float8) from generate_series(1, dimensions))`
const cube = `(select case when random() < 0.3 then cube(${floats}) else cube(${floats}, ${floats}) end
  from (select ${w(1, 4)} dimensions) made)`

export const extensions: ReadonlyArray<Sample> = [
  {
    type: "hstore",
    literals: ["", '"a"=>NULL', '""=>"NULL"', '"__proto__"=>"1", "2"=>"b", "1"=>"\\"\\\\"'],
    random: hstore
  },
  { type: "tags", literals: ["", '"a, \\"b\\""=>"=>"'], random: hstore },
  { type: "citext", literals: ["", "AbC", "NULL"], random: "pg_temp.words(8)" },
  { type: "ltree", literals: ["", "a", "Top.Science_1.x"], random: ltree },
  { type: "lquery", literals: ["*", "Top.*{0,2}.sport*@.!football|tennis.Russ*|Spain"], random: lquery },
  {
    type: "ltxtquery",
    literals: ["Europe & Russia*@ & !Transportation", "(a | b) & c"],
    random: `format('%s %s !(%s & c)', ${label}, ${pick("&", "|")}, ${label})`
  },
  {
    type: "cube",
    literals: ["()", "(0)", "(-0),(1)", "(1, 2),(2, 1)", "(NaN, Infinity)"],
    random: cube,
    isFloating: true
  },
  {
    type: "corner",
    literals: ["(1, 2)"],
    random: "cube(array[pg_temp.float()::float8, 2], array[1, -0.5])",
    isFloating: true
  },
  {
    type: "seg",
    literals: ["1.50 .. ~2", "<3", "5 .."],
    random: `format('%s .. %s', ${w(-9, 0)}, ${w(1, 99)})`
  },
  {
    type: "isbn",
    literals: ["978-0-393-04002-9", "0-306-40615-2"],
    random: pick("0-8044-2957-X", "0-85131-041-9")
  },
  { type: "query_int", literals: ["1&(2|3)"], random: `format('%s|!%s', ${w(0, 99)}, ${w(0, 99)})` },
  {
    type: "place",
    literals: ["(,,,,,)", '("","","()","",{},)'],
    random: `row(${ltree}, ${hstore}, ${cube}, pg_temp.words(3), array[${lquery}, null], '0-8044-2957-X'::isbn)`,
    isFloating: true,
    comparedAsText: true
  }
]
