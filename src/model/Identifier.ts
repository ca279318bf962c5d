/**
 * Names of tables, columns, slots and channels as SQL text. A quoted name is data, whatever is in it.
 *
 * @see https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
 */
import * as Either from "effect/Either"

/** Bytes of UTF-8 that a name may have. The server cuts longer ones off, so that two names can become one. */
export const maxBytes = 63

const byteLength = (name: string): number => {
  let bytes = 0
  for (const character of name) {
    const code = character.codePointAt(0)!
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

/** Why the text cannot be a name, `undefined` when it can. */
export const defectOf = (name: string): string | undefined => {
  if (name === "") return "a name cannot be empty"
  if (name.includes("\0")) return "a name cannot contain a zero byte"
  if (!name.isWellFormed()) return "a name cannot contain a lone surrogate"
  const bytes = byteLength(name)
  return bytes > maxBytes ? `a name has at most ${maxBytes} bytes, this one ${bytes}` : undefined
}

/**
 * The name in double quotes, those inside doubled: safe in every place where SQL takes a name, and case is kept. Left is
 * the reason why the text is no name; it does not repeat the text.
 */
export const quote = (name: string): Either.Either<string, string> => {
  const defect = defectOf(name)
  return defect === undefined ? Either.right(`"${name.replaceAll('"', '""')}"`) : Either.left(defect)
}

/** A qualified name, such as schema and table: each part quoted, with points between. */
export const quotePath = (parts: ReadonlyArray<string>): Either.Either<string, string> => {
  const quoted: Array<string> = []
  for (const part of parts) {
    const one = quote(part)
    if (Either.isLeft(one)) return one
    quoted.push(one.right)
  }
  return quoted.length === 0 ? Either.left("a name cannot be empty") : Either.right(quoted.join("."))
}
