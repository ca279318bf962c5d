/**
 * Types that are best had as the server's text: names of catalog objects (`regclass` and its kin), `money`, `xml`,
 * `jsonpath` and `refcursor`.
 *
 * Names come as the server prints them, qualified and quoted as the search path demands, `-` for none, digits for what no
 * longer exists; as parameters they take names and OIDs. `money` is text of the server's locale and is never taken for a
 * number: cast it to numeric, or use `moneyAsMinorUnits` where the locale is known. `xml` always travels as text, so that
 * no encoding that it declares is believed.
 *
 * @see https://www.postgresql.org/docs/current/datatype-oid.html
 */
import * as Oid from "../model/Oid.js"
import type { Codec, Encode } from "./Codec.js"
import * as Integers from "./Integers.js"
import { mismatch } from "./Shape.js"
import * as Texts from "./Texts.js"

const encodeName: Encode = (writer, value) => {
  if (typeof value === "string") Texts.writeText(writer, value)
  else if (typeof value === "number") Integers.oid.encodeText(writer, value)
  else writer.fail(mismatch("name or OID", value))
}

const named = (name: string, oid: number, arrayOid: number): Codec<string> => ({
  ...Texts.textOnly(name, oid, arrayOid),
  encodeText: encodeName
})

export const regproc = named("regproc", Oid.regproc, Oid.regprocArray)
export const regprocedure = named("regprocedure", Oid.regprocedure, Oid.regprocedureArray)
export const regoper = named("regoper", Oid.regoper, Oid.regoperArray)
export const regoperator = named("regoperator", Oid.regoperator, Oid.regoperatorArray)
export const regclass = named("regclass", Oid.regclass, Oid.regclassArray)
export const regtype = named("regtype", Oid.regtype, Oid.regtypeArray)
export const regconfig = named("regconfig", Oid.regconfig, Oid.regconfigArray)
export const regdictionary = named("regdictionary", Oid.regdictionary, Oid.regdictionaryArray)
export const regnamespace = named("regnamespace", Oid.regnamespace, Oid.regnamespaceArray)
export const regrole = named("regrole", Oid.regrole, Oid.regroleArray)
export const regcollation = named("regcollation", Oid.regcollation, Oid.regcollationArray)

export const money = Texts.textOnly("money", Oid.money, Oid.moneyArray)

/**
 * `money` as a bigint of the smallest unit: -123450n is `-$1,234.50` where `lc_monetary` has two digits behind the point.
 * It is read and written in binary only; in text, as a simple query has it, it fails.
 */
export const moneyAsMinorUnits: Codec<bigint> = {
  ...Integers.int8,
  name: "money",
  oid: Oid.money,
  arrayOid: Oid.moneyArray,
  decodeText: (reader) => {
    reader.fail("money as text depends on the server's locale; ask for it in binary")
    return 0n
  },
  encodeText: (writer) => writer.fail("money as text depends on the server's locale; send it in binary")
}

export const xml = Texts.textOnly("xml", Oid.xml, Oid.xmlArray)
export const refcursor = Texts.make("refcursor", Oid.refcursor, Oid.refcursorArray)

/** `jsonpath` in the form the server prints, `$."a"[*]`. */
export const jsonpath = Texts.versioned("jsonpath", Oid.jsonpath, Oid.jsonpathArray)

export const all = [
  regproc,
  regprocedure,
  regoper,
  regoperator,
  regclass,
  regtype,
  regconfig,
  regdictionary,
  regnamespace,
  regrole,
  regcollation,
  money,
  xml,
  refcursor,
  jsonpath
] as const
