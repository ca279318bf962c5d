/** Who logs in: from the configuration, or from the source given to the connector, asked anew for every attempt. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { Keys } from "../auth/Scram.js"
import type { HostEntry } from "../config/PgConfig.js"
import type { ResolvedPgConfig } from "../config/Resolve.js"
import { passwordOf } from "../config/Resolve.js"
import { PgAuthError } from "../model/PgError.js"
import type { CredentialSource, GivenCredentials } from "./ConnectOptions.js"

/** Who logs in. */
export interface Credentials {
  readonly user: string
  readonly password: Redacted.Redacted<string> | undefined
  readonly scramKeys?: Redacted.Redacted<Keys> | undefined
  /** The file the password came from. */
  readonly passwordFrom?: string | undefined
}

/** What an error of the caller's says, on one line; nothing of a value that is no error. */
export const reasonOf = (error: unknown): string => {
  const text =
    error instanceof Error ? error.message || error.name : typeof error === "string" ? error : "it failed"
  return text.split("\n")[0]!.slice(0, 200)
}

const given = (
  source: CredentialSource,
  config: ResolvedPgConfig,
  entry: HostEntry
): Effect.Effect<GivenCredentials, unknown> => {
  const { database, user } = config
  if (Effect.isEffect(source)) return source
  return typeof source === "function"
    ? source({ host: entry.host, port: entry.port, user, database })
    : Effect.succeed(source)
}

/** The credentials for one attempt to log in. Fails with `PgAuthError` when the source does. */
export const forAttempt = (
  source: CredentialSource | undefined,
  config: ResolvedPgConfig,
  entry: HostEntry
): Effect.Effect<Credentials, PgAuthError> => {
  if (source === undefined) {
    return Effect.succeed({
      user: config.user,
      password: passwordOf(config, entry),
      passwordFrom: config.password === undefined ? entry.passwordFrom : undefined
    })
  }
  return given(source, config, entry).pipe(
    Effect.map(({ password, scramKeys, user }) => ({ user: user ?? config.user, password, scramKeys })),
    Effect.mapError(
      (error) =>
        new PgAuthError({
          reason: "password-missing",
          method: "",
          detail: `the credentials could not be had: ${reasonOf(error)}`,
          user: config.user,
          server: undefined
        })
    )
  )
}
