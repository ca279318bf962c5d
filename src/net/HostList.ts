/**
 * From a list of hosts to the addresses to try, in order: every host in turn, and of a host every address its name
 * leads to.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
 */
import * as dns from "node:dns"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { HostEntry } from "../config/Fields.js"
import { isUnixSocket, socketPath } from "../config/Hosts.js"
import type { TransportFailure } from "../model/PgError.js"
import * as SystemFailure from "./SystemFailure.js"
import type { Address } from "./Transport.js"

/**
 * Gives the addresses of a host name, in the order they are to be tried; at least one, or it fails. What is known without a look-up is
 * best an `Either`, for which no timer is set.
 */
export type Resolve = (
  name: string
) =>
  | Either.Either<ReadonlyArray<string>, TransportFailure>
  | Effect.Effect<ReadonlyArray<string>, TransportFailure>

/** Leaves names to the transport: right for tunnels, proxies and memory. */
export const unresolved: Resolve = (name) => Either.right([name])

/** The system's own way of looking names up, every answer in the system's order. Interruption leaves it unheard. */
export const lookup: Resolve = (name) =>
  net.isIP(name.replace(/%.*$/, "")) !== 0
    ? Either.right([name])
    : Effect.async((resume) => {
        dns.lookup(name, { all: true, verbatim: true }, (error, found) => {
          if (error !== null) return resume(Effect.fail(SystemFailure.fromError(error)))
          resume(
            found.length === 0
              ? Effect.fail(SystemFailure.fromCode("ENOTFOUND"))
              : Effect.succeed([...new Set(found.map(({ address }) => address))])
          )
        })
      })

/** Whether a host is reached over a Unix socket, which never has TLS. */
export const isUnix = (entry: HostEntry): boolean => entry.hostaddr === undefined && isUnixSocket(entry.host)

/** The name of a host that must be looked up; `undefined` for sockets and when the address is given. */
export const nameToResolve = (entry: HostEntry): string | undefined =>
  entry.hostaddr !== undefined || isUnix(entry) ? undefined : entry.host === "" ? "localhost" : entry.host

/** Every address of one host: an `Either` when no look-up is needed. */
export const addressesOf = (
  entry: HostEntry,
  resolve: Resolve
):
  | Either.Either<ReadonlyArray<Address>, TransportFailure>
  | Effect.Effect<ReadonlyArray<Address>, TransportFailure> => {
  const { hostaddr, port } = entry
  const name = nameToResolve(entry)
  if (name !== undefined) {
    const found = resolve(name)
    const addresses = (hosts: ReadonlyArray<string>): ReadonlyArray<Address> =>
      hosts.map((host) => ({ _tag: "Tcp", host, port }))
    return Either.isEither(found) ? Either.map(found, addresses) : Effect.map(found, addresses)
  }
  if (hostaddr !== undefined) return Either.right([{ _tag: "Tcp", host: hostaddr, port }])
  const host = entry.host.replace(/(?!^)\/+$/, "")
  return Either.right([{ _tag: "Unix", path: socketPath({ host: host === "/" ? "" : host, port }) }])
}

/**
 * The values in an order that four random bytes each decide, every order equally likely but for one part in four
 * thousand million.
 */
export const shuffle = <A>(values: ReadonlyArray<A>, random: Uint8Array): ReadonlyArray<A> => {
  const shuffled = [...values]
  const view = new DataView(random.buffer, random.byteOffset, random.byteLength)
  for (let last = shuffled.length - 1; last > 0; last--) {
    const at = view.getUint32(last * 4) % (last + 1)
    const moved = shuffled[last]!
    shuffled[last] = shuffled[at]!
    shuffled[at] = moved
  }
  return shuffled
}

/** Random bytes that `shuffle` needs for this many values. */
export const shuffleBytes = (count: number): number => count * 4
