/** Ranges and multiranges. */
import { int4, numeric } from "./numbers.js"
import type { Sample } from "./sample.js"
import { digits, sign } from "./sample.js"
import { date, timestamp, timestamptz } from "./times.js"

/** A range, and its multirange; `of` is SQL for one bound. */
export const rangesOf = (
  range: string,
  multirange: string,
  type: string,
  of: string,
  literals: ReadonlyArray<string>,
  more: Partial<Sample> = {}
): ReadonlyArray<Sample> => {
  const one = `(select ${range}(case when random() < 0.8 then least(a, b) end,
    case when random() < 0.8 then greatest(a, b) end, pg_temp.bound())
    from (select (${of})::${type} a, (${of})::${type} b) bounds)`
  return [
    {
      type: range,
      literals: ["empty", "(,)", ...literals],
      random: `case when random() < 0.05 then 'empty' else ${one} end`,
      ...more
    },
    {
      type: multirange,
      literals: ["{}", "{(,)}", ...literals.map((literal) => `{${literal}}`)],
      random: `${multirange}(${one}, ${one}, ${one})`,
      ...more
    }
  ]
}

const range = (name: string, type: string, of: string, literals: ReadonlyArray<string>) =>
  rangesOf(
    `${name}range`,
    `${name}multirange`,
    type,
    of,
    literals,
    name === "num" ? { isLong: true } : /date|ts/.test(name) ? { isDated: true } : {}
  )

export const ranges: ReadonlyArray<Sample> = [
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
