/** What goes wrong with TLS, in words a person can act on. Names from certificates are quoted, contents of files never. */
import type { TransportFailure } from "../model/PgError.js"
import * as SystemFailure from "./SystemFailure.js"

const words: { readonly [code: string]: string } = {
  CERT_HAS_EXPIRED: "the server's certificate, or one it rests on, has expired",
  CERT_NOT_YET_VALID: "the server's certificate, or one it rests on, is not valid yet: are the clocks right?",
  CERT_REVOKED: "the server's certificate has been revoked",
  CERT_REJECTED: "the server's certificate was rejected",
  CERT_UNTRUSTED: "the server's certificate is not trusted for this use",
  CERT_SIGNATURE_FAILURE: "the signature of the server's certificate is wrong",
  CERT_CHAIN_TOO_LONG: "the server's chain of certificates is too long",
  INVALID_CA: "the server's certificate was signed by a certificate that may not sign others",
  INVALID_PURPOSE: "the server's certificate was not made for servers",
  SELF_SIGNED_CERT_IN_CHAIN:
    "the server's certificate was signed by an authority that sslrootcert does not name",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the server's certificate is signed by itself, and sslrootcert does not name it",
  UNABLE_TO_GET_ISSUER_CERT:
    "the server's certificate was signed by an authority that sslrootcert does not name",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "the server's certificate was signed by an authority that sslrootcert does not name",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the server's certificate was signed by an authority that sslrootcert does not name",
  UNABLE_TO_GET_CRL: "sslcrl has no list of the authority that signed the server's certificate",
  CRL_HAS_EXPIRED: "the list in sslcrl has expired",
  CRL_NOT_YET_VALID: "the list in sslcrl is not valid yet",
  CRL_SIGNATURE_FAILURE: "the list in sslcrl was not signed by the authority it speaks for"
}

/** Code of the failure when the certificate is for another host. */
export const wrongHost = "ERR_TLS_CERT_ALTNAME_INVALID"

/** The error given to the runtime when a certificate is for another host. */
export const identityError = (reason: string): Error => Object.assign(new Error(reason), { code: wrongHost })

const codeOf = (error: Error): string => ("code" in error && typeof error.code === "string" ? error.code : "")

/** OpenSSL's reason, such as `wrong version number`; its numbers and file names are left out, because they do not help. */
const reasonOf = (error: Error): string => {
  if ("reason" in error && typeof error.reason === "string") return error.reason
  return error.message.replace(/^.*?error:[0-9A-Fa-f]+:[^:]*:[^:]*:/, "").split("\n")[0] ?? ""
}

/** The stream ended before the handshake had. */
export const closedInHandshake: TransportFailure = SystemFailure.make(
  "ECONNRESET",
  "the server closed the connection during the TLS handshake"
)

/** The failure of a handshake. */
export const ofHandshake = (error: unknown): TransportFailure => {
  if (!(error instanceof Error)) return SystemFailure.fromError(error)
  const code = codeOf(error)
  if (code === "ECONNRESET") return closedInHandshake
  const known = Object.hasOwn(words, code) ? words[code] : undefined
  if (known !== undefined) return SystemFailure.make(code, `${known} (${code})`)
  if (code === wrongHost) return SystemFailure.make(code, error.message)
  if (code.startsWith("ERR_SSL") || code === "EPROTO")
    return SystemFailure.make(code, `the TLS handshake failed: ${reasonOf(error)}`)
  return SystemFailure.fromError(error)
}

/** Why a certificate, a key or a list cannot be used. */
export const ofMaterial = (error: unknown, passphraseGiven: boolean): string => {
  if (!(error instanceof Error)) return "cannot be used"
  switch (codeOf(error)) {
    case "ERR_OSSL_BAD_DECRYPT":
    case "ERR_OSSL_EVP_BAD_DECRYPT":
    case "ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED":
    case "ERR_OSSL_PEM_BAD_PASSWORD_READ":
    case "ERR_OSSL_UI_PROCESS_ERROR":
      return passphraseGiven
        ? "cannot be decrypted: sslpassword is wrong"
        : "is encrypted: sslpassword is missing"
    case "ERR_OSSL_X509_KEY_VALUES_MISMATCH":
      return "does not belong to the certificate"
    default:
      return `cannot be used: ${reasonOf(error)}`
  }
}
