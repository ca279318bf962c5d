import type { Column } from "../../src/model/Column.js"

/** A column of no table, as the server describes it. */
export const column = (name: string, typeOid: number): Column => ({
  name,
  typeOid,
  tableOid: 0,
  columnNumber: 0,
  typeSize: -1,
  typeModifier: -1,
  format: 1
})
