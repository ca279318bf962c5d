/**
 * The proleptic Gregorian calendar as PostgreSQL counts it, and the ISO text of dates and times. Days are counted from
 * 2000-01-01, times in microseconds. Nothing here knows the host's time zone.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-OUTPUT
 */

export const microsPerDay = 86_400_000_000
export const millisPerDay = 86_400_000
/** Milliseconds from 1970-01-01 to 2000-01-01. */
export const millisTo2000 = 946_684_800_000

export interface Civil {
  /** Astronomical: 0 is 1 BC, −1 is 2 BC. */
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
}

/** Days from 2000-01-01 to a calendar day; the year is astronomical. */
export const daysOf = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 730_425
}

/** The calendar day `days` after 2000-01-01. */
export const civilOf = (days: number): Civil => {
  const shifted = days + 730_425
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  }
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Days in a month of an astronomical year. */
export const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

/** True when the calendar has this day. */
export const isDay = (year: number, month: number, day: number): boolean =>
  Number.isInteger(year) &&
  Number.isInteger(month) &&
  Number.isInteger(day) &&
  month >= 1 &&
  month <= 12 &&
  day >= 1 &&
  day <= daysInMonth(year, month)

const pairs = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, "0"))

const two = (value: number): string => pairs[value] ?? String(value)

/** `YYYY-MM-DD`, the year without its era: 1 BC and AD 1 are both `0001`. */
export const dateText = (civil: Civil): string => {
  const year = civil.year > 0 ? civil.year : 1 - civil.year
  return `${String(year).padStart(4, "0")}-${two(civil.month)}-${two(civil.day)}`
}

/** What PostgreSQL puts behind a date before AD 1. */
export const eraText = (civil: Civil): string => (civil.year > 0 ? "" : " BC")

/** `HH:MM:SS`, with as many digits of the fraction as are needed; hours are not bounded. */
export const timeText = (micros: number): string => {
  const seconds = Math.floor(micros / 1_000_000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  return (
    clockText(hours, minutes - hours * 60, seconds - minutes * 60) +
    fractionText(micros - seconds * 1_000_000)
  )
}

/** `HH:MM:SS`. All characters in one call cost less than joining strings. */
const clockText = (hours: number, minutes: number, seconds: number): string => {
  if (hours > 99) return `${hours}:${two(minutes)}:${two(seconds)}`
  const h = (hours / 10) | 0
  const m = (minutes / 10) | 0
  const s = (seconds / 10) | 0
  return String.fromCharCode(
    48 + h,
    48 + hours - h * 10,
    58,
    48 + m,
    48 + minutes - m * 10,
    58,
    48 + s,
    48 + seconds - s * 10
  )
}

/** The numbers below a thousand in three digits, and without the zeros at their ends. */
const three = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0"))
const trimmed = three.map((digits) => digits.replace(/0+$/, ""))

/** `.5`, `.000001`, or nothing for 0: microseconds of a second without trailing zeros. */
export const fractionText = (micros: number): string => {
  if (micros === 0) return ""
  const millis = Math.floor(micros / 1000)
  const rest = micros - millis * 1000
  return rest === 0 ? `.${trimmed[millis]}` : `.${three[millis]}${trimmed[rest]}`
}

/** Microseconds of a second from the digits behind the point, of which there are one to six. */
export const fractionOf = (digits: string | undefined): number =>
  digits === undefined ? 0 : Number(digits.padEnd(6, "0"))

/** `+02`, `-05:30`, `+05:53:28`: an offset given in seconds east of UTC. */
export const offsetText = (seconds: number): string => {
  const size = Math.abs(seconds)
  const minutes = Math.floor(size / 60)
  const rest = size % 60
  const hours = Math.floor(minutes / 60)
  const tail =
    rest !== 0 ? `:${two(minutes % 60)}:${two(rest)}` : minutes % 60 !== 0 ? `:${two(minutes % 60)}` : ""
  return `${seconds < 0 ? "-" : "+"}${two(hours)}${tail}`
}

/** Digits of one or two characters at `at`; NaN for anything else. */
const twoDigits = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN
}

const offsetPattern = /^(?:Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)$/

/** Seconds east of UTC from `+02`, `-05:30`, `+05:53:28` or `Z`; `undefined` for anything else. */
export const offsetOf = (text: string): number | undefined => {
  if (!offsetPattern.test(text)) return undefined
  if (text === "Z") return 0
  const digits = text.slice(1).replaceAll(":", "")
  const minutes = digits.length > 2 ? twoDigits(digits, 2) : 0
  const seconds = digits.length > 4 ? twoDigits(digits, 4) : 0
  if (minutes > 59 || seconds > 59) return undefined
  const size = twoDigits(digits, 0) * 3600 + minutes * 60 + seconds
  return text.startsWith("-") ? -size : size
}

/** Microseconds of a day from `HH:MM:SS[.ffffff]`, up to and with `24:00:00`; `undefined` for anything else. */
export const timeOf = (
  hours: string,
  minutes: string,
  seconds: string,
  fraction: string | undefined
): number | undefined => {
  const h = Number(hours)
  const m = Number(minutes)
  const s = Number(seconds)
  if (m > 59 || s > 59) return undefined
  const micros = ((h * 60 + m) * 60 + s) * 1_000_000 + fractionOf(fraction)
  return micros > microsPerDay ? undefined : micros
}

const pattern =
  /^(\d{4,7})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-][\d:]{2,8}|Z)?)?( BC)?$/

/** The parts of ISO text: a date, perhaps with a time and an offset. */
export interface ParsedDate {
  /** Days since 2000-01-01, before the offset is applied. */
  readonly days: number
  /** Microseconds of the day, `undefined` when the text is a date alone. */
  readonly micros: number | undefined
  /** Seconds east of UTC, `undefined` when the text has none. */
  readonly offset: number | undefined
}

/**
 * Reads PostgreSQL's ISO text. Any other DateStyle is `undefined`: day and month would have to be guessed.
 */
export const parse = (text: string): ParsedDate | undefined => {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const written = Number(match[1])
  if (written === 0) return undefined
  const year = match[9] === undefined ? written : 1 - written
  const month = Number(match[2])
  const day = Number(match[3])
  if (!isDay(year, month, day)) return undefined
  const days = daysOf(year, month, day)
  if (match[4] === undefined) return { days, micros: undefined, offset: undefined }
  const micros = timeOf(match[4], match[5]!, match[6]!, match[7])
  if (micros === undefined) return undefined
  if (match[8] === undefined) return { days, micros, offset: undefined }
  const offset = offsetOf(match[8])
  return offset === undefined ? undefined : { days, micros, offset }
}
