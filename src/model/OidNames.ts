/** The way back from a built-in type's name to its OID. */
import * as Oid from "./Oid.js"

let oids: ReadonlyMap<string, number> | undefined

/** The OID of a built-in type such as `int4` or `int4[]`; `undefined` when no built-in type has this name. */
export const oidOf = (name: string): number | undefined => {
  // Made when first asked for: most programs never do.
  oids ??= new Map(
    Object.values(Oid).flatMap((oid) => (typeof oid === "number" ? [[Oid.nameOf(oid), oid] as const] : []))
  )
  return oids.get(name)
}
