/** Booleans, numbers, and the identifiers that are numbers. */
import type { Sample } from "./sample.js"
import { digits, pick, sign, w } from "./sample.js"

export const int4 = `case when random() < 0.5 then ${w(-100, 100)} else ${w(-2147483648, 2147483646)} end`
export const numeric = `${sign} || ${digits(1, 30)} || case when random() < 0.3 then '' when random() < 0.5 then '.' || ${digits(1, 30)}
  when random() < 0.5 then '.' || repeat('0', ${w(1, 20)}::int) || ${digits(1, 4)}
  when random() < 0.8 then repeat('0', ${w(1, 40)}::int) else ${digits(300, 3000)} || '.' || ${digits(300, 3000)} end`

export const numbers: ReadonlyArray<Sample> = [
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
    isLong: true,
    familiarHolds: "values"
  },
  {
    type: "money",
    literals: ["0", "-1234.50", "92233720368547758.07", "-92233720368547758.08"],
    random: `(${sign} || ${digits(1, 16)} || '.' || ${digits(2, 2)})::numeric`
  }
]
