/**
 * From StartupMessage to the first ReadyForQuery. Answers to challenges are actions for the owner: some need a key
 * derivation, which runs off the event loop.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
import type { BackendKeyData, ParameterStatus, ReadyForQuery } from "../wire/messages/Async.js"
import type * as Authentication from "../wire/messages/Authentication.js"
import type { NegotiateProtocolVersion } from "../wire/messages/Negotiation.js"
import * as Transition from "./Transition.js"
import { to } from "./Transition.js"

/** What the owner has to do, and the message that it is to be done for. */
export type StartupMessages = {
  readonly checkVersion: NegotiateProtocolVersion
  readonly answerCleartext: Authentication.AuthenticationCleartextPassword
  readonly answerMd5: Authentication.AuthenticationMD5Password
  readonly beginSasl: Authentication.AuthenticationSASL
  readonly continueSasl: Authentication.AuthenticationSASLContinue
  readonly verifySasl: Authentication.AuthenticationSASLFinal
  readonly beginGss: Authentication.AuthenticationGSS | Authentication.AuthenticationSSPI
  readonly continueGss: Authentication.AuthenticationGSSContinue
  readonly authenticated: Authentication.AuthenticationOk
  readonly rememberKey: BackendKeyData
  readonly rememberParameter: ParameterStatus
  readonly ready: ReadyForQuery
}

type Challenge =
  | "AuthenticationOk"
  | "AuthenticationCleartextPassword"
  | "AuthenticationMD5Password"
  | "AuthenticationSASL"
  | "AuthenticationGSS"
  | "AuthenticationSSPI"

interface Expects {
  readonly Opening: Challenge | "NegotiateProtocolVersion"
  readonly Negotiated: Challenge
  readonly PasswordSent: "AuthenticationOk"
  readonly SaslStarted: "AuthenticationSASLContinue"
  readonly SaslAnswered: "AuthenticationSASLFinal"
  readonly SaslProven: "AuthenticationOk"
  readonly GssStarted: "AuthenticationGSSContinue" | "AuthenticationOk"
  readonly Initializing: "BackendKeyData" | "ParameterStatus" | "ReadyForQuery"
}

/** The states of a start-up, from the first byte to ReadyForQuery. */
export type StartupState = keyof Expects | "Done"

const challenges = {
  AuthenticationOk: to("Initializing", "authenticated"),
  AuthenticationCleartextPassword: to("PasswordSent", "answerCleartext"),
  AuthenticationMD5Password: to("PasswordSent", "answerMd5"),
  AuthenticationSASL: to("SaslStarted", "beginSasl"),
  AuthenticationGSS: to("GssStarted", "beginGss"),
  AuthenticationSSPI: to("GssStarted", "beginGss")
} as const

/** Which messages may come in which state of a start-up, and what they cause. */
export const table: Transition.HandledTable<Expects, StartupMessages, "Done"> = {
  Opening: { ...challenges, NegotiateProtocolVersion: to("Negotiated", "checkVersion") },
  Negotiated: challenges,
  PasswordSent: { AuthenticationOk: to("Initializing", "authenticated") },
  SaslStarted: { AuthenticationSASLContinue: to("SaslAnswered", "continueSasl") },
  SaslAnswered: { AuthenticationSASLFinal: to("SaslProven", "verifySasl") },
  SaslProven: { AuthenticationOk: to("Initializing", "authenticated") },
  GssStarted: {
    AuthenticationGSSContinue: to("GssStarted", "continueGss"),
    AuthenticationOk: to("Initializing", "authenticated")
  },
  Initializing: {
    BackendKeyData: to("Initializing", "rememberKey"),
    ParameterStatus: to("Initializing", "rememberParameter"),
    ReadyForQuery: to("Done", "ready")
  }
}

/** Where a start-up begins. */
export const initial: StartupState = "Opening"

/** The arrow for a message by name; `undefined`: the message is not allowed here. */
export const step = Transition.step(table)
