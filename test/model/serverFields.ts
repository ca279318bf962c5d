import * as ServerFields from "../../src/model/ServerFields.js"

/** An error's fields with nothing in them but what is given. */
export const serverFields = (
  code: string,
  changes: Partial<ServerFields.ServerFields> = {}
): ServerFields.ServerFields =>
  ServerFields.make({ severity: "ERROR", code, text: `text of ${code}`, ...changes })
