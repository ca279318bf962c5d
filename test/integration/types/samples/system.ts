/** Values about the server itself: places in its log and its tables, snapshots, rights, names of catalog objects. */
import type { Sample } from "./sample.js"
import { pick, w } from "./sample.js"

/** Names of catalog objects, now and then an OID that names nothing. */
const named = (type: string, literals: ReadonlyArray<string>, catalog: string): Sample => ({
  type,
  literals,
  random: `case when random() < 0.1 then ${w(3e9, 4.2e9)}::oid::${type}
    else pg_temp.pick(variadic (select array_agg(oid::${type}::text) from ${catalog}))::${type} end`
})

export const system: ReadonlyArray<Sample> = [
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
  {
    type: "aclitem",
    literals: ["postgres=arwdDxt/postgres", "=r/postgres"],
    random: `format('postgres=%s/postgres', ${pick("r", "rw*", "arwd")})`
  },
  {
    type: "int2vector",
    literals: ["1 -2 3", "-32768 32767", ""],
    random: `array_to_string(array[${w(-99, 99)}, ${w(-32768, 32767)}], ' ')`,
    hasNoEmptyInBinary: true,
    isArray: true
  },
  {
    type: "oidvector",
    literals: ["1 4294967295", "0", ""],
    random: `array_to_string(array[${w(0, 99)}, ${w(0, 4294967295)}], ' ')`,
    hasNoEmptyInBinary: true,
    isArray: true
  },
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
  named(
    "regnamespace",
    ["pg_catalog", "-"],
    "pg_namespace where nspname ~ '^(pg_catalog|pg_toast|information_schema|public)$'"
  ),
  named("regrole", ["postgres", "-"], "pg_roles where rolname ~ '^(postgres$|pg_)'"),
  named("regcollation", ['"C"', '"default"', "-"], "(select oid from pg_collation limit 20) few")
]
