/**
 * For each built-in type of the server: its extremes, and an expression that makes random values of it. The server makes
 * all of them; what they are is for it to say.
 */

export interface Sample {
  /** As SQL names it. */
  readonly type: string
  /** Extremes and oddities, as text. */
  readonly literals: ReadonlyArray<string>
  /** SQL for one random value, or for its text; made of the functions of `makers`. */
  readonly random: string
  /** Its text depends on DateStyle. */
  readonly isDated?: true
  /** Its text has fewer digits than it when `extra_float_digits` is below 1. */
  readonly isFloating?: true
  /** What of column `x` the familiar preset can read: a `Date` ends before the types do. */
  readonly withinDate?: true
  /** Spaces, the order of keys and the spelling of numbers do not come back. */
  readonly isJson?: true
  /** Its text leaves out brackets that do not matter, which its bytes keep. */
  readonly comparedAsText?: true
  /** The server takes its empty value in text only. */
  readonly hasNoEmptyInBinary?: true
  /** What the familiar preset's form holds all of: nothing, or only values that are in no array. Unless given, everything. */
  readonly familiarHolds?: "nothing" | "values"
  /** Literals and random values for servers from a version on, in place of the others. */
  readonly from?: { readonly version: number; readonly literals: ReadonlyArray<string> }
}

const w = (least: number | string, most: number | string): string => `pg_temp.whole(${least}, ${most})`
const digits = (least: number, most: number): string => `pg_temp.digits(${least}, ${most})`
const pick = (...texts: ReadonlyArray<string>): string =>
  `pg_temp.pick(${texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(", ")})`
const sign = pick("", "-")

const range = (
  name: string,
  type: string,
  of: string,
  literals: ReadonlyArray<string>
): ReadonlyArray<Sample> => {
  const isDated = /date|ts/.test(name) ? ({ isDated: true } as const) : {}
  const one = `(select ${name}range(case when random() < 0.8 then least(a, b) end,
    case when random() < 0.8 then greatest(a, b) end, pg_temp.bound())
    from (select (${of})::${type} a, (${of})::${type} b) bounds)`
  return [
    {
      type: `${name}range`,
      literals: ["empty", "(,)", ...literals],
      random: `case when random() < 0.05 then 'empty' else ${one} end`,
      ...isDated
    },
    {
      type: `${name}multirange`,
      literals: ["{}", "{(,)}", ...literals.map((literal) => `{${literal}}`)],
      random: `${name}multirange(${one}, ${one}, ${one})`,
      ...isDated
    }
  ]
}

const int4 = `case when random() < 0.5 then ${w(-100, 100)} else ${w(-2147483648, 2147483646)} end`
const numeric = `${sign} || ${digits(1, 30)} || case when random() < 0.3 then '' when random() < 0.5 then '.' || ${digits(1, 30)}
  when random() < 0.5 then '.' || repeat('0', ${w(1, 20)}::int) || ${digits(1, 4)}
  when random() < 0.8 then repeat('0', ${w(1, 40)}::int) else ${digits(300, 3000)} || '.' || ${digits(300, 3000)} end`
const date = "date '2000-01-01' + pg_temp.day()::int"
const timestamp = "timestamp '2000-01-01' + make_interval(days => pg_temp.day()::int) + pg_temp.clock()"
const timestamptz = `timestamptz '2000-01-01 00:00:00+00' + pg_temp.day() * interval '24 hours' + pg_temp.clock()`

/** Names of catalog objects, now and then an OID that names nothing. */
const named = (type: string, literals: ReadonlyArray<string>, catalog: string): Sample => ({
  type,
  literals,
  random: `case when random() < 0.1 then ${w(3e9, 4.2e9)}::oid::${type}
    else pg_temp.pick(variadic (select array_agg(oid::${type}::text) from ${catalog}))::${type} end`
})

export const samples: ReadonlyArray<Sample> = [
  { type: "bool", literals: ["t", "f"], random: pick("t", "f") },
  { type: "int2", literals: ["0", "-32768", "32767"], random: w(-32768, 32767) },
  { type: "int4", literals: ["0", "-2147483648", "2147483647"], random: int4 },
  {
    type: "int8",
    literals: ["0", "-9223372036854775808", "9223372036854775807", "9007199254740993", "-4294967296"],
    random: `${sign} || ${digits(1, 18)}`
  },
  { type: "oid", literals: ["0", "4294967295"], random: w(0, 4294967295) },
  { type: "xid", literals: ["0", "4294967295"], random: `${w(0, 4294967295)}::text` },
  { type: "cid", literals: ["0", "4294967295"], random: `${w(0, 4294967295)}::text` },
  { type: "xid8", literals: ["0", "18446744073709551615"], random: `'1' || ${digits(0, 18)}` },
  {
    type: "float4",
    literals: [
      "-0",
      "3.4028235e38",
      "-3.4028235e38",
      "1e-45",
      "1.1754944e-38",
      "NaN",
      "Infinity",
      "-Infinity",
      "0.1"
    ],
    random: `${sign} || ${digits(1, 9)} || 'e' || ${w(-45, 29)}`,
    isFloating: true
  },
  {
    type: "float8",
    literals: [
      "-0",
      "1.7976931348623157e308",
      "5e-324",
      "2.2250738585072014e-308",
      "NaN",
      "Infinity",
      "-Infinity",
      "1e23"
    ],
    random: "pg_temp.float()",
    isFloating: true
  },
  {
    type: "numeric",
    literals: [
      ...[
        "0",
        "0.00",
        "-0.0001",
        "0.00010000",
        "10000",
        "1e-20",
        "NaN",
        "Infinity",
        "-Infinity",
        "9007199254740993",
        "-12345678.50"
      ],
      ...["9".repeat(1000), `0.${"0".repeat(16_000)}1`, `1${"0".repeat(131_071)}`, "99999999.99999999"]
    ],
    random: numeric,
    familiarHolds: "values"
  },
  {
    type: "money",
    literals: ["0", "-1234.50", "92233720368547758.07", "-92233720368547758.08"],
    random: `(${sign} || ${digits(1, 16)} || '.' || ${digits(2, 2)})::numeric`
  },
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
  {
    type: "date",
    literals: [
      "infinity",
      "-infinity",
      "4714-11-24 BC",
      "5874897-12-31",
      "0001-01-01",
      "0001-12-31 BC",
      "2000-02-29",
      "0099-01-02"
    ],
    random: date,
    isDated: true,
    withinDate: true
  },
  { type: "time", literals: ["00:00:00", "23:59:59.999999", "24:00:00"], random: "pg_temp.clock()" },
  {
    type: "timetz",
    literals: ["00:00:00+00", "24:00:00-15:59:59", "23:59:59.999999+15:59:59", "12:00+05:30"],
    random: `(time '00:00' + pg_temp.clock())::text || ${pick("+", "-")} || format('%s:%s:%s', ${w(10, 15)}, ${w(10, 59)}, ${pick("00", "31")})`
  },
  {
    type: "timestamp",
    literals: [
      ...[
        "infinity",
        "-infinity",
        "4714-11-24 00:00:00 BC",
        "294276-12-31 23:59:59.999999",
        "1999-12-31 23:59:59.999999"
      ],
      ...["2000-01-01 00:00:00", "0001-12-31 23:59:59.5 BC", "2018-11-04 00:30:00", "0099-01-02 03:04:05"]
    ],
    random: timestamp,
    isDated: true,
    withinDate: true,
    familiarHolds: "nothing"
  },
  {
    type: "timestamptz",
    literals: [
      ...[
        "infinity",
        "-infinity",
        "4714-11-24 00:00:00+00 BC",
        "294276-12-31 23:59:59.999999+00",
        "1999-12-31 23:59:59.999999+00"
      ],
      ...[
        "2000-01-01 00:00:00+00",
        "1800-01-01 05:53:28+05:53:28",
        "0001-12-31 23:59:59.5+00 BC",
        "1971-06-01 00:00:00+00"
      ]
    ],
    random: timestamptz,
    isDated: true,
    withinDate: true,
    familiarHolds: "nothing"
  },
  {
    type: "interval",
    literals: [
      ...[
        "0",
        "-1 year -2 mons +3 days -04:05:06.789",
        "1 mon -1 day",
        "100 hours",
        "-00:00:00.000001",
        "1 day -00:00:01"
      ],
      ...["-178956970 years -7 mons -2147483647 days", "178956970 years 7 mons 2147483647 days"],
      ...["-1 mons -1 days", "13 mons", "-2147483647:59:59.999999"]
    ],
    random: `make_interval(years => ${w(-9999, 9999)}::int * ${w(0, 1)}::int, months => ${w(-13, 13)}::int, days => ${w(-400, 400)}::int * ${w(0, 1)}::int)
      + ${w(-2, 2)} * pg_temp.clock() + case when random() < 0.1 then make_interval(hours => ${w(-2e8, 2e8)}::int) else '0' end`,
    from: {
      version: 17,
      literals: [
        "infinity",
        "-infinity",
        "2562047788:00:54.775806",
        "-2562047788:00:54.775807",
        "-178956970 years -8 mons -2147483648 days",
        "-1 year -2 mons +3 days -04:05:06.789"
      ]
    }
  },
  {
    type: "inet",
    literals: [
      "0.0.0.0/0",
      "255.255.255.255",
      "::",
      "::1",
      "::ffff:1.2.3.4",
      "::1.2.3.4",
      "1::2:0:0:3:4",
      "10.0.0.1/8",
      "::/0"
    ],
    random: `case when random() < 0.4 then format('%s.%s.%s.%s/%s', ${w(0, 255)}, ${w(0, 255)}, ${w(0, 255)}, ${w(0, 255)}, ${w(0, 32)})
      else (select string_agg(case when random() < 0.4 then '0' else to_hex(${w(0, 65535)}) end, ':') from generate_series(1, 8)) || '/' || ${w(0, 128)} end`
  },
  {
    type: "cidr",
    literals: ["10/8", "10.0.0.1/32", "2001:db8::/32", "::/0", "::ffff:0:0/96", "::/96", "0/0"],
    random: `case when random() < 0.4 then network(format('%s.%s.%s.%s/%s', ${w(0, 255)}, ${w(0, 255)}, ${w(0, 255)}, ${w(0, 255)}, ${w(0, 32)})::inet)
      else network(((select string_agg(case when random() < 0.4 then '0' else to_hex(${w(0, 65535)}) end, ':') from generate_series(1, 8)) || '/' || ${w(0, 128)})::inet) end`
  },
  {
    type: "macaddr",
    literals: ["08002b-010203", "ff:ff:ff:ff:ff:ff"],
    random: "left(md5(random()::text), 12)"
  },
  { type: "macaddr8", literals: ["08:00:2b:01:02:03"], random: "left(md5(random()::text), 16)" },
  {
    type: "bit(13)",
    literals: ["0000000000000", "1111111111111"],
    random: "left(translate(md5(random()::text), '0123456789abcdef', '0101010101010101'), 13)"
  },
  {
    type: "varbit",
    literals: ["", "1", "10101010", "101010101"],
    random: `left(translate(md5(random()::text), '0123456789abcdef', '0101010101010101'), ${w(0, 32)}::int)`
  },
  {
    type: "pg_lsn",
    literals: ["0/0", "0/16B3748", "FFFFFFFF/FFFFFFFF"],
    random: `to_hex(${w(0, 4294967295)}) || '/' || to_hex(${w(0, 4294967295)})`
  },
  {
    type: "tid",
    literals: ["(0,0)", "(4294967295,65535)"],
    random: `format('(%s,%s)', ${w(0, 4294967295)}, ${w(0, 65535)})`
  },
  ...["pg_snapshot", "txid_snapshot"].map((type) => ({
    type,
    literals: ["10:20:10,14", "10:10:", "1:9223372036854775807:"],
    random: `(select format('%s:%s:%s', x, x + 9, case when random() < 0.5 then (x + 1) || ',' || (x + 7) end)
      from (select ${w(1, 1e15)} x) start)`
  })),
  { type: "refcursor", literals: ["<unnamed portal 1>", ""], random: "pg_temp.words(4)" },
  named("regproc", ["now", "-"], "pg_proc where proname in ('now', 'version', 'pg_sleep')"),
  named("regprocedure", ["sum(integer)", "-"], "(select oid from pg_proc limit 500) few"),
  named("regoper", ["||/", "0"], "pg_operator where oprname = '||/'"),
  named("regoperator", ["+(integer,integer)", "0"], "(select oid from pg_operator limit 500) few"),
  named(
    "regclass",
    ["pg_class", "-", "pg_toast.pg_toast_1255"],
    "pg_class where relnamespace = 'pg_catalog'::regnamespace"
  ),
  named(
    "regtype",
    ["integer", "timestamp with time zone", "text[]", "-", '"char"'],
    "pg_type where oid < 9000"
  ),
  named("regconfig", ["english", "simple", "-"], "pg_ts_config"),
  named("regdictionary", ["simple", "-"], "pg_ts_dict"),
  named("regnamespace", ["pg_catalog", "-"], "pg_namespace where nspname !~ 'temp'"),
  named("regrole", ["postgres", "-"], "pg_roles"),
  named("regcollation", ['"C"', '"default"', "-"], "(select oid from pg_collation limit 20) few"),
  {
    type: "aclitem",
    literals: ["postgres=arwdDxt/postgres", "=r/postgres"],
    random: `format('postgres=%s/postgres', ${pick("r", "rw*", "arwd")})`
  },
  { type: "point", literals: ["(-0,NaN)", "(Infinity,1e-300)"], random: "pg_temp.point()", isFloating: true },
  {
    type: "line",
    literals: ["{1,2,3}", "{-1,0,1e20}"],
    random: `format('{%s,%s,%s}', ${w(1, 99)}, pg_temp.float(), pg_temp.float())`,
    isFloating: true
  },
  {
    type: "lseg",
    literals: ["[(1,2),(3,4)]"],
    random: "'[' || pg_temp.points(2, 2) || ']'",
    isFloating: true
  },
  { type: "box", literals: ["(1,2),(3,4)", "(0,0),(0,0)"], random: "pg_temp.points(2, 2)", isFloating: true },
  {
    type: "path",
    literals: ["[(1,2),(3,4)]", "((1,2),(3,4),(5,6))", "((0,-0))"],
    random: `replace(${pick("(_)", "[_]")}, '_', pg_temp.points(1, 5))`,
    isFloating: true
  },
  {
    type: "polygon",
    literals: ["((1,2),(3,4),(5,6))", "((0,-0))"],
    random: "'(' || pg_temp.points(1, 5) || ')'",
    isFloating: true
  },
  {
    type: "circle",
    literals: ["<(1,2),3>", "<(0.1,-0.5),0>"],
    random: "format('<%s,%s>', pg_temp.point(), random())",
    isFloating: true
  },
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
  },
  {
    type: "int2vector",
    literals: ["1 -2 3", "-32768 32767", ""],
    random: `array_to_string(array[${w(-99, 99)}, ${w(-32768, 32767)}], ' ')`,
    hasNoEmptyInBinary: true
  },
  {
    type: "oidvector",
    literals: ["1 4294967295", "0", ""],
    random: `array_to_string(array[${w(0, 99)}, ${w(0, 4294967295)}], ' ')`,
    hasNoEmptyInBinary: true
  },
  ...range("int4", "int4", int4, ["[1,5)", "[-2147483648,2147483647)"]),
  ...range("int8", "int8", `${sign} || ${digits(1, 18)}`, ["[-9223372036854775808,9223372036854775807)"]),
  ...range("num", "numeric", numeric, ["(1.50,2.500]", "[-Infinity,NaN]", "(,5]"]),
  ...range("date", "date", date, ["[2000-01-01,infinity)", "[-infinity,infinity]"]),
  ...range("ts", "timestamp", timestamp, [
    "[-infinity,infinity)",
    '["0044-03-15 12:00:00 BC","2024-02-29 12:34:56.789123"]'
  ]),
  ...range("tstz", "timestamptz", timestamptz, ["[,infinity]", '("1999-12-31 23:59:59.999999+00",)'])
]

/** Types of the catalog that no value can be given for: what the server keeps inside its own tables and indexes. */
export const internal: ReadonlyArray<string> = [
  "gtsvector",
  "pg_node_tree",
  "pg_ndistinct",
  "pg_dependencies",
  "pg_mcv_list",
  "pg_brin_bloom_summary",
  "pg_brin_minmax_multi_summary"
]
