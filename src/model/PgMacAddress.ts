import * as Option from "effect/Option"
import * as order from "effect/Order"
import { Printed } from "./Printed.js"

const groups = /^[0-9a-f]+(?:([:.-])[0-9a-f]+(?:\1[0-9a-f]+)*)?$/

/** The hexadecimal digits of an address in any form that the server reads; `undefined` when the text is not an address. */
const digitsOf = (text: string): string | undefined => {
  const lower = text.trim().toLowerCase()
  if (!groups.test(lower)) return undefined
  const parts = lower.split(/[:.-]/)
  const size = parts[0]!.length
  const digits = parts.join("")
  return size % 2 === 0 && parts.every(({ length }) => length === size) && [12, 16].includes(digits.length)
    ? digits
    : undefined
}

/**
 * The hardware address of a device, PostgreSQL's `macaddr` (6 bytes) and `macaddr8` (8 bytes). Equal when their bytes are.
 *
 * @see https://www.postgresql.org/docs/current/datatype-net-types.html#DATATYPE-MACADDR
 */
export class PgMacAddress extends Printed {
  /** By bytes; of addresses that begin alike the shorter one comes first. */
  static readonly Order: order.Order<PgMacAddress> = order.mapInput(order.string, String)

  /** `text`: pairs of small hexadecimal digits with colons. Not checked: `fromText` does. */
  constructor(private readonly text: string) {
    super()
  }

  /** From `08:00:2b:01:02:03`, `08-00-2b-01-02-03`, `0800.2b01.0203` or digits alone, 6 bytes or 8. */
  static fromText(text: string): Option.Option<PgMacAddress> {
    const pairs = digitsOf(text)?.match(/../g)
    return pairs === undefined || pairs === null
      ? Option.none()
      : Option.some(new PgMacAddress(pairs.join(":")))
  }

  /** From 6 bytes or 8. */
  static fromBytes(bytes: Uint8Array): Option.Option<PgMacAddress> {
    return bytes.length === 6 || bytes.length === 8
      ? Option.some(
          new PgMacAddress(Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":"))
        )
      : Option.none()
  }

  /** Bytes of the address: 6 of a `macaddr`, 8 of a `macaddr8`. */
  get size(): number {
    return (this.text.length + 1) / 3
  }

  /** The bytes, new ones each time. */
  get bytes(): Uint8Array {
    return Uint8Array.from(this.text.split(":"), (pair) => Number.parseInt(pair, 16))
  }

  /** As the server prints it: `08:00:2b:01:02:03`. */
  toString(): string {
    return this.text
  }
}
