import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as Calendar from "./Calendar.js"
import { Printed } from "./Printed.js"

const pattern = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/

/**
 * A time of day of PostgreSQL's `time`: microseconds since midnight, up to and with `24:00:00`, which is not `00:00:00`.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-INPUT-TIMES
 */
export class PgTime extends Printed {
  /** Earlier first. */
  static readonly Order: order.Order<PgTime> = order.make((self, that) =>
    self.micros < that.micros ? -1 : self.micros > that.micros ? 1 : 0
  )

  /** `micros`: since midnight, 0 to 86,400,000,000. Not checked: `make` does. */
  constructor(readonly micros: number) {
    super()
  }

  /** From microseconds since midnight; none outside 0 to 86,400,000,000. */
  static make(micros: number): Option.Option<PgTime> {
    return isTimeOfDay(micros) ? Option.some(new PgTime(micros)) : Option.none()
  }

  /** From `HH:MM[:SS[.ffffff]]`. */
  static fromText(text: string): Option.Option<PgTime> {
    const micros = microsOfText(text)
    return micros === undefined ? Option.none() : Option.some(new PgTime(micros))
  }

  /** `HH:MM:SS[.ffffff]`, as the server prints it. */
  toString(): string {
    return Calendar.timeText(this.micros)
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof PgTime && that.micros === this.micros
  }

  override [Hash.symbol](): number {
    return Hash.number(this.micros)
  }
}

/** True for whole microseconds of a day, its end included. */
export const isTimeOfDay = (micros: number): boolean =>
  Number.isInteger(micros) && micros >= 0 && micros <= Calendar.microsPerDay

/** Microseconds since midnight from text; `undefined` when it is no time. */
export const microsOfText = (text: string): number | undefined => {
  const match = pattern.exec(text)
  return match === null ? undefined : Calendar.timeOf(match[1]!, match[2]!, match[3] ?? "0", match[4])
}
