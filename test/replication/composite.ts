/** A composite type whose attributes tests alter. */
import type { PgType } from "../../src/model/PgType.js"

/** Its OID. */
export const item = 20_001

/** Its definition while its attributes, all `int4`, have these names. */
export const itemOf = (...names: ReadonlyArray<string>): PgType => ({
  oid: item,
  arrayOid: 20_002,
  schema: "public",
  name: "item",
  delimiter: ",",
  shape: { _tag: "Composite", fields: names.map((name) => ({ name, type: 23 })), attributes: [] }
})
