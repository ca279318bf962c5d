/** Settings that are each in order and still do not go together, and texts that no packet can carry. */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type { ConfigFields } from "./Fields.js"
import { isUnixSocket, socketPathProblem } from "./Hosts.js"
import { maxProtocolVersions, tlsVersions } from "./Vocabulary.js"

/** What is wrong, and with which setting: a keyword of libpq, or a field that has none. */
export interface Problem {
  readonly key: string
  readonly reason: string
}

const encrypts: ReadonlyArray<string> = ["require", "verify-ca", "verify-full"]

/** Run-time settings that have a field of their own, or that this client must fix. */
const reserved: Readonly<Record<string, string>> = {
  user: "set user",
  database: "set database",
  replication: "set replication",
  options: "set options",
  application_name: "set applicationName",
  client_encoding: "this client speaks UTF-8 only"
}

/** 32 bytes in base64, and no bits left over in the last letter. */
const isScramKey = (text: string): boolean => /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text)

/** Of a password with an `@` that is not escaped, a URI makes a host: that is refused here, because errors of connecting print the host. */
const atSignProblem = ({ host }: { readonly host: string }): string | undefined =>
  !isUnixSocket(host) && host.includes("@")
    ? "must be a name or an address without @: in a URI the host begins behind the first @, and an @ of the user or the password is written %40"
    : undefined

/** The first problem between settings, if there is one. */
export const together = (fields: ConfigFields): Problem | undefined => {
  if (fields.sslRootCert === "system" && fields.sslMode !== "verify-full") {
    return { key: "sslmode", reason: `must be verify-full with sslrootcert=system, not ${fields.sslMode}` }
  }
  if (fields.sslNegotiation === "direct" && !encrypts.includes(fields.sslMode)) {
    return {
      key: "sslnegotiation",
      reason: `direct needs sslmode ${encrypts.join(", ")}, not ${fields.sslMode}`
    }
  }
  if (fields.sslCertMode === "require" && fields.sslMode === "disable") {
    return { key: "sslcertmode", reason: "require needs TLS, and sslmode is disable" }
  }
  const { sslMaxProtocolVersion: tlsMax, sslMinProtocolVersion: tlsMin } = fields
  if (tlsMax !== undefined && tlsVersions.indexOf(tlsMin) > tlsVersions.indexOf(tlsMax)) {
    return { key: "ssl_max_protocol_version", reason: `${tlsMax} is below the minimum, ${tlsMin}` }
  }
  const { maxProtocolVersion: max, minProtocolVersion: min } = fields
  if (
    maxProtocolVersions.indexOf(min) > maxProtocolVersions.indexOf(max) &&
    !(min === "latest" && max === "3.2")
  ) {
    return { key: "min_protocol_version", reason: `${min} is above the maximum, ${max}` }
  }
  if (fields.scramMinIterations > fields.scramMaxIterations) {
    return {
      key: "scramMinIterations",
      reason: `${fields.scramMinIterations} is above the maximum, ${fields.scramMaxIterations}`
    }
  }
  const keys = [
    ["scram_client_key", fields.scramClientKey],
    ["scram_server_key", fields.scramServerKey]
  ] as const
  for (const [key, value] of keys) {
    if (value !== undefined && !isScramKey(Redacted.value(value))) {
      return { key, reason: "is not 32 bytes in base64" }
    }
    if (value === undefined && keys.some(([, other]) => other !== undefined)) {
      return { key, reason: "is missing: scram_client_key and scram_server_key must be given together" }
    }
  }
  if (fields.gssEncMode === "require" && fields.hosts.some(({ host }) => isUnixSocket(host))) {
    return { key: "gssencmode", reason: "must not be require for a Unix socket, which has no GSS encryption" }
  }
  for (const entry of fields.hosts) {
    const reason = socketPathProblem(entry) ?? atSignProblem(entry)
    if (reason !== undefined) return { key: "host", reason }
  }
  for (const name of Object.keys(fields.parameters)) {
    const key = `parameters.${name}`
    if (name === "") return { key: "parameters", reason: "a name is empty" }
    if (name.startsWith("_pq_.")) return { key, reason: "names that begin with _pq_. belong to the protocol" }
    const lower = name.toLowerCase()
    if (Object.hasOwn(reserved, lower)) return { key, reason: `may not be set here: ${reserved[lower]}` }
  }
  return undefined
}

/** Where a NUL character hides, as the path of names to it. The startup packet ends texts with one. */
export const findNul = (value: unknown, path: string): string | undefined => {
  if (typeof value === "string") return value.includes("\0") ? path : undefined
  if (Redacted.isRedacted(value)) return findNul(Redacted.value(value), path)
  if (typeof value !== "object" || value === null || Duration.isDuration(value)) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const here = Array.isArray(value) || path === "" ? name : `${path}.${name}`
    // The name of a setting with a NUL in it is not shown as it is.
    const found = name.includes("\0")
      ? path
      : findNul(inner, Array.isArray(value) ? `${path}[${name}]` : here)
    if (found !== undefined) return found
  }
  return undefined
}
