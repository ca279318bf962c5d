/**
 * The PostgreSQL type that a Schema is for, as an annotation of the Schema. It is what a column is compared with, what an
 * error names, and where it has a codec what a column is read by.
 */
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Oid from "../model/Oid.js"
import * as TypeName from "../model/TypeName.js"
import type { Codec } from "../types/Codec.js"
import * as Registry from "../types/Registry.js"

/** A PostgreSQL type by OID; by name alone where only the database knows the OID, as of an enum. */
export interface SchemaType {
  readonly oid: number | undefined
  /** As in pg_type, such as `int4`; of arrays with `[]` behind it. */
  readonly name: string
  /** The name as it was written, where it was written without quotes and in another way. */
  readonly verbatim?: string
  /** Reads the columns of a query's result, whatever the client has for the type; unless given, the client's codec does. */
  readonly codec?: Codec
  /** The same for the elements of an array. */
  readonly elementCodec?: Codec
}

/** A type as one likes to write it: an OID, a name, the value, or a codec, which the column is then read by. */
export type PgTypeInput = number | string | SchemaType | Codec

/** Key of the annotation; its value is a list of `PgType`, of which a column may have any. */
export const PgTypeId: unique symbol = Symbol.for("effect-postgres/PgSchema/PgType")

export const make = (type: PgTypeInput): SchemaType =>
  typeof type === "number"
    ? { oid: type, name: Oid.nameOf(type) }
    : typeof type === "string"
      ? byName(TypeName.of(type))
      : "decodeText" in type
        ? { oid: type.oid, name: type.name, codec: type }
        : type

const byName = ({ name, oid, verbatim }: TypeName.TypeName): SchemaType => ({
  oid,
  name,
  ...(verbatim === name ? {} : { verbatim })
})

/** The Schema, for columns of this type, or of any of these. */
export const annotate = <S extends Schema.Annotable.All>(
  self: S,
  types: PgTypeInput | ReadonlyArray<PgTypeInput>
): Schema.Annotable.Self<S> =>
  self.annotations({ [PgTypeId]: isList(types) ? types.map(make) : [make(types)] })

const isList = (types: PgTypeInput | ReadonlyArray<PgTypeInput>): types is ReadonlyArray<PgTypeInput> =>
  Array.isArray(types)

/**
 * The types a value may have before it is decoded; `undefined` when no type is known, or none for one of several forms. The outermost annotation counts, and of a transformation the side it decodes from.
 */
export const of = (ast: AST.AST): ReadonlyArray<SchemaType> | undefined => search(ast, new Set())

const search = (ast: AST.AST, within: ReadonlySet<AST.AST>): ReadonlyArray<SchemaType> | undefined => {
  const told = AST.getAnnotation<ReadonlyArray<SchemaType>>(ast, PgTypeId)
  if (told._tag === "Some") return told.value
  if (within.has(ast)) return undefined
  switch (ast._tag) {
    case "Refinement":
    case "Transformation":
      return search(ast.from, within)
    case "Suspend":
      return search(ast.f(), new Set([...within, ast]))
    case "Union": {
      const types: Array<SchemaType> = []
      for (const member of ast.types) {
        if (isNull(member) || AST.isUndefinedKeyword(member)) continue
        const found = search(member, within)
        if (found === undefined) return undefined
        types.push(...found)
      }
      return types.length === 0 ? undefined : merge(types)
    }
    default:
      return undefined
  }
}

export const isNull = (ast: AST.AST): boolean => AST.isLiteral(ast) && ast.literal === null

/** Each type once. Forms of one type that are read by different codecs leave the choice to the client. */
export const merge = (types: Iterable<SchemaType>): ReadonlyArray<SchemaType> => {
  const merged = new Map<string, SchemaType>()
  for (const type of types) {
    const key = `${type.oid}${type.name}`
    const other = merged.get(key)
    const agree =
      other === undefined || (other.codec === type.codec && other.elementCodec === type.elementCodec)
    merged.set(key, agree ? type : { oid: type.oid, name: type.name })
  }
  return [...merged.values()]
}

/** The type of arrays over this type. An array over an array is of the same type: dimensions are not part of it. */
export const arrayOf = (type: SchemaType): SchemaType => {
  if (type.name.endsWith("[]")) return type
  const arrayOid = type.oid === undefined ? 0 : (Registry.lossless.lookup(type.oid)?.arrayOid ?? 0)
  const { codec, verbatim } = type
  return {
    oid: arrayOid === 0 ? undefined : arrayOid,
    name: `${type.name}[]`,
    ...(verbatim === undefined ? {} : { verbatim: `${verbatim}[]` }),
    ...(codec === undefined ? {} : { elementCodec: codec })
  }
}

/**
 * Whether a column of the type `oid` is of this type. `name`: what the type is called, `undefined` when that is not known,
 * as of types that the client has not looked up: then only a built-in type is known to be different.
 */
export const fits = (type: SchemaType, oid: number, name: string | undefined): boolean => {
  if (type.oid !== undefined) return type.oid === oid
  return name === undefined || TypeName.isOf({ verbatim: type.name, ...type }, name)
}
