/**
 * The text of intervals. Printed in IntervalStyle `postgres`, which every setting reads alike; read in all four styles
 * of the server, which cannot be mistaken for one another.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-OUTPUT
 */
import * as Calendar from "./Calendar.js"

export interface ParsedInterval {
  readonly months: number
  readonly days: number
  readonly micros: bigint
}

const perSecond = 1_000_000n
const plural = (count: number): string => (count === 1 ? "" : "s")

/** As the server prints with IntervalStyle `postgres`: a field after a negative one carries its `+`. */
export const print = (months: number, days: number, micros: bigint): string => {
  const years = Math.trunc(months / 12)
  const rest = months % 12
  const fields: Array<string> = []
  let negative = false
  const add = (count: number, unit: string): void => {
    if (count === 0) return
    fields.push(`${negative && count > 0 ? "+" : ""}${count} ${unit}${plural(count)}`)
    negative = count < 0
  }
  add(years, "year")
  add(rest, "mon")
  add(days, "day")
  if (fields.length > 0 && micros === 0n) return fields.join(" ")
  const size = micros < 0n ? -micros : micros
  const hours = size / 3_600_000_000n
  const below = Calendar.timeText(Number(size - hours * 3_600_000_000n)).slice(2)
  fields.push(`${micros < 0n ? "-" : negative ? "+" : ""}${hours.toString().padStart(2, "0")}${below}`)
  return fields.join(" ")
}

/** Reads any of the four styles; `undefined` for anything else. */
export const parse = (text: string): ParsedInterval | undefined =>
  text.length > 200
    ? undefined
    : text.startsWith("P")
      ? parseIso(text)
      : text.startsWith("@")
        ? parseWords(text.slice(1).trim(), true)
        : (parseStandard(text) ?? parseWords(text, false))

/** Seconds with up to six digits behind the point, as microseconds; the sign is the text's own. */
const microsOf = (seconds: string): bigint => {
  const negative = seconds.startsWith("-")
  const [whole, fraction] = seconds.replace(/^[+-]/, "").split(".")
  const micros = BigInt(whole === "" ? 0 : whole!) * perSecond + BigInt(Calendar.fractionOf(fraction))
  return negative ? -micros : micros
}

const clock = /^([+-]?)(\d{1,12}):(\d\d):(\d\d(?:\.\d{1,6})?)$/

/** `-04:05:06.789`: one sign for the whole clock. */
const clockOf = (text: string): bigint | undefined => {
  const match = clock.exec(text)
  if (match === null) return undefined
  const micros = (BigInt(match[2]!) * 60n + BigInt(match[3]!)) * 60n * perSecond + microsOf(match[4]!)
  return match[1] === "-" ? -micros : micros
}

const iso =
  /^P(?=.)(?:([+-]?\d{1,10})Y)?(?:([+-]?\d{1,10})M)?(?:([+-]?\d{1,10})D)?(?:T(?=.)(?:([+-]?\d{1,12})H)?(?:([+-]?\d{1,12})M)?(?:([+-]?\d{1,12}(?:\.\d{1,6})?)S)?)?$/

const parseIso = (text: string): ParsedInterval | undefined => {
  const match = iso.exec(text)
  if (match === null) return undefined
  const part = (index: number): number => Number(match[index] ?? 0)
  const minutes = BigInt(match[4] ?? 0) * 60n + BigInt(match[5] ?? 0)
  return {
    months: part(1) * 12 + part(2),
    days: part(3),
    micros: minutes * 60n * perSecond + microsOf(match[6] ?? "0")
  }
}

const yearsAndMonths = /^([+-]?)(\d{1,10})-(\d{1,2})$/
const dayCount = /^[+-]?\d{1,10}$/

/**
 * `1-2`, `3 4:05:06`, `-1-2 +3 -4:05:06.789`, and `0`. A minus in front of the first field, with no sign on the others,
 * is for all of them.
 */
const parseStandard = (text: string): ParsedInterval | undefined => {
  if (text === "0") return { months: 0, days: 0, micros: 0n }
  const [first, ...others] = text.split(" ")
  const all = others.length > 0 && /^-/.test(first!) && others.every((field) => /^\d/.test(field))
  const fields = [first!, ...(all ? others.map((field) => `-${field}`) : others)]
  let at = 0
  const years = yearsAndMonths.exec(fields[at]!)
  if (years !== null) at++
  const days = at < fields.length && dayCount.test(fields[at]!) ? fields[at++] : undefined
  const micros = at < fields.length ? clockOf(fields[at++]!) : 0n
  // A lone number has no unit; the server prints none but the zero above.
  if (micros === undefined || at !== fields.length || (days !== undefined && at === 1)) return undefined
  const months = years === null ? 0 : Number(years[2]) * 12 + Number(years[3])
  return { months: years?.[1] === "-" ? 0 - months : months, days: Number(days ?? 0), micros }
}

const words =
  /([+-]?\d{1,12}(?:\.\d{1,6})?) (year|mon|day|hour|min|sec)s?(?: |$)|([+-]?\d{1,12}:\d\d:\d\d(?:\.\d{1,6})?)$/y

/** `1 year 2 mons -3 days +04:05:06` and `@ 4 hours 5 mins 6.789 secs ago`. */
const parseWords = (text: string, verbose: boolean): ParsedInterval | undefined => {
  const ago = verbose && text.endsWith(" ago")
  const body = ago ? text.slice(0, -4) : text
  if (verbose && body === "0") return { months: 0, days: 0, micros: 0n }
  let months = 0
  let days = 0
  let micros = 0n
  let at = 0
  while (at < body.length) {
    words.lastIndex = at
    const match = words.exec(body)
    if (match === null) return undefined
    at = words.lastIndex
    const unit = match[2]
    if (unit === undefined) micros += clockOf(match[3]!) ?? 0n
    else if (unit === "sec") micros += microsOf(match[1]!)
    else if (match[1]!.includes(".")) return undefined
    else if (unit === "year") months += Number(match[1]) * 12
    else if (unit === "mon") months += Number(match[1])
    else if (unit === "day") days += Number(match[1])
    else micros += BigInt(match[1]!) * (unit === "hour" ? 3600n : 60n) * perSecond
  }
  if (at === 0) return undefined
  return ago ? { months: 0 - months, days: 0 - days, micros: -micros } : { months, days, micros }
}
