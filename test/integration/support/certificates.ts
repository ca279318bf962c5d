/**
 * Throw-away X.509 certificates for TLS tests, written out byte by byte: no program to install, no private key in the
 * repository. ECDSA on P-256, because its keys cost nothing to make.
 */
import * as NodeCrypto from "node:crypto"
import * as NodeNet from "node:net"

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly serial: number
}

/** Signs certificates and lists the revoked ones. */
export interface Authority extends Certificate {
  readonly issue: (subject: Subject) => Certificate
  /** A revocation list (PEM) of the certificates given. */
  readonly revoke: (revoked: ReadonlyArray<Certificate>) => string
}

export interface Subject {
  readonly commonName: string
  /** Subject alternative names: host names and addresses. */
  readonly names?: ReadonlyArray<string>
  /** Valid in 2020 only, instead of from 2020 to 2049. */
  readonly expired?: boolean
  /** The hash of the issuer's signature; SHA-256 unless set. */
  readonly hash?: "sha256" | "sha384" | "sha512"
}

const der = (tag: number, ...contents: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(contents)
  const length = body.length
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}
const sequence = (...contents: ReadonlyArray<Uint8Array>) => der(0x30, ...contents)
const integer = (value: number) =>
  der(0x02, Buffer.from([(value >> 8) & 127, value & 255]).subarray(value < 128 ? 1 : 0))
const bits = (bytes: Uint8Array, unused = 0) => der(0x03, Buffer.from([unused]), bytes)
const octets = (bytes: Uint8Array) => der(0x04, bytes)
const yes = der(0x01, Buffer.from([0xff]))
const time = (year: number, month: string) =>
  der(0x17, Buffer.from(`${year % 100}${month}01000000Z`, "latin1"))

const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const base128 = (value: number): Array<number> => {
    const digits = [value & 127]
    for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 127) | 128)
    return digits
  }
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

const name = (commonName: string) =>
  sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(commonName, "utf8")))))

const signatureOids = {
  sha256: "1.2.840.10045.4.3.2",
  sha384: "1.2.840.10045.4.3.3",
  sha512: "1.2.840.10045.4.3.4"
}

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes
    .toString("base64")
    .match(/.{1,64}/g)
    ?.join("\n")}\n-----END ${label}-----\n`

const addressOctets = (address: string): Buffer =>
  NodeNet.isIPv4(address)
    ? Buffer.from(address.split(".").map(Number))
    : Buffer.from(Array.from({ length: 16 }, (_, at) => (at === 15 ? 1 : 0))) // only ::1 is ever needed

const alternativeNames = (names: ReadonlyArray<string>): ReadonlyArray<Buffer> =>
  names.length === 0
    ? []
    : [
        sequence(
          oid("2.5.29.17"),
          octets(
            sequence(
              ...names.map((name) =>
                NodeNet.isIP(name) === 0
                  ? der(0x82, Buffer.from(name, "latin1"))
                  : der(0x87, addressOctets(name))
              )
            )
          )
        )
      ]

/** May sign certificates and revocation lists, and nothing else. */
const authorityExtensions = [
  sequence(oid("2.5.29.19"), yes, octets(sequence(yes))),
  sequence(oid("2.5.29.15"), yes, octets(bits(Buffer.from([0x06]), 1)))
]

const signed = (body: Buffer, algorithm: Buffer, hash: string, key: NodeCrypto.KeyObject): Buffer =>
  sequence(body, algorithm, bits(NodeCrypto.sign(hash, body, key)))

let serials = 0

/** A new authority with a key of its own. */
export const authority = (commonName = "throw-away authority"): Authority => {
  const own = NodeCrypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
  const certify = (
    subject: Subject,
    pair: NodeCrypto.KeyPairKeyObjectResult,
    extensions: ReadonlyArray<Buffer>
  ): Certificate => {
    const { expired = false, hash = "sha256" } = subject
    const serial = ++serials
    const algorithm = sequence(oid(signatureOids[hash]))
    const body = sequence(
      der(0xa0, integer(2)),
      integer(serial),
      algorithm,
      name(commonName),
      sequence(time(2020, "01"), expired ? time(2020, "12") : time(2049, "12")),
      name(subject.commonName),
      pair.publicKey.export({ type: "spki", format: "der" }),
      ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))])
    )
    return {
      cert: pem("CERTIFICATE", signed(body, algorithm, hash, own.privateKey)),
      key: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      serial
    }
  }
  return {
    ...certify({ commonName }, own, authorityExtensions),
    issue: (subject) =>
      certify(
        subject,
        NodeCrypto.generateKeyPairSync("ec", { namedCurve: "P-256" }),
        alternativeNames(subject.names ?? [])
      ),
    revoke: (revoked) => {
      const algorithm = sequence(oid(signatureOids.sha256))
      const entries = revoked.map(({ serial }) => sequence(integer(serial), time(2020, "01")))
      const body = sequence(
        integer(1),
        algorithm,
        name(commonName),
        time(2020, "01"),
        time(2049, "12"),
        ...(entries.length === 0 ? [] : [sequence(...entries)])
      )
      return pem("X509 CRL", signed(body, algorithm, "sha256", own.privateKey))
    }
  }
}
