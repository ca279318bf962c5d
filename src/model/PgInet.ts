import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as IpText from "./IpText.js"
import { Printed } from "./Printed.js"

const pattern = /^([0-9A-Fa-f.:]{2,45})(?:\/(\d{1,3}))?$/

/**
 * A host address with the size of its network, PostgreSQL's `inet`. Equal when address and prefix are.
 *
 * @see https://www.postgresql.org/docs/current/datatype-net-types.html#DATATYPE-INET
 */
export class PgInet extends Printed {
  /** The server's order: IPv4 first, then by network, by size of network, and by host. */
  static readonly Order: order.Order<PgInet> = order.make((self, that) => compare(self, that))

  /**
   * `address` in the server's own form: IPv4 with points, IPv6 in lower case and as short as can be. `prefix`: bits of
   * the network, up to 32 or 128. Not checked: `make` does.
   */
  constructor(
    readonly address: string,
    readonly prefix: number
  ) {
    super()
  }

  /** From an address in any full form, and the bits of its network, all of them by default. */
  static make(address: string, prefix?: number): Option.Option<PgInet> {
    const bytes = IpText.parse(address)
    const most = bytes === undefined ? 0 : bytes.length * 8
    const bits = prefix ?? most
    return bytes === undefined || !Number.isInteger(bits) || bits < 0 || bits > most
      ? Option.none()
      : Option.some(new PgInet(IpText.print(bytes), bits))
  }

  /** From `10.0.0.1`, `10.0.0.1/8`, `::1/64`. */
  static fromText(text: string): Option.Option<PgInet> {
    const match = pattern.exec(text)
    if (match === null) return Option.none()
    return PgInet.make(match[1]!, match[2] === undefined ? undefined : Number(match[2]))
  }

  get family(): 4 | 6 {
    return this.address.includes(":") ? 6 : 4
  }

  /** The address alone when its network is itself, as the server prints it. */
  toString(): string {
    return this.prefix === (this.family === 4 ? 32 : 128) ? this.address : `${this.address}/${this.prefix}`
  }
}

const bitsOf = (value: PgInet): bigint =>
  (IpText.parse(value.address) ?? []).reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n)

const compare = (self: PgInet, that: PgInet): -1 | 0 | 1 => {
  if (self.family !== that.family) return self.family < that.family ? -1 : 1
  const a = bitsOf(self)
  const b = bitsOf(that)
  const shift = BigInt((self.family === 4 ? 32 : 128) - Math.min(self.prefix, that.prefix))
  return order.bigint(a >> shift, b >> shift) || order.number(self.prefix, that.prefix) || order.bigint(a, b)
}
