/**
 * Encryption before the startup packet: the one-byte answers to SSLRequest and GSSENCRequest.
 *
 * `E` is an error of a server that is not verified: its text must not be shown. Any other byte is not PostgreSQL.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 */
import * as Transition from "./Transition.js"
import type { TransitionTable } from "./Transition.js"
import { to } from "./Transition.js"

/** What the owner has to do. `upgrade` demands that no plaintext byte came behind the answer. */
export type NegotiationAction = "none" | "upgradeTls" | "upgradeGss" | "continuePlain" | "giveUp"

interface Expects {
  readonly TlsRequested: "S" | "N" | "E"
  readonly GssRequested: "G" | "N" | "E"
}

export type NegotiationState = keyof Expects | "Encrypted" | "Plain" | "Failed"

interface Arrows {
  readonly Encrypted: never
  readonly Plain: never
  readonly Failed: never
}

export const table: TransitionTable<Expects & Arrows, NegotiationAction, never> = {
  TlsRequested: {
    S: to("Encrypted", "upgradeTls"),
    N: to("Plain", "continuePlain"),
    E: to("Failed", "giveUp")
  },
  GssRequested: {
    G: to("Encrypted", "upgradeGss"),
    N: to("Plain", "continuePlain"),
    E: to("Failed", "giveUp")
  },
  Encrypted: {},
  Plain: {},
  Failed: {}
}

const arrows = Transition.step(table)

/** The arrow for an answer byte; `undefined`: the other side does not speak PostgreSQL. */
export const step = (
  state: "TlsRequested" | "GssRequested",
  answer: number
): Transition.Arrow<NegotiationState, NegotiationAction> | undefined =>
  arrows(state, String.fromCharCode(answer))
