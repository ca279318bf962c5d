/**
 * OAUTHBEARER after its first message. A server that takes the token accepts at once, without a proof of its own. A server
 * that does not take it sends the reason, receives one byte, and refuses.
 *
 * @see https://www.postgresql.org/docs/current/sasl-authentication.html#SASL-OAUTHBEARER
 */
import type { AuthenticationOk, AuthenticationSASLContinue } from "../wire/messages/Authentication.js"
import * as Transition from "./Transition.js"
import { to } from "./Transition.js"

/** What the owner has to do, and the message that it is to be done for. */
export type BearerMessages = {
  readonly authenticated: AuthenticationOk
  readonly acknowledge: AuthenticationSASLContinue
}

interface Expects {
  readonly TokenSent: "AuthenticationOk" | "AuthenticationSASLContinue"
  /** Only the server's ErrorResponse may follow, which is the same everywhere. */
  readonly Refused: never
}

export type BearerState = keyof Expects | "Done"

export const table: Transition.HandledTable<Expects, BearerMessages, "Done"> = {
  TokenSent: {
    AuthenticationOk: to("Done", "authenticated"),
    AuthenticationSASLContinue: to("Refused", "acknowledge")
  },
  Refused: {}
}

export const initial: BearerState = "TokenSent"

/** The arrow for a message by name; `undefined`: the message is not allowed here. */
export const step = Transition.step(table)
