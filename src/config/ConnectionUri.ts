/**
 * Connection URIs, read as libpq reads them, which no general URL parser does: several hosts, empty parts, encoded
 * slashes in hosts, a user part that ends at the first `@`.
 *
 * ```
 * postgresql://[user[:password]@][host][:port][,host[:port]...][/dbname][?name=value[&...]]
 * ```
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
import * as Either from "effect/Either"
import { PgConfigError } from "../model/PgError.js"
import * as Settings from "./Settings.js"
import type { Pairs } from "./Vocabulary.js"
import { shownKey } from "./Vocabulary.js"

/** The schemes, both of the same meaning. */
export const schemes = ["postgresql://", "postgres://"] as const

/** Whether the text begins as a connection URI does. */
export const isUri = (text: string): boolean => schemes.some((scheme) => text.startsWith(scheme))

const indexOfAny = (text: string, stops: string, from: number): number => {
  let at = from
  while (at < text.length && !stops.includes(text[at]!)) at++
  return at
}

const escapes = /(?:%[0-9A-Fa-f]{2})+/g

/**
 * Percent-decoding as libpq does it: `+` is a plus, white space is allowed only at the ends and falls away, `%00` is
 * refused. Left: the reason.
 */
const decode = (part: string): Either.Either<string, string> => {
  const text = part.replace(/^ +/, "").replace(/[ \t\n\v\f\r]+$/, "")
  if (/[ \t\n\v\f\r]/.test(text)) return Either.left("contains white space; write a space as %20")
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) {
    return Either.left("contains a % that two hexadecimal digits do not follow; write a percent sign as %25")
  }
  if (text.includes("%00")) return Either.left("contains %00, which no setting may hold")
  return Either.try({
    try: () => text.replace(escapes, decodeURIComponent),
    catch: () => "contains percent-encoded bytes that are not UTF-8"
  })
}

/**
 * Splits a URI into keywords and decoded texts. Parts that are empty are not given, an empty query value is. Which
 * keywords exist is not looked at here. Fails with `PgConfigError`, which never quotes the URI.
 */
export const parse = (uri: string, source = "uri"): Either.Either<Pairs, PgConfigError> => {
  const scheme = schemes.find((scheme) => uri.startsWith(scheme))
  const refuse = (key: string, reason: string) => Either.left(new PgConfigError({ key, reason, source }))
  if (scheme === undefined) return refuse("uri", `expected ${schemes.join(" or ")} at the beginning`)

  const encoded: Array<readonly [key: string, text: string]> = []
  let at = scheme.length

  const userEnd = indexOfAny(uri, "@/", at)
  if (uri[userEnd] === "@") {
    const colon = indexOfAny(uri, ":@", at)
    if (colon > at) encoded.push(["user", uri.slice(at, colon)])
    if (colon + 1 < userEnd) encoded.push(["password", uri.slice(colon + 1, userEnd)])
    at = userEnd + 1
  }

  let hosts = ""
  let ports = ""
  for (;;) {
    if (uri[at] === "[") {
      const end = uri.indexOf("]", at)
      if (end === -1) return refuse("host", "the bracket of an IPv6 address is not closed")
      if (end === at + 1) return refuse("host", "the IPv6 address in brackets is empty")
      hosts += uri.slice(at + 1, end)
      at = end + 1
      if (at < uri.length && !":/?,".includes(uri[at]!)) {
        return refuse("host", 'expected ":", ",", "/", "?" or the end after "]"')
      }
    } else {
      const end = indexOfAny(uri, ":/?,", at)
      hosts += uri.slice(at, end)
      at = end
    }
    if (uri[at] === ":") {
      const end = indexOfAny(uri, "/?,", at + 1)
      ports += uri.slice(at + 1, end)
      at = end
    }
    if (uri[at] !== ",") break
    hosts += ","
    ports += ","
    at++
  }
  if (hosts !== "") encoded.push(["host", hosts])
  if (ports !== "") encoded.push(["port", ports])

  if (uri[at] === "/") {
    const end = indexOfAny(uri, "?", at + 1)
    if (end > at + 1) encoded.push(["dbname", uri.slice(at + 1, end)])
    at = end
  }

  const pairs: Array<readonly [string, string]> = []
  for (const [key, part] of encoded) {
    const text = decode(part)
    if (Either.isLeft(text)) return refuse(key, text.left)
    pairs.push([key, text.right])
  }
  return Either.map(query(uri.slice(at + 1), source), (more) => [...pairs, ...more])
}

const query = (text: string, source: string): Either.Either<Pairs, PgConfigError> => {
  const pairs: Array<readonly [string, string]> = []
  // A final "&" ends the last parameter and begins none.
  const parameters = text.endsWith("&") ? text.slice(0, -1) : text
  if (text === "") return Either.right(pairs)
  for (const [index, parameter] of parameters.split("&").entries()) {
    const refuse = (key: string, reason: string) => Either.left(new PgConfigError({ key, reason, source }))
    const nth = `query parameter ${index + 1}`
    const [name, value, ...rest] = parameter.split("=")
    if (name === undefined || value === undefined) return refuse(nth, 'has no "=" between name and value')
    const keyword = decode(name)
    if (Either.isLeft(keyword)) return refuse(nth, `its name ${keyword.left}`)
    const before = pairs.at(-1)?.[0] ?? ""
    if (
      Settings.find(before)?.secret === true &&
      keyword.right !== "ssl" &&
      !Settings.isName(keyword.right)
    ) {
      return refuse(before, `${nth}, behind its value, names no setting; an & in a value must be written %26`)
    }
    if (rest.length > 0)
      return refuse(shownKey(keyword.right), 'has more than one "="; write it as %3D in a value')
    const decoded = decode(value)
    if (Either.isLeft(decoded)) return refuse(shownKey(keyword.right), decoded.left)
    // JDBC's way to ask for TLS.
    if (keyword.right === "ssl" && decoded.right === "true") pairs.push(["sslmode", "require"])
    else pairs.push([keyword.right, decoded.right])
  }
  return Either.right(pairs)
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** A URI that means these pairs: everything in the query, so that nothing is taken apart by position. */
export const format = (pairs: Pairs): string =>
  `postgresql://${pairs.length === 0 ? "" : "?"}${pairs
    .map(([keyword, text]) => `${encode(keyword)}=${encode(text)}`)
    .join("&")}`
