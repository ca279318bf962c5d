/** Values as node-postgres gives and takes them. */
import * as Intervals from "../types/Intervals.js"
import { mapped } from "../types/Mapped.js"
import type { Registry } from "../types/Registry.js"
import { familiar } from "../types/Registry.js"

/** The names of an interval's parts, as the server reads them. */
const parts = ["seconds", "minutes", "hours", "days", "months", "years"] as const

type Part = (typeof parts)[number] | "milliseconds"

const decimal = (value: number): string => value.toFixed(6).replace(/\.?0+$/, "")

/** An interval in its parts, those that are zero left out. As a parameter it is the same interval. */
export class IntervalParts {
  declare readonly years?: number
  declare readonly months?: number
  declare readonly days?: number
  declare readonly hours?: number
  declare readonly minutes?: number
  declare readonly seconds?: number
  declare readonly milliseconds?: number

  constructor(fields: { readonly [Name in Part]?: number }) {
    Object.assign(this, fields)
  }

  private get wholeSeconds(): number {
    return (this.seconds ?? 0) + (this.milliseconds ?? 0) / 1000
  }

  /** The text that the server reads, such as `6.5 seconds 3 days`. */
  toPostgres(): string {
    const texts = parts.flatMap((part) => {
      const value = part === "seconds" ? this.wholeSeconds : (this[part] ?? 0)
      return value === 0 ? [] : [`${part === "seconds" ? decimal(value) : value} ${part}`]
    })
    return texts.length === 0 ? "0" : texts.join(" ")
  }

  /** The duration by ISO 8601, every part written: `P1Y2M3DT4H5M6.7S`. */
  toISOString(): string {
    const { days = 0, hours = 0, minutes = 0, months = 0, years = 0 } = this
    return `P${years}Y${months}M${days}DT${hours}H${minutes}M${decimal(this.wholeSeconds)}S`
  }

  /** As `toISOString`. */
  toISO(): string {
    return this.toISOString()
  }
}

const interval = mapped(
  Intervals.intervalAsFields,
  (value) => (typeof value === "number" ? value : new IntervalParts(value)),
  (value) => value
)

/**
 * Values as `@effect/sql-pg` gives and takes them: what node-postgres decodes (`int8` and `numeric` as text, dates and timestamps as `Date`,
 * JSON parsed, enums and types of extensions as the server's text), and parameters by their value alone, with the type left to the server.
 */
export const compatible: Registry = familiar.with(interval).withTextParameters()
