/**
 * Names of types as SQL writes them and as the catalogue has them, in one form: what `regtype` takes (`integer`, `"zz"."mood"`,
 * `varchar(10)`, `mood[]`), and the catalogue's own spelling (`int4`, `_int8`, `zz.mood`).
 *
 * @see https://www.postgresql.org/docs/current/datatype-oid.html
 */
import * as Either from "effect/Either"
import * as Identifier from "./Identifier.js"
import * as Oid from "./Oid.js"
import { oidOf } from "./OidNames.js"

export interface TypeName {
  /** As written: parts in quotes keep their case, others are folded to lower case as the server does. */
  readonly name: string
  /** The text as the catalogue would have it, where that is another: `Mood` without quotes is `Mood` there. */
  readonly verbatim: string
  /** OID of the built-in type, `undefined` for any other. */
  readonly oid: number | undefined
}

/** SQL's words for built-in types, without a length or precision. */
const words: ReadonlyMap<string, string> = new Map([
  ["boolean", "bool"],
  ["smallint", "int2"],
  ["int", "int4"],
  ["integer", "int4"],
  ["bigint", "int8"],
  ["real", "float4"],
  ["float", "float8"],
  ["double precision", "float8"],
  ["decimal", "numeric"],
  ["dec", "numeric"],
  ["char", "bpchar"],
  ["character", "bpchar"],
  ["nchar", "bpchar"],
  ["national char", "bpchar"],
  ["national character", "bpchar"],
  ["char varying", "varchar"],
  ["character varying", "varchar"],
  ["national char varying", "varchar"],
  ["national character varying", "varchar"],
  ["nchar varying", "varchar"],
  ["bit varying", "varbit"],
  ["time without time zone", "time"],
  ["time with time zone", "timetz"],
  ["timestamp without time zone", "timestamp"],
  ["timestamp with time zone", "timestamptz"]
])

const intervalFields = /^interval (?:year|month|day|hour|minute|second)(?: to (?:month|hour|minute|second))?$/

/** One part of a name with quotes or without, or another character. */
const token =
  /"((?:[^"]|"")*)"|([\p{L}_][\p{L}\p{N}_$]*)|(\.)|(\([\d\s,-]*\))|(\[\s*\d*\s*\]|\barray\b)|(\s+)/giuy

interface Parts {
  readonly path: ReadonlyArray<string>
  readonly isQuoted: boolean
  readonly isArray: boolean
  /** What stands in parentheses. */
  readonly modifier: string
}

/** `undefined` when the text is not of the form of a type's name. */
const parse = (text: string): Parts | undefined => {
  const path: Array<string> = []
  let isQuoted = false
  let isArray = false
  let modifier = ""
  let joins = true
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const [, quoted, word, dot, parentheses, array] = token.exec(text) ?? []
    if (quoted !== undefined || (word !== undefined && word.toLowerCase() !== "array")) {
      const part = quoted === undefined ? word!.toLowerCase() : quoted.replaceAll('""', '"')
      if (joins) path.push(part)
      else if (quoted !== undefined || isQuoted) return undefined
      // `double precision` is one part.
      else path.push(`${path.pop()!} ${part}`)
      isQuoted ||= quoted !== undefined
      joins = false
    } else if (dot !== undefined) {
      if (joins) return undefined
      joins = true
    } else if (parentheses !== undefined) modifier = parentheses.replaceAll(/\s/g, "")
    else if (array !== undefined || word !== undefined) isArray = true
    else if (token.lastIndex === 0) return undefined
  }
  return joins ? undefined : { path, isQuoted, isArray, modifier }
}

/** The name in the catalogue of a built-in type that SQL has words for. */
const ofWords = ({ modifier, path }: Parts): string => {
  const text = path[0]!
  if (text === "float")
    return /^\(\d+\)$/.test(modifier) && Number(modifier.slice(1, -1)) < 25 ? "float4" : "float8"
  return intervalFields.test(text) ? "interval" : (words.get(text) ?? text)
}

const catalog = "pg_catalog."

/** The catalogue's name of an array is that of its elements behind `_`. */
const unprefixed = (name: string): string | undefined => {
  const dot = name.lastIndexOf(".") + 1
  return name.startsWith("_", dot) ? `${name.slice(0, dot)}${name.slice(dot + 1)}[]` : undefined
}

const builtIn = (name: string): number | undefined => {
  const plain = name.startsWith(catalog) ? name.slice(catalog.length) : name
  const array = unprefixed(plain)
  return oidOf(plain) ?? (array === undefined ? undefined : oidOf(array))
}

/** Reads a name in any spelling; a text of another form is a name as it is. */
export const of = (text: string): TypeName => {
  const parts = parse(text.trim())
  if (parts === undefined) return { name: text, verbatim: text, oid: builtIn(text) }
  const { isArray, isQuoted, path } = parts
  const suffix = isArray ? "[]" : ""
  // Without quotes `char` is SQL's word; the catalogue's `char` is another type.
  const name = `${path.length === 1 && !isQuoted ? ofWords(parts) : path.join(".")}${suffix}`
  const oid = builtIn(name)
  if (oid !== undefined) return { name: Oid.nameOf(oid), verbatim: Oid.nameOf(oid), oid }
  return { name, verbatim: isQuoted ? name : text.trim(), oid }
}

/** The name as text of a statement, each part quoted; `undefined` when the text is not of the form of a type's name. */
export const toSql = (text: string): string | undefined => {
  const parts = parse(text.trim())
  if (parts === undefined) return undefined
  const { oid } = of(text)
  const path = oid === undefined ? parts.path : ["pg_catalog", Oid.nameOf(oid).replace("[]", "")]
  const quoted = Identifier.quotePath(path)
  return Either.isRight(quoted) ? `${quoted.right}${parts.isArray ? "[]" : ""}` : undefined
}

/** A name without a schema matches that name in any schema. */
const sameName = (self: string, that: string): boolean =>
  self === that ||
  (self.includes(".") !== that.includes(".") && (self.endsWith(`.${that}`) || that.endsWith(`.${self}`)))

/** Whether the catalogue's name is that of this type. `that`: with a schema or without, arrays with `[]` behind them. */
export const isOf = ({ name, verbatim }: Pick<TypeName, "name" | "verbatim">, that: string): boolean =>
  [name, verbatim].some((each) => sameName(each, that) || sameName(unprefixed(each) ?? each, that))

/** Whether both differ in the case of their letters alone. */
export const differsInCase = ({ name }: Pick<TypeName, "name">, that: string): boolean =>
  name !== that && sameName(name.toLowerCase(), that.toLowerCase())
