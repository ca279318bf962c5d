import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as Calendar from "./Calendar.js"
import { isTimeOfDay, microsOfText } from "./PgTime.js"
import { Printed } from "./Printed.js"

/** The server holds offsets below 16 hours. */
const offsetLimit = 16 * 3600

/** The time in UTC, which may fall on a neighbouring day. */
const utc = (time: PgTimeTz): number => time.micros - time.offset * 1_000_000

/**
 * A time of day with an offset from UTC, PostgreSQL's `timetz`. Equal when both are the same; ordered by the time in UTC
 * and then, as the server does, from east to west.
 *
 * @see https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-INPUT-TIMES
 */
export class PgTimeTz extends Printed {
  /** Earlier in UTC first, then the farther east. */
  static readonly Order: order.Order<PgTimeTz> = order.make((self, that) => {
    const difference = utc(self) - utc(that) || that.offset - self.offset
    return difference < 0 ? -1 : difference > 0 ? 1 : 0
  })

  /**
   * `micros`: since midnight, 0 to 86,400,000,000. `offset`: seconds **east** of UTC, so `+02` is 7200; the wire counts
   * west. Not checked: `make` does.
   */
  constructor(
    readonly micros: number,
    readonly offset: number
  ) {
    super()
  }

  /** From microseconds since midnight and seconds east of UTC; none outside the type's range. */
  static make(micros: number, offset: number): Option.Option<PgTimeTz> {
    return isTimeOfDay(micros) && Number.isInteger(offset) && Math.abs(offset) < offsetLimit
      ? Option.some(new PgTimeTz(micros, offset))
      : Option.none()
  }

  /** From `HH:MM[:SS[.ffffff]]±HH[:MM[:SS]]`. */
  static fromText(text: string): Option.Option<PgTimeTz> {
    const at = text.search(/[Z+-]/)
    const micros = at < 0 ? undefined : microsOfText(text.slice(0, at))
    const offset = at < 0 ? undefined : Calendar.offsetOf(text.slice(at))
    return micros === undefined || offset === undefined ? Option.none() : PgTimeTz.make(micros, offset)
  }

  /** `HH:MM:SS[.ffffff]±HH[:MM[:SS]]`, as the server prints it. */
  toString(): string {
    return Calendar.timeText(this.micros) + Calendar.offsetText(this.offset)
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof PgTimeTz && that.micros === this.micros && that.offset === this.offset
  }

  override [Hash.symbol](): number {
    return Hash.combine(Hash.number(this.micros))(Hash.number(this.offset))
  }
}
