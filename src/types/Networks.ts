/**
 * `inet`, `cidr`, `macaddr` and `macaddr8`.
 *
 * As parameters they take `PgInet`, `PgCidr` or `PgMacAddress` (each where it is meant), and strings, which go to the server as they
 * are, abbreviations included: for their sake parameters of these types travel as text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-net-types.html
 */
import * as Option from "effect/Option"
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as IpText from "../model/IpText.js"
import * as Oid from "../model/Oid.js"
import { PgCidr } from "../model/PgCidr.js"
import { PgInet } from "../model/PgInet.js"
import { PgMacAddress } from "../model/PgMacAddress.js"
import type { Codec } from "./Codec.js"
import * as Fail from "./Fail.js"
import * as Values from "./Values.js"

/** The server's own numbers of the families, whatever the operating system's are. */
const ipv4 = 2
const ipv6 = 3

interface Parts {
  readonly address: string
  readonly prefix: number
}

/** Family, prefix, whether a cidr, size of the address, and the address. */
const readParts = <A>(
  reader: ByteReader,
  at: number,
  length: number,
  isCidr: 0 | 1,
  make: (address: string, prefix: number) => A
): A | undefined => {
  const { bytes } = reader
  const family = length < 4 ? 0 : bytes[at]!
  const size = family === ipv4 ? 4 : family === ipv6 ? 16 : 0
  if (size === 0) {
    reader.fail(length < 4 ? `an address needs 8 bytes, got ${length}` : `an address of the family ${family}`)
    return undefined
  }
  if (length !== 4 + size || bytes[at + 3] !== size) {
    Fail.size(reader, 4 + size, length)
    return undefined
  }
  const prefix = bytes[at + 1]!
  if (prefix > 8 * size || bytes[at + 2] !== isCidr) {
    reader.fail(
      prefix > 8 * size
        ? `an address with a prefix of ${prefix} bits`
        : `an address with the cidr flag ${bytes[at + 2]}`
    )
    return undefined
  }
  return make(IpText.print(bytes, at + 4, size), prefix)
}

const writeParts = (writer: ByteWriter, parts: Parts, isCidr: 0 | 1): void => {
  const address = IpText.parse(parts.address)
  if (address === undefined || !(parts.prefix >= 0 && parts.prefix <= 8 * address.length)) {
    return writer.fail("expected an IPv4 or IPv6 address with a prefix that fits it")
  }
  writer.uint8(address.length === 4 ? ipv4 : ipv6)
  writer.uint8(parts.prefix)
  writer.uint8(isCidr)
  writer.uint8(address.length)
  for (const byte of address) writer.uint8(byte)
}

export const inet: Codec<PgInet> = Values.make({
  name: "inet",
  oid: Oid.inet,
  arrayOid: Oid.inetArray,
  noun: "an inet",
  takes: "PgInet",
  blank: new PgInet("0.0.0.0", 32),
  parse: (text) => Option.getOrUndefined(PgInet.fromText(text)),
  of: (value) => (value instanceof PgInet ? value : undefined),
  read: (reader, at, length) =>
    readParts(reader, at, length, 0, (address, prefix) => new PgInet(address, prefix)),
  write: (writer, value) => writeParts(writer, value, 0)
})

export const cidr: Codec<PgCidr> = Values.make({
  name: "cidr",
  oid: Oid.cidr,
  arrayOid: Oid.cidrArray,
  noun: "a cidr",
  takes: "PgCidr",
  blank: new PgCidr("0.0.0.0", 0),
  parse: (text) => Option.getOrUndefined(PgCidr.fromText(text)),
  of: (value) => (value instanceof PgCidr ? value : undefined),
  read: (reader, at, length) =>
    readParts(reader, at, length, 1, (address, prefix) => new PgCidr(address, prefix)),
  write: (writer, value) => writeParts(writer, value, 1)
})

const hardware = (name: string, oid: number, arrayOid: number, size: 6 | 8): Codec<PgMacAddress> =>
  Values.make<PgMacAddress>({
    name,
    oid,
    arrayOid,
    noun: `a ${name}`,
    takes: `PgMacAddress of ${size} bytes`,
    blank: new PgMacAddress(new Array<string>(size).fill("00").join(":")),
    parse: (text) => {
      const address = Option.getOrUndefined(PgMacAddress.fromText(text))
      return address?.size === size ? address : undefined
    },
    of: (value) => (value instanceof PgMacAddress && value.size === size ? value : undefined),
    read: Values.sized(size, (reader, at) =>
      Option.getOrUndefined(PgMacAddress.fromBytes(reader.bytes.subarray(at, at + size)))
    ),
    write: (writer, value) => {
      for (const byte of value.bytes) writer.uint8(byte)
    }
  })

export const macaddr = hardware("macaddr", Oid.macaddr, Oid.macaddrArray, 6)
export const macaddr8 = hardware("macaddr8", Oid.macaddr8, Oid.macaddr8Array, 8)

export const all = [inet, cidr, macaddr, macaddr8] as const
