/**
 * The settings of each source, by keyword, and how the sources are laid over each other. Texts stay texts until it is known
 * which of them count, so a variable that is overruled may hold anything.
 */
import * as Either from "effect/Either"
import { PgConfigError } from "../model/PgError.js"
import { isUnixSocket } from "./Hosts.js"
import type { Draft } from "./Settings.js"
import { find, settings } from "./Settings.js"
import type { Pairs } from "./Vocabulary.js"
import { shownKey } from "./Vocabulary.js"

/** One setting as a source gives it. */
export interface SettingValue {
  /** The name as written: a keyword or a variable. */
  readonly key: string
  readonly text: string
  readonly source: string
}

/** What one source gives, by keyword. */
export type Layer = ReadonlyMap<string, SettingValue>

const requireSsl = (text: string): string => (text.startsWith("1") ? "require" : "prefer")

/** Reads a layer from pairs. Fails with `PgConfigError` for unknown keywords and those that `allow` leaves out. */
export const fromPairs = (
  pairs: Pairs,
  source: string,
  allow?: ReadonlyArray<string>
): Either.Either<Layer, PgConfigError> => {
  const layer = new Map<string, SettingValue>()
  for (const [key, text] of pairs) {
    // The name this setting had before version 7.4.
    const keyword = key === "requiressl" ? "sslmode" : key
    if (find(keyword) === undefined) {
      return Either.left(
        new PgConfigError({
          key: shownKey(key),
          reason:
            "there is no such setting. Names are libpq's; a run-time setting of the server goes into options, " +
            "for example options=-csearch_path=app, or into parameters",
          source
        })
      )
    }
    const refused =
      allow === undefined
        ? undefined
        : !allow.includes(keyword)
          ? "this setting may not come from here"
          : keyword === "host" && text.split(",").some(isUnixSocket)
            ? "a Unix socket may not be named here"
            : undefined
    if (refused !== undefined) return Either.left(new PgConfigError({ key, reason: refused, source }))
    layer.set(keyword, { key, text: key === "requiressl" ? requireSsl(text) : text, source })
  }
  return Either.right(layer)
}

/** Lays layers over each other, the strongest first. */
export const merge = (layers: ReadonlyArray<Layer>): Layer => {
  const merged = new Map<string, SettingValue>()
  for (const layer of layers) {
    for (const [keyword, given] of layer) if (!merged.has(keyword)) merged.set(keyword, given)
  }
  return merged
}

/** Reads the texts of a merged layer, but for the keywords in `skip`, which something stronger sets. */
export const read = (
  layer: Layer,
  skip: ReadonlySet<string> = new Set()
): Either.Either<Draft, PgConfigError> => {
  let draft: Draft = {}
  for (const setting of settings) {
    const given = layer.get(setting.keyword)
    if (given === undefined || skip.has(setting.keyword)) continue
    const { key, source, text } = given
    if (text.includes("\0")) {
      return Either.left(
        new PgConfigError({ key, reason: "contains a NUL character, which no setting may hold", source })
      )
    }
    const value = setting.read(text)
    if (Either.isLeft(value)) return Either.left(new PgConfigError({ key, reason: value.left, source }))
    draft = { ...draft, ...value.right }
  }
  return Either.right(draft)
}
