/** Who logs in: from the configuration, or from the source given to the connector, asked anew for every attempt. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { ScramKeys } from "../../auth/Scram.js"
import * as Scram from "../../auth/Scram.js"
import * as Check from "../../config/Check.js"
import type { HostEntry } from "../../config/PgConfig.js"
import type { ResolvedPgConfig } from "../../config/Resolve.js"
import { passwordOf } from "../../config/Resolve.js"
import { PgAuthError, PgConfigError } from "../../model/PgError.js"
import type { CredentialSource, GivenCredentials } from "./ConnectOptions.js"

/** Who logs in. */
export interface Credentials {
  readonly user: string
  readonly password: Redacted.Redacted<string> | undefined
  readonly scramKeys?: Redacted.Redacted<ScramKeys> | undefined
  /** The file the password came from. */
  readonly passwordFrom?: string | undefined
}

/** The message of the caller's error on one line; a value that is not an error is not shown. */
export const reasonOf = (error: unknown): string => {
  const text =
    error instanceof Error ? error.message || error.name : typeof error === "string" ? error : "it failed"
  return text.split("\n")[0]!.slice(0, 200)
}

const isValue = (source: CredentialSource): source is GivenCredentials =>
  typeof source !== "function" && !Effect.isEffect(source)

const given = (
  source: CredentialSource,
  config: ResolvedPgConfig,
  entry: HostEntry
): Effect.Effect<GivenCredentials, unknown> => {
  const { database, user } = config
  if (isValue(source)) return Effect.succeed(source)
  return Effect.isEffect(source) ? source : source({ host: entry.host, port: entry.port, user, database })
}

const nulIn = ({ password, user }: GivenCredentials): PgConfigError | undefined => {
  const key = Check.findNul({ user, password }, "credentials")
  return key === undefined
    ? undefined
    : new PgConfigError({
        key,
        reason: "contains a NUL character, which no packet can carry",
        source: "credentials"
      })
}

/** What is wrong with credentials that are known before a socket is opened. */
export const problemOf = (source: CredentialSource | undefined): PgConfigError | undefined =>
  source !== undefined && isValue(source) ? nulIn(source) : undefined

/** The keys of the configuration, whose form was checked when it was made. */
const keysOf = ({
  scramClientKey,
  scramServerKey
}: ResolvedPgConfig): Redacted.Redacted<ScramKeys> | undefined => {
  if (scramClientKey === undefined || scramServerKey === undefined) return undefined
  const clientKey = Scram.parseKey("scram_client_key", Redacted.value(scramClientKey))
  const serverKey = Scram.parseKey("scram_server_key", Redacted.value(scramServerKey))
  return Either.isRight(clientKey) && Either.isRight(serverKey)
    ? Redacted.make({ clientKey: clientKey.right, serverKey: serverKey.right })
    : undefined
}

/**
 * The credentials for one attempt to log in. Fails with `PgAuthError` when the source does, and with `PgConfigError` when
 * what it gave cannot be sent.
 */
export const forAttempt = (
  source: CredentialSource | undefined,
  config: ResolvedPgConfig,
  entry: HostEntry
): Effect.Effect<Credentials, PgAuthError | PgConfigError> => {
  if (source === undefined) {
    return Effect.succeed({
      user: config.user,
      password: passwordOf(config, entry),
      scramKeys: keysOf(config),
      passwordFrom: config.password === undefined ? entry.passwordFrom : undefined
    })
  }
  return given(source, config, entry).pipe(
    Effect.mapError(
      (error) =>
        new PgAuthError({
          reason: "password-missing",
          method: "",
          detail: `credentials failed: ${reasonOf(error)}`,
          user: config.user,
          server: undefined
        })
    ),
    Effect.flatMap((had): Effect.Effect<Credentials, PgConfigError> => {
      const problem = nulIn(had)
      const { password, scramKeys, user = config.user } = had
      return problem === undefined ? Effect.succeed({ user, password, scramKeys }) : Effect.fail(problem)
    })
  )
}
