/** One open connection: its state, with requests for those who wait. */
import { ConnectionState } from "./ConnectionState.js"
import type { Request } from "./Request.js"

export type Core = ConnectionState<Request>
export const Core = ConnectionState<Request>

export { breakOff } from "./ConnectionState.js"
