/** Settings given in code: the fields of a configuration in forms that are convenient to write. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { PgConfigError } from "../model/PgError.js"
import type { ConfigFields, HostEntry } from "./Fields.js"
import { accepts, isFieldName } from "./Fields.js"
import type { Draft } from "./Settings.js"
import * as Value from "./ValueParser.js"
import { defaultPort } from "./Vocabulary.js"

/** A secret, wrapped or plain; plain ones are wrapped at once. */
export type SecretInput = string | Redacted.Redacted<string>

type TimeName =
  "connectTimeout" | "statementTimeout" | "keepalivesIdle" | "keepalivesInterval" | "tcpUserTimeout"
type SecretName =
  "password" | "scramClientKey" | "scramServerKey" | "sslKey" | "sslPassword" | "oauthClientSecret"
type Plain = Omit<ConfigFields, TimeName | SecretName | "hosts" | "requireAuth" | "pending" | "warnings">

/** One place to try. */
export interface HostInput {
  readonly host?: string | undefined
  readonly hostaddr?: string | undefined
  /** Unless set, 5432. */
  readonly port?: number | undefined
  /** For this host alone. */
  readonly password?: SecretInput | undefined
}

/** Settings given in code. All are optional; a number as a duration means milliseconds. */
export type PgConfigInput = { readonly [K in keyof Plain]?: Plain[K] | undefined } & {
  readonly [K in TimeName]?: Duration.DurationInput | undefined
} & { readonly [K in SecretName]?: SecretInput | undefined } & {
  /** A name, an address or the folder of a Unix socket; several divided by commas or as a list. */
  readonly host?: string | ReadonlyArray<string> | undefined
  readonly hostaddr?: string | ReadonlyArray<string> | undefined
  /** One for all hosts, or one for each. */
  readonly port?: number | ReadonlyArray<number> | undefined
  /** In place of `host`, `hostaddr` and `port`. */
  readonly hosts?: ReadonlyArray<HostInput> | undefined
  /** Methods as in libpq, such as `scram-sha-256,oauth` or `!md5`, or as a value. */
  readonly requireAuth?: string | ConfigFields["requireAuth"]
}

const timeNames = [
  "connectTimeout",
  "statementTimeout",
  "keepalivesIdle",
  "keepalivesInterval",
  "tcpUserTimeout"
] as const satisfies ReadonlyArray<TimeName>

const lists: ReadonlyArray<string> = ["host", "hostaddr", "port"]
const internal: ReadonlyArray<string> = ["pending", "warnings"]
const isKnown = (key: string): boolean => lists.includes(key) || (isFieldName(key) && !internal.includes(key))

const refuse = (key: string, reason: string) =>
  Either.left(new PgConfigError({ key, reason, source: "code" }))

const wrap = (secret: SecretInput | undefined): Redacted.Redacted<string> | undefined =>
  typeof secret !== "string" ? secret : secret === "" ? undefined : Redacted.make(secret)

const list = (value: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> | undefined =>
  typeof value === "string" ? (value === "" ? undefined : value.split(",")) : value

const entry = (input: HostInput): HostEntry => ({
  host: input.host ?? "",
  port: input.port ?? defaultPort,
  ...(input.hostaddr === undefined || input.hostaddr === "" ? {} : { hostaddr: input.hostaddr }),
  ...(input.password === undefined ? {} : { password: wrap(input.password) })
})

/** Brings the input into the form of fields; what they may hold is checked later. Fails with `PgConfigError`. */
export const read = (input: PgConfigInput): Either.Either<Draft, PgConfigError> => {
  const unknown = Object.keys(input).find((key) => !isKnown(key))
  if (unknown !== undefined) return refuse(unknown, "there is no such setting")
  const {
    connectTimeout: _connect,
    host,
    hostaddr,
    hosts,
    keepalivesIdle: _idle,
    keepalivesInterval: _interval,
    oauthClientSecret,
    password,
    port,
    requireAuth,
    scramClientKey,
    scramServerKey,
    sslKey,
    sslPassword,
    statementTimeout: _statement,
    tcpUserTimeout: _user,
    ...plain
  } = input
  if (hosts !== undefined && (host !== undefined || hostaddr !== undefined || port !== undefined)) {
    return refuse("hosts", "stands in place of host, hostaddr and port; give one or the other")
  }
  const times: { [K in TimeName]?: Duration.Duration } = {}
  for (const name of timeNames) {
    const value = input[name]
    if (value === undefined) continue
    const duration = Duration.decodeUnknown(value)
    if (Option.isNone(duration)) {
      return refuse(
        name,
        `expected a duration, such as 10 seconds, got ${Value.shapeOf(value, "a duration")}`
      )
    }
    times[name] = duration.value
  }
  const auth =
    typeof requireAuth === "string" ? Value.requireAuth.parse(requireAuth) : Either.right(requireAuth)
  if (Either.isLeft(auth)) return refuse("requireAuth", auth.left)
  if (hosts !== undefined && hosts.length === 0) return refuse("hosts", `expected ${accepts("hosts")}`)
  const [first, ...rest] = hosts ?? []
  return Either.right({
    ...plain,
    ...times,
    host: list(host),
    hostaddr: list(hostaddr),
    port: typeof port === "number" ? [port] : port,
    hosts: first === undefined ? undefined : [entry(first), ...rest.map(entry)],
    password: wrap(password),
    scramClientKey: wrap(scramClientKey),
    scramServerKey: wrap(scramServerKey),
    sslKey: wrap(sslKey),
    sslPassword: wrap(sslPassword),
    oauthClientSecret: wrap(oauthClientSecret),
    requireAuth: auth.right
  })
}
