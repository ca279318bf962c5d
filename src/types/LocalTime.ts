/**
 * The host's time zone: only the familiar preset asks for it, because node-postgres gives `date` and `timestamp` as
 * what the host's clock shows.
 */
import * as Calendar from "../model/Calendar.js"

/** The `Date` at which the host's clock shows a day and a time; `undefined` beyond the range of `Date`. */
export const toDate = (days: number, micros: number): Date | undefined => {
  const { year, month, day } = Calendar.civilOf(days)
  const date =
    year < 0 || year > 99
      ? new Date(year, month - 1, day, 0, 0, 0, Math.floor(micros / 1000))
      : new Date(2000, 0, 1, 0, 0, 0, 0)
  if (year >= 0 && year <= 99) {
    date.setFullYear(year, month - 1, day)
    date.setHours(0, 0, 0, Math.floor(micros / 1000))
  }
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** The day and time that the host's clock shows at the `Date`; `undefined` when it is invalid. */
export const fromDate = (date: Date): { readonly days: number; readonly micros: number } | undefined => {
  if (Number.isNaN(date.getTime())) return undefined
  const seconds = (date.getHours() * 60 + date.getMinutes()) * 60 + date.getSeconds()
  return {
    days: Calendar.daysOf(date.getFullYear(), date.getMonth() + 1, date.getDate()),
    micros: (seconds * 1000 + date.getMilliseconds()) * 1000
  }
}
