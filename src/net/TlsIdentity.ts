/**
 * Checks that a certificate is for the configured host. The check is the runtime's own. Names that the runtime would accept
 * and libpq would not are removed first.
 *
 * A name is looked for among the certificate's alternative names, and in its common name only when it has no alternative
 * names; an address only among alternative names that are addresses.
 *
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html#LIBQ-SSL-CERTIFICATES
 */
import * as net from "node:net"
import * as tls from "node:tls"

/** What an identity check may look at. */
export interface ServerCertificate {
  /** The whole certificate, as it came in the handshake. */
  readonly der: Uint8Array
  /** Such as `CN=db.example.com`, by attribute. */
  readonly subject: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  /** In the runtime's notation, such as `DNS:db.example.com, IP Address:10.0.0.1`; `undefined` when there are no names. */
  readonly alternativeNames: string | undefined
  /** SHA-256 of the certificate in hexadecimal, bytes divided by colons. */
  readonly fingerprint256: string
}

/** Judges whether a certificate is for `host`: a text is the reason why it is not. It must not throw. */
export type CheckIdentity = (host: string, certificate: ServerCertificate) => string | undefined

/** The parts of the runtime's certificate that are looked at. */
export const certificateOf = (cert: tls.PeerCertificate): ServerCertificate => ({
  der: new Uint8Array(cert.raw),
  subject: { ...cert.subject },
  alternativeNames: cert.subjectaltname,
  fingerprint256: cert.fingerprint256
})

/** A host without the dot that ends a complete name, and an address without the interface it is reached by. */
export const plainHost = (host: string): string =>
  net.isIP(host) === 0 ? host.replace(/\.$/, "") : host.replace(/%.*$/, "")

const impossible = "wildcard.invalid"

/** Only a whole leftmost label may be a wildcard: `*.example.com`, never `db*.example.com`. */
const isWildcard = (name: string): boolean => name.includes("*")
const isPlainWildcard = (name: string): boolean => name.startsWith("*.") && !name.slice(1).includes("*")

const strictNames = (names: string): string =>
  names.replace(/DNS:([^",\s]*)/g, (whole, name: string) =>
    isWildcard(name) && !isPlainWildcard(name) ? `DNS:${impossible}` : whole
  )

const strictName = (name: string): string => (isWildcard(name) && !isPlainWildcard(name) ? impossible : name)

const printable = (text: string): string => {
  const safe = text.replace(/[^\x20-\x7e]/g, "?")
  return safe.length > 120 ? `${safe.slice(0, 120)}...` : safe
}

const namesIn = (cert: ServerCertificate): string => {
  if (cert.alternativeNames !== undefined) return `is for ${printable(cert.alternativeNames)}`
  const name = cert.subject["CN"]
  return typeof name === "string" ? `is for ${printable(name)}` : "names no host"
}

/** libpq's rules for `verify-full`. */
export const check: CheckIdentity = (host, certificate) => {
  const { CN } = certificate.subject
  const name = typeof CN === "string" ? strictName(CN) : CN === undefined ? "" : CN.map(strictName)
  const names = certificate.alternativeNames
  const judged = {
    subject: { CN: name },
    subjectaltname: names === undefined ? undefined : strictNames(names)
  } as tls.PeerCertificate
  try {
    return tls.checkServerIdentity(plainHost(host), judged) === undefined
      ? undefined
      : `the server's certificate is not for ${host}: it ${namesIn(certificate)}`
  } catch {
    return "the names in the server's certificate cannot be read"
  }
}
