/** An address as text. */
import type { Address } from "./Transport.js"

/** `host:port`, with brackets around an IPv6 address, or the socket's path. */
export const describe = (address: Address): string =>
  address._tag === "Unix"
    ? address.path
    : `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`
