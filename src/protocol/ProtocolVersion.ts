/**
 * Protocol versions as words (major in the upper 16 bits) and as names, and the check of what a server negotiates.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
import { protocol30, protocol32, protocolGrease } from "../wire/messages/Startup.js"

export type Name = "3.0" | "3.2" | "latest" | "grease"

/** An option without a meaning, which libpq sends too, to find servers that cannot negotiate. */
export const greaseOption = "_pq_.test_protocol_negotiation"

/** The word for a name; `latest` is 3.2, `grease` is 3.9999. */
export const wordOf = (name: Name): number =>
  name === "3.0" ? protocol30 : name === "grease" ? protocolGrease : protocol32

/** The `_pq_.` options that are sent when `name` is asked for. */
export const optionsOf = (name: Name): ReadonlyArray<string> => (name === "grease" ? [greaseOption] : [])

/** `3.0`, `3.2` and so on. */
export const nameOf = (word: number): string => `${word >>> 16}.${word & 0xffff}`

/** What was asked for. */
export interface RequestedVersion {
  readonly version: number
  readonly least: number
  /** Names of the `_pq_.` options sent. */
  readonly options: ReadonlyArray<string>
}

/** Why a server that goes on without negotiating is not believed; `undefined` when there was nothing to negotiate. */
export const unnegotiated = (asked: RequestedVersion): string | undefined =>
  asked.version === protocolGrease
    ? `the server continues with protocol ${nameOf(protocolGrease)}, which does not exist: it cannot negotiate`
    : undefined

/**
 * Judges a NegotiateProtocolVersion: the result is a text with the fault, or the version to go on with. 3.1 is reserved and
 * never valid.
 */
export const negotiated = (
  asked: RequestedVersion,
  answer: { readonly version: number; readonly unsupported: ReadonlyArray<string> }
): number | string => {
  const version = answer.version
  if (version > asked.version)
    return `the server offers ${nameOf(version)}, newer than the ${nameOf(asked.version)} asked for`
  if (version > protocol32)
    return `the server offers ${nameOf(version)}, newer than any that this client speaks`
  if (version < protocol30) return `the server offers ${nameOf(version)}, older than 3.0`
  if (version === protocol30 + 1) return "the server offers 3.1, which is reserved"
  if (version < asked.least) {
    return `the server offers ${nameOf(version)} and min_protocol_version asks for ${nameOf(asked.least)} or newer`
  }
  const strange = answer.unsupported.find(
    (name) => !name.startsWith("_pq_.") || !asked.options.includes(name)
  )
  if (strange !== undefined) return `the server refuses the option ${strange}, which was not sent`
  if (asked.version === protocolGrease && !answer.unsupported.includes(greaseOption))
    return `the server does not refuse ${greaseOption}, an option that does not exist`
  if (version === asked.version && answer.unsupported.length === 0)
    return "the server negotiates without a change"
  return version
}
