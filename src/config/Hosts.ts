/** From lists of hosts, addresses and ports to the places to try. */
import * as Either from "effect/Either"
import type { HostEntry } from "./Fields.js"
import { parseInteger, shape } from "./ValueParser.js"
import { defaultPort } from "./Vocabulary.js"

/** The values of `host`, `hostaddr` and `port`, each on its own. Empty texts and missing ports mean the default. */
export interface HostLists {
  readonly host?: ReadonlyArray<string> | undefined
  readonly hostaddr?: ReadonlyArray<string> | undefined
  readonly port?: ReadonlyArray<number | undefined> | undefined
}

/** Longest path of a Unix socket, in bytes. */
export const maxSocketPath = 107

/** Whether a host is the folder of a Unix socket, or an abstract one. */
export const isUnixSocket = (host: string): boolean =>
  host.startsWith("/") || host.startsWith("@") || /^[A-Za-z]:[\\/]/.test(host)

/** Path of the socket of a host that is a folder; `@name` for an abstract one. */
export const socketPath = (entry: { readonly host: string; readonly port: number }): string =>
  `${entry.host}/.s.PGSQL.${entry.port}`

/** Why the path of this host's socket cannot be used. */
export const socketPathProblem = (entry: { readonly host: string; readonly port: number }) => {
  if (!isUnixSocket(entry.host)) return undefined
  const bytes = new TextEncoder().encode(socketPath(entry)).length
  return bytes > maxSocketPath
    ? `the path of the Unix socket has ${bytes} bytes, more than the ${maxSocketPath} the system allows`
    : undefined
}

const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255)

/** Whether a text is a numeric address. */
export const isNumericAddress = (text: string): boolean =>
  isIpv4(text) || (text.includes(":") && /^[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?$/.test(text))

/** The ports of a `port` setting; `undefined` for entries left empty. Left: the reason. */
export const parsePorts = (text: string): Either.Either<ReadonlyArray<number | undefined>, string> => {
  const ports: Array<number | undefined> = []
  for (const entry of text.split(",")) {
    if (entry === "") {
      ports.push(undefined)
      continue
    }
    const port = parseInteger(entry)
    if (port === undefined || port < 1 || port > 65535) {
      return Either.left(`expected ports from 1 to 65535 divided by commas, got ${shape(entry)}`)
    }
    ports.push(port)
  }
  return Either.right(ports)
}

/** Why lists cannot be matched, and the setting at fault. */
export interface HostProblem {
  readonly key: "host" | "hostaddr" | "port"
  readonly reason: string
}

/**
 * One entry per address or, without addresses, per host; one port serves all. Undefined when no host, address or port is set.
 */
export const combine = (
  lists: HostLists
): Either.Either<readonly [HostEntry, ...Array<HostEntry>] | undefined, HostProblem> => {
  const { host, hostaddr, port } = lists
  if (host === undefined && hostaddr === undefined && port === undefined) return Either.right(undefined)
  const count = (hostaddr ?? host ?? [""]).length
  if (host !== undefined && host.length !== count) {
    return Either.left({ key: "host", reason: `${host.length} hosts do not match ${count} addresses` })
  }
  if (port !== undefined && port.length !== 1 && port.length !== count) {
    return Either.left({ key: "port", reason: `${port.length} ports do not match ${count} hosts` })
  }
  const entry = (index: number): HostEntry => {
    const address = hostaddr?.[index] ?? ""
    return {
      host: host?.[index] ?? "",
      port: (port?.length === 1 ? port[0] : port?.[index]) ?? defaultPort,
      ...(address === "" ? {} : { hostaddr: address })
    }
  }
  const entries: [HostEntry, ...Array<HostEntry>] = [entry(0)]
  for (let index = 1; index < count; index++) entries.push(entry(index))
  const wrong = entries.find(({ hostaddr }) => hostaddr !== undefined && !isNumericAddress(hostaddr))
  if (wrong !== undefined) {
    const got = shape(wrong.hostaddr ?? "")
    return Either.left({
      key: "hostaddr",
      reason: `expected numeric addresses, divided by commas, got ${got}`
    })
  }
  return Either.right(entries)
}
