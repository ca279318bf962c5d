/**
 * The private key of a client certificate as a setting gives it: the path of a file, or PEM text. PEM text is a secret, a path is
 * not.
 */

const begins = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/
const blocks = /-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----[^]*?(?:-----END \1PRIVATE KEY-----[\r\n]*|$)/g

/** The base64 of a key in DER, which lacks its envelope: an ASN.1 sequence begins with `M`. */
const bare = /^M[A-Za-z0-9+/=]{59,}$/

/** What the setting accepts, for messages. */
export const accepted = "the path of a file, or a key in PEM with its line -----BEGIN"

/** Whether a text holds a private key in PEM. */
export const isIn = (text: string): boolean => begins.test(text)

/** Whether a text is in PEM, of whatever kind. */
export const isPem = (text: string): boolean => text.includes("-----BEGIN")

/** Whether a text is a path, which may be shown. What is neither a path nor PEM may be a key without its envelope. */
export const isPath = (text: string): boolean =>
  text !== "" && !text.includes("-----") && !/[\r\n]/.test(text) && !bare.test(text)

/** A text with certificates and private keys, parted. */
export const part = (text: string): { readonly certificates: string; readonly keys: string } => ({
  certificates: text.replace(blocks, ""),
  keys: (text.match(blocks) ?? []).join("")
})
