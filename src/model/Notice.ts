import type { ServerFields } from "./ServerFields.js"

/** A message of the server that is not an error: `WARNING`, `NOTICE`, `INFO`, `DEBUG` or `LOG`, with every field. */
export type Notice = ServerFields
