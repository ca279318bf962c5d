/**
 * How long a message may be, by tag and by phase. Before authentication the other side may be anything, so only little
 * is believed; in a session rows and copy data may be large and everything else may not. A length outside its
 * bounds is never allocated: it ends the connection.
 *
 * Lengths are those of the wire: the length word counts itself and the body, not the tag.
 */

/** The bounds of one phase, as tables indexed by tag byte. */
export interface FrameLimits {
  /** Name of the phase, for error texts. */
  readonly phase: string
  /** Least value of the length word. */
  readonly least: Int32Array
  /** Greatest value of the length word. */
  readonly most: Int32Array
  /** 1 for the tags whose consecutive frames travel as one run. */
  readonly runs: Uint8Array
}

/** What may be set. All in bytes. */
export interface FrameLimitOptions {
  /** Greatest `DataRow`, `CopyData` and `FunctionCallResponse`. Default `0x3fffffff`, the server's own bound. */
  readonly maxMessage?: number | undefined
  /** Greatest error, notice, notification and description of a result or of parameters. Default 16 MiB. */
  readonly maxReport?: number | undefined
}

/** The phases of a client's side of a session. */
export interface PhaseLimits {
  /** From the first byte to the first authentication request. */
  readonly startup: FrameLimits
  /** While SASL or GSS tokens are exchanged, which may be longer than other requests. */
  readonly tokens: FrameLimits
  /** After AuthenticationOk. */
  readonly session: FrameLimits
}

/** A length word counts itself. */
export const leastLength = 4
/** What libpq allows for messages that are never long. */
export const smallMessage = 30_000
/** What libpq allows for an authentication request and for NegotiateProtocolVersion. */
export const startupMessage = 2_000
/** The server's own bound on an authentication token (`PG_MAX_AUTH_TOKEN_LENGTH`), used in both directions. */
export const tokenMessage = 65_535
/** Default for rows and copy data: the server cannot build a longer message. */
export const largeMessage = 0x3fff_ffff
/** Default for errors, notices, notifications and descriptions. */
export const reportMessage = 16 * 1024 * 1024
/** Nothing may be longer, whatever is set: a frame and its tag must fit a signed 32-bit number. */
export const protocolMost = 0x7fff_fffe
/** What the server takes of Query, Parse, Bind, FunctionCall and CopyData. */
export const largeRequest = 0x3fff_fffe
/** What the server takes of every other request. */
export const smallRequest = 10_000

const code = (tag: string): number => tag.charCodeAt(0)

const table = (otherwise: number, entries: Readonly<Record<string, number>>): Int32Array => {
  const limits = new Int32Array(256).fill(otherwise)
  for (const [tags, limit] of Object.entries(entries)) {
    for (const tag of tags) limits[code(tag)] = limit
  }
  return limits
}

const flags = (tags: string): Uint8Array => {
  const set = new Uint8Array(256)
  for (const tag of tags) set[code(tag)] = 1
  return set
}

const anyLength = table(leastLength, {})
const startupLeast = table(leastLength, { RvE: 8 })
const backendRuns = flags("Dd")

const startup: FrameLimits = {
  phase: "startup",
  least: startupLeast,
  most: table(startupMessage, { EN: smallMessage }),
  runs: backendRuns
}

const tokens: FrameLimits = {
  phase: "authentication",
  least: startupLeast,
  most: table(startupMessage, { EN: smallMessage, R: tokenMessage }),
  runs: backendRuns
}

const bounded = (value: number | undefined, otherwise: number): number =>
  value === undefined ? otherwise : Math.min(protocolMost, Math.max(smallMessage, Math.floor(value)))

/** The limits of every phase. Values below 30,000 are raised to it, values beyond the protocol's most lowered to that. */
export const make = (options: FrameLimitOptions = {}): PhaseLimits => {
  const rows = bounded(options.maxMessage, largeMessage)
  const reports = bounded(options.maxReport, reportMessage)
  return {
    startup,
    tokens,
    session: {
      phase: "session",
      least: anyLength,
      most: table(smallMessage, { DdV: rows, ENATt: reports }),
      runs: backendRuns
    }
  }
}

/** The defaults. */
export const defaults: PhaseLimits = make()

/** What a server takes from a client after the startup packet: for the other end of a test, and for our own check. */
export const frontend: FrameLimits = {
  phase: "frontend",
  least: anyLength,
  most: table(smallRequest, { QPBFd: largeRequest, p: tokenMessage }),
  runs: flags("d")
}
