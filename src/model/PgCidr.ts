import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as IpText from "./IpText.js"
import { PgInet } from "./PgInet.js"
import { Printed } from "./Printed.js"

/**
 * A network, PostgreSQL's `cidr`: an address without bits behind the prefix. Equal when address and prefix are.
 *
 * @see https://www.postgresql.org/docs/current/datatype-net-types.html#DATATYPE-CIDR
 */
export class PgCidr extends Printed {
  /** As `PgInet.Order`. */
  static readonly Order: order.Order<PgCidr> = order.mapInput(
    PgInet.Order,
    (cidr: PgCidr) => new PgInet(cidr.address, cidr.prefix)
  )

  /** As for `PgInet`. Not checked: `make` does. */
  constructor(
    readonly address: string,
    readonly prefix: number
  ) {
    super()
  }

  /** From an address in any full form and the bits of the network; none when bits behind them are set. */
  static make(address: string, prefix?: number): Option.Option<PgCidr> {
    return Option.flatMap(PgInet.make(address, prefix), (inet) =>
      hasHostBits(inet) ? Option.none() : Option.some(new PgCidr(inet.address, inet.prefix))
    )
  }

  /** From `10.0.0.0/8`, `2001:db8::/32`; a host without a prefix is a network of one. */
  static fromText(text: string): Option.Option<PgCidr> {
    return Option.flatMap(PgInet.fromText(text), (inet) => PgCidr.make(inet.address, inet.prefix))
  }

  get family(): 4 | 6 {
    return this.address.includes(":") ? 6 : 4
  }

  /** Address and prefix, always both. */
  toString(): string {
    return `${this.address}/${this.prefix}`
  }
}

const hasHostBits = (inet: PgInet): boolean =>
  (IpText.parse(inet.address) ?? []).some((byte, index) => {
    const kept = Math.max(0, Math.min(8, inet.prefix - 8 * index))
    return (byte & (0xff >> kept)) !== 0
  })
