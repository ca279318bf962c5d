/**
 * SASLprep as PostgreSQL does it, which is not quite RFC 4013: what is forbidden is looked for before normalisation
 * instead of after it, and a password that breaks the rules is not refused but used as it is. Only by doing the same
 * are the bytes the same as those behind the verifier the server stores.
 *
 * @see https://www.postgresql.org/docs/current/sasl-authentication.html#SASL-SCRAM-SHA-256
 */
import * as Utf8 from "../bytes/Utf8.js"
import * as StringPrep from "./StringPrep.js"

/**
 * The bytes of a password that SCRAM hashes. Total: bytes that are not UTF-8, text with a forbidden or unassigned code
 * point, and text of mixed direction stay as they are; ASCII does anyway. A lone surrogate, which has no bytes, counts
 * as U+FFFD.
 */
export const prepare = (password: string | Uint8Array): Uint8Array => {
  if (typeof password === "string")
    return password.isWellFormed() ? prepared(password) : Utf8.encode(password)
  const text = decode(password)
  return text === undefined ? password : prepared(text)
}

const prepared = (text: string): Uint8Array =>
  Utf8.encode(ascii.test(text) ? text : (normalize(text) ?? text))

const ascii = /^[\x00-\x7f]*$/

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The text of UTF-8 bytes, or `undefined` when they are something else. */
const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** The prepared form, or `undefined` where the rules forbid one. */
const normalize = (text: string): string | undefined => {
  let mapped = ""
  let first = -1
  let last = -1
  let anyRight = false
  let anyLeft = false
  for (const character of text) {
    let code = character.codePointAt(0)!
    // Spaces first: U+200B is in both lists.
    if (StringPrep.has(StringPrep.space, code)) code = 0x20
    else if (StringPrep.has(StringPrep.nothing, code)) continue
    else if (StringPrep.has(StringPrep.forbidden, code)) return undefined
    mapped += code === 0x20 ? " " : character
    if (first < 0) first = code
    last = code
    anyRight ||= StringPrep.has(StringPrep.rightToLeft, code)
    anyLeft ||= StringPrep.has(StringPrep.leftToRight, code)
  }
  if (mapped === "") return undefined
  const framed = StringPrep.has(StringPrep.rightToLeft, first) && StringPrep.has(StringPrep.rightToLeft, last)
  return anyRight && (anyLeft || !framed) ? undefined : mapped.normalize("NFKC")
}
