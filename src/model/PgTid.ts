import * as Option from "effect/Option"
import * as order from "effect/Order"
import { Printed } from "./Printed.js"

const pattern = /^\((\d{1,10}),(\d{1,5})\)$/

/**
 * Where a row lies in its table, PostgreSQL's `tid`, as the column `ctid` has it. Equal when both parts are.
 *
 * @see https://www.postgresql.org/docs/current/datatype-oid.html
 */
export class PgTid extends Printed {
  /** By block, then by offset. */
  static readonly Order: order.Order<PgTid> = order.make(
    (self, that) => order.number(self.block, that.block) || order.number(self.offset, that.offset)
  )

  /** `block`: 0 to 4294967295. `offset`: 0 to 65535. Not checked: `make` does. */
  constructor(
    readonly block: number,
    readonly offset: number
  ) {
    super()
  }

  /** None outside the type's range. */
  static make(block: number, offset: number): Option.Option<PgTid> {
    return isWithin(block, 0xffffffff) && isWithin(offset, 0xffff)
      ? Option.some(new PgTid(block, offset))
      : Option.none()
  }

  /** From `(block,offset)`. */
  static fromText(text: string): Option.Option<PgTid> {
    const match = pattern.exec(text)
    return match === null ? Option.none() : PgTid.make(Number(match[1]), Number(match[2]))
  }

  /** `(block,offset)` */
  toString(): string {
    return `(${this.block},${this.offset})`
  }
}

const isWithin = (value: number, most: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= most
