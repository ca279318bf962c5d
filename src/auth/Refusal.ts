/** Why a step of authentication cannot be taken, as a value. Its texts name methods and rules, never a secret. */
import type { AuthFailure } from "../model/PgError.js"

/** What a step answers instead of the next message. The connection is closed without sending anything more. */
export interface AuthRefusal {
  readonly reason: AuthFailure
  /** The method in question, such as `scram-sha-256`; empty when none was named. */
  readonly method: string
  /** One sentence for people. */
  readonly detail: string
}

export const make = (reason: AuthFailure, method: string, detail: string): AuthRefusal => ({
  reason,
  method,
  detail
})

/** Text from the server made fit for an error message: printable ASCII, at most 120 characters. */
export const quote = (text: string): string => {
  const printable = text.replace(/[^\x20-\x7e]/g, "?")
  return printable.length > 120 ? `${printable.slice(0, 120)}…` : printable
}
