import type { ServerFields } from "../../src/model/ServerFields.js"

/** An error's fields with nothing in them but what is given. */
export const serverFields = (code: string, changes: Partial<ServerFields> = {}): ServerFields => ({
  severity: "ERROR",
  localizedSeverity: changes.severity ?? "ERROR",
  code,
  text: `text of ${code}`,
  detail: undefined,
  hint: undefined,
  position: undefined,
  internalPosition: undefined,
  internalQuery: undefined,
  where: undefined,
  schema: undefined,
  table: undefined,
  column: undefined,
  dataType: undefined,
  constraint: undefined,
  file: undefined,
  line: undefined,
  routine: undefined,
  unknown: new Map(),
  ...changes
})
