/**
 * The hash function behind a certificate's signature, which is the one channel binding uses (RFC 5929 §4.1). The runtime
 * does not report it, so the field with its name is read from the certificate's DER.
 */
import * as Either from "effect/Either"
import * as Refusal from "./Refusal.js"

/** Names of hash functions as the runtime knows them. */
export type HashName =
  | "sha224"
  | "sha256"
  | "sha384"
  | "sha512"
  | "sha512-224"
  | "sha512-256"
  | "sha3-224"
  | "sha3-256"
  | "sha3-384"
  | "sha3-512"

const weak: HashName = "sha256" // RFC 5929 puts SHA-256 in the place of MD5 and SHA-1.
const rsa = "1.2.840.113549.1.1"
const ecdsa = "1.2.840.10045.4"
const nistSignature = "2.16.840.1.101.3.4.3"
const nistHash = "2.16.840.1.101.3.4.2"

/** Signature algorithms and hash functions by object identifier. */
const hashes: Readonly<Record<string, HashName>> = {
  [`${rsa}.4`]: weak, // MD5
  [`${rsa}.5`]: weak, // SHA-1
  "1.3.14.3.2.29": weak, // SHA-1, the older identifier
  [`${rsa}.11`]: "sha256",
  [`${rsa}.12`]: "sha384",
  [`${rsa}.13`]: "sha512",
  [`${rsa}.14`]: "sha224",
  [`${rsa}.15`]: "sha512-224",
  [`${rsa}.16`]: "sha512-256",
  [`${nistSignature}.13`]: "sha3-224",
  [`${nistSignature}.14`]: "sha3-256",
  [`${nistSignature}.15`]: "sha3-384",
  [`${nistSignature}.16`]: "sha3-512",

  [`${ecdsa}.1`]: weak,
  [`${ecdsa}.3.1`]: "sha224",
  [`${ecdsa}.3.2`]: "sha256",
  [`${ecdsa}.3.3`]: "sha384",
  [`${ecdsa}.3.4`]: "sha512",
  [`${nistSignature}.9`]: "sha3-224",
  [`${nistSignature}.10`]: "sha3-256",
  [`${nistSignature}.11`]: "sha3-384",
  [`${nistSignature}.12`]: "sha3-512",

  "1.2.840.10040.4.3": weak, // DSA
  [`${nistSignature}.1`]: "sha224",
  [`${nistSignature}.2`]: "sha256",
  [`${nistSignature}.3`]: "sha384",
  [`${nistSignature}.4`]: "sha512",

  "1.2.840.113549.2.5": weak, // MD5 itself
  "1.3.14.3.2.26": weak, // SHA-1 itself
  [`${nistHash}.1`]: "sha256",
  [`${nistHash}.2`]: "sha384",
  [`${nistHash}.3`]: "sha512",
  [`${nistHash}.4`]: "sha224",
  [`${nistHash}.5`]: "sha512-224",
  [`${nistHash}.6`]: "sha512-256",
  [`${nistHash}.7`]: "sha3-224",
  [`${nistHash}.8`]: "sha3-256",
  [`${nistHash}.9`]: "sha3-384",
  [`${nistHash}.10`]: "sha3-512"
}

const rsaPss = `${rsa}.10`
const names: Readonly<Record<string, string>> = { "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448" }

/**
 * The hash of a signature algorithm, or of a hash function, by its object identifier in dotted form. Ed25519 and Ed448
 * define none, and of unknown ones nothing is guessed: both are refused.
 */
export const ofOid = (oid: string): Either.Either<HashName, Refusal.AuthRefusal> =>
  Object.hasOwn(hashes, oid)
    ? Either.right(hashes[oid]!)
    : refuse(
        `the server's certificate is signed with ${names[oid] ?? oid}, for which channel binding has no hash`
      )

/** The hash of a certificate's signature. `der`: the certificate as presented in the handshake. */
export const ofCertificate = (der: Uint8Array): Either.Either<HashName, Refusal.AuthRefusal> => {
  // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OID, parameters }, … }
  const certificate = element(der, 0, der.length, sequence)
  const body = certificate && element(der, certificate.from, certificate.to, sequence)
  const algorithm = certificate && body && element(der, body.to, certificate.to, sequence)
  const oid = algorithm && element(der, algorithm.from, algorithm.to, objectIdentifier)
  if (!oid) return malformed
  const name = dotted(der, oid)
  return name === rsaPss ? ofPssParameters(der, oid.to, algorithm.to) : ofOid(name)
}

/** RSASSA-PSS names its hash in the parameters; left out, it is SHA-1. */
const ofPssParameters = (
  der: Uint8Array,
  from: number,
  to: number
): Either.Either<HashName, Refusal.AuthRefusal> => {
  const parameters = element(der, from, to, sequence)
  if (!parameters) return malformed
  const tagged = element(der, parameters.from, parameters.to, contextZero)
  if (!tagged) return Either.right(weak)
  const algorithm = element(der, tagged.from, tagged.to, sequence)
  const oid = algorithm && element(der, algorithm.from, algorithm.to, objectIdentifier)
  return oid ? ofOid(dotted(der, oid)) : malformed
}

const sequence = 0x30
const objectIdentifier = 0x06
const contextZero = 0xa0

/** Where an element's contents lie. */
interface Contents {
  readonly from: number
  readonly to: number
}

/** The contents of the element at `at` if it has this tag and ends before `end`. Lengths in DER are definite. */
const element = (der: Uint8Array, at: number, end: number, tag: number): Contents | undefined => {
  if (at + 2 > end || der[at] !== tag) return undefined
  const first = der[at + 1]!
  const digits = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80 || digits > 4 || at + 2 + digits > end) return undefined
  let length = digits === 0 ? first : 0
  for (let index = 0; index < digits; index++) length = length * 256 + der[at + 2 + index]!
  const from = at + 2 + digits
  return length > end - from ? undefined : { from, to: from + length }
}

/** An object identifier in dotted form; arcs beyond 2⁵³ do not occur and would only fail to be known. */
const dotted = (der: Uint8Array, { from, to }: Contents): string => {
  const arcs: Array<number> = []
  let arc = 0
  for (let at = from; at < to; at++) {
    arc = arc * 128 + (der[at]! & 0x7f)
    if (der[at]! >= 0x80) continue
    if (arcs.length === 0) {
      const root = Math.min(Math.floor(arc / 40), 2)
      arcs.push(root, arc - root * 40)
    } else arcs.push(arc)
    arc = 0
  }
  return arcs.join(".")
}

const refuse = (detail: string): Either.Either<never, Refusal.AuthRefusal> =>
  Either.left(Refusal.make("method-refused", "scram-sha-256", detail))

const malformed = refuse("the server's certificate cannot be read for channel binding")
