/**
 * Service files: named sections of settings.
 *
 * @see https://www.postgresql.org/docs/current/libpq-pgservice.html
 */
import * as Either from "effect/Either"
import { PgConfigError } from "../model/PgError.js"
import type { Pairs } from "./Vocabulary.js"

/** Longest line, in bytes without its end. */
export const maxLine = 1023

/**
 * The settings of the first section called `service`, or undefined when the file has none. The first occurrence of
 * a keyword counts. Which keywords exist is not looked at here. Fails with `PgConfigError` naming the line.
 */
export const parse = (
  text: string,
  service: string,
  path: string
): Either.Either<Pairs | undefined, PgConfigError> => {
  const encoder = new TextEncoder()
  let pairs: Array<readonly [string, string]> | undefined
  for (const [index, raw] of text.split("\n").entries()) {
    const refuse = (key: string, reason: string) =>
      Either.left(new PgConfigError({ key, reason, source: `${path}, line ${index + 1}` }))
    if (encoder.encode(raw).length > maxLine) {
      return refuse("service file", `the line has more than ${maxLine} bytes`)
    }
    const line = raw.replace(/^[ \t\v\f\r]+|[ \t\v\f\r]+$/g, "")
    if (line === "" || line.startsWith("#")) continue
    if (line.startsWith("[")) {
      if (pairs !== undefined) break
      if (line.startsWith(`[${service}]`)) pairs = []
      continue
    }
    if (pairs === undefined) continue
    if (line.startsWith("ldap")) return refuse("service file", "looking settings up by LDAP is not supported")
    const equals = line.indexOf("=")
    if (equals === -1) return refuse("service file", "expected keyword=value")
    const keyword = line.slice(0, equals)
    if (keyword === "service" || keyword === "servicefile") {
      return refuse(keyword, "a service must not name another service")
    }
    if (!pairs.some(([known]) => known === keyword)) pairs.push([keyword, line.slice(equals + 1)])
  }
  return Either.right(pairs)
}
