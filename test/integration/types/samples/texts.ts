/** Strings, bytes, documents, and what searches them. */
import type { Sample } from "./sample.js"
import { pick, w } from "./sample.js"

export const texts: ReadonlyArray<Sample> = [
  {
    type: "text",
    literals: ["", "NULL", "\u{10ffff}", "\ufeffx", "x".repeat(10_000)],
    random: "pg_temp.words(12)"
  },
  { type: "varchar", literals: ["", "null", "{}"], random: "pg_temp.words(8)" },
  { type: "bpchar(6)", literals: ["", "ab", "abcdef", " x"], random: "left(pg_temp.words(6), 6)" },
  { type: "name", literals: ["", 'Weird "name"', "é".repeat(31)], random: "pg_temp.words(9)" },
  {
    type: '"char"',
    literals: ["a", "", "\u0001"],
    random: `chr(${w(1, 127)}::int)`,
    // Before, the server prints the byte itself, which is no text.
    from: { version: 16, literals: ["a", "", "\\377", "\\200", "\u0001"] }
  },
  {
    type: "bytea",
    literals: ["\\x", "\\x00", "\\xff005c27", "\\x5c78"],
    random: `substring(decode(md5(random()::text) || md5(random()::text), 'hex') for ${w(0, 32)}::int)`
  },
  {
    type: "json",
    literals: [
      "true",
      '"s"',
      "[]",
      "{}",
      '{ "a" : [1, 2.5e3, null], "__proto__": 1 }',
      '"\\u0041\\ud83d\\ude00"',
      "-0"
    ],
    random: `format(' {%s : [ %s, %s, null, true ] , %s:{}}', to_json(pg_temp.words(4)), to_json(pg_temp.words(4)), ${w(-1e15, 1e15)}, to_json(pg_temp.words(2)))`,
    isJson: true,
    familiarHolds: "nothing"
  },
  {
    type: "jsonb",
    literals: ["false", '"s"', "[]", "{}", '{"b":1, "a":[2.5,{"c":null}]}', "1e-7", "0"],
    random: `jsonb_build_object(pg_temp.words(4), pg_temp.words(9), 'n', ${w(-1e15, 1e15)}, 'f', random(), 'a', jsonb_build_array(null, pg_temp.words(3)))`,
    isJson: true,
    familiarHolds: "nothing"
  },
  {
    type: "xml",
    literals: ['<a b="c">ä</a>', "text", "", '<?xml version="1.0"?><a/>'],
    random: "xmlelement(name a, regexp_replace(pg_temp.words(8), E'[\\x01-\\x1f]', '', 'g'))"
  },
  {
    type: "jsonpath",
    literals: ["$.a[*] ? (@ > 1)", "strict $"],
    random: `'$.' || to_json('k' || pg_temp.words(4)) || '[*] ? (@ > ' || ${w(-9999, 9999)} || ')'`
  },
  {
    type: "uuid",
    literals: ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    random: "md5(random()::text)"
  },
  { type: "refcursor", literals: ["<unnamed portal 1>", ""], random: "pg_temp.words(4)" },
  {
    type: "tsvector",
    literals: ["a:1A,2 b", "'a''b\\\\ c':3B", "", "a:16383D"],
    random: `(select string_agg(pg_temp.lexeme() || case when random() < 0.3 then '' else ':' || ${w(1, 16383)} || ${pick("", "A", "B", "C")} || ',' || ${w(1, 20_000)} end, ' ')
      from generate_series(1, ${w(1, 6)}))`
  },
  {
    type: "tsquery",
    literals: ["a:*B & !(b | c)", "a <3> b", "(a & b) <-> !c", "!!a", ""],
    random: "pg_temp.search(3)",
    comparedAsText: true,
    hasNoEmptyInBinary: true
  }
]
