/** Failures of sockets from the operating system, in words that a person can act on. */
import type { TransportFailure } from "../model/PgError.js"

const words: { readonly [code: string]: string } = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the other side",
  ECONNABORTED: "connection aborted",
  EPIPE: "the other side has closed the connection",
  ETIMEDOUT: "no answer in the time the operating system allows",
  EHOSTUNREACH: "no route to the host",
  EHOSTDOWN: "the host is down",
  ENETUNREACH: "network unreachable",
  ENETDOWN: "network down",
  EADDRNOTAVAIL: "no local address or port is free",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "the name server gave no answer",
  ENOENT: "no such socket file",
  ENOTSOCK: "the file is not a socket",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EMFILE: "too many open files in this process",
  ENFILE: "too many open files in the system",
  ENAMETOOLONG: "the socket's path is too long",
  ERR_STREAM_PREMATURE_CLOSE: "the stream was closed before its end",
  ERR_SOCKET_CLOSED: "the socket was closed",
  ERR_SOCKET_BAD_PORT: "the port is not between 0 and 65535"
}

/** A failure of our own making, with a code that is not the system's. */
export const make = (code: string, message: string): TransportFailure => ({
  _tag: "TransportFailure",
  code,
  message
})

/** The failure for a system code, such as `ECONNREFUSED`. */
export const fromCode = (code: string): TransportFailure => {
  const known = words[code]
  return make(code, known === undefined ? `the socket failed with ${code}` : `${known} (${code})`)
}

const isTransportFailure = (error: unknown): error is TransportFailure =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "TransportFailure"

/** The failure for whatever a socket threw or emitted; a failure stays what it is. Several addresses tried at once count as their first refusal. */
export const fromError = (error: unknown): TransportFailure => {
  if (isTransportFailure(error)) return error
  if (!(error instanceof Error)) return make("", `the socket failed: ${String(error)}`)
  const code = codeOf(error)
  if (code !== "" && Object.hasOwn(words, code)) return fromCode(code)
  const message =
    error.message === "" ? `the socket failed with ${code === "" ? error.name : code}` : error.message
  return make(code, message)
}

const codeOf = (error: Error): string => {
  if ("code" in error && typeof error.code === "string") return error.code
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return first instanceof Error ? codeOf(first) : ""
}
