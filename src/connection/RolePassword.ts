/**
 * A role's password, changed as libpq does it since version 17: what the server stores of it is made here, so that the password itself
 * is in no statement and in no log.
 *
 * @see https://www.postgresql.org/docs/current/libpq-misc.html#LIBPQ-PQCHANGEPASSWORD
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Md5 from "../auth/Md5.js"
import * as SaslPrep from "../auth/SaslPrep.js"
import * as Scram from "../auth/Scram.js"
import * as Host from "../host/Host.js"
import * as Identifier from "../model/Identifier.js"
import { PgClosedError, PgServerError, PgUsageError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"

/** What runs the statements: a `PgClient` or a `PgConnection`. */
export interface PasswordExecutor<E> {
  readonly values: (statement: Statement) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, E>
}

/** How a password is hashed. */
export interface PasswordOptions {
  /** `scram-sha-256` or `md5`. Unless given, the server's `password_encryption`. */
  readonly method?: "scram-sha-256" | "md5"
  /**
   * Iterations of SCRAM, from 1 to 100,000: more make each guess, and each login, cost more. Unless given, the server's `scram_iterations`, 4,096 before PostgreSQL 16.
   */
  readonly iterations?: number
}

const usage = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "Password", argument, reason, sql: "" })

/** Bytes of salt, as many as the server makes. */
const saltSize = 16

const most = Scram.defaultIterationLimits.maxIterations

const defaultIterations = 4096

const refused = (password: string): PgUsageError | undefined => {
  if (password === "") return usage("password", "must not be empty: no login would be possible")
  return password.includes("\0") ? usage("password", "must not have a zero byte") : undefined
}

const scram = (password: string, iterations: number): Effect.Effect<string, PgUsageError> =>
  Effect.flatMap(Effect.serviceOption(Host.Host), (given) => {
    const host = Option.getOrElse(given, () => Host.make())
    return Effect.flatMap(host.randomBytes(saltSize), (salt) =>
      Effect.mapBoth(host.pbkdf2Sha256(SaslPrep.prepare(password), salt, iterations), {
        onSuccess: (salted) => Scram.verifier(salted, { salt, iterations }),
        onFailure: ({ reason }) => usage("method", reason)
      })
    )
  })

/**
 * What the server stores of the password, for ALTER ROLE and CREATE ROLE: made here, and nothing is sent. `md5` needs the name of the role. Fails with `PgUsageError` for an
 * empty password, one with a zero byte, and iterations out of their range.
 */
export const encrypt = (
  role: string,
  password: Redacted.Redacted<string>,
  options: PasswordOptions = {}
): Effect.Effect<string, PgUsageError> =>
  Effect.suspend(() => {
    const { iterations = defaultIterations, method = "scram-sha-256" } = options
    const text = Redacted.value(password)
    const wrong = refused(text)
    if (wrong !== undefined) return Effect.fail(wrong)
    if (method === "md5")
      return Either.mapLeft(Md5.stored(role, text), ({ detail }) => usage("method", detail))
    return Number.isInteger(iterations) && iterations >= 1 && iterations <= most
      ? scram(text, iterations)
      : Effect.fail(usage("iterations", `must be a whole number from 1 to ${most}, got ${iterations}`))
  })

const settings: Statement = {
  sql:
    "select pg_catalog.current_setting('password_encryption'), " +
    "coalesce(pg_catalog.current_setting('scram_iterations', true), '')",
  parameters: [],
  types: [],
  isOnce: true
}

const methodOf = (setting: string): Either.Either<"scram-sha-256" | "md5", PgUsageError> =>
  setting === "scram-sha-256" || setting === "md5"
    ? Either.right(setting)
    : Either.left(
        usage(
          "method",
          `must be given, because the server's password_encryption is ${JSON.stringify(setting)}: scram-sha-256 or md5`
        )
      )

/** The error without what the server would have stored. */
const hidden =
  (sql: string) =>
  <E>(error: E): E | PgServerError | PgClosedError => {
    if (error instanceof PgServerError) return error.with({ sql })
    return error instanceof PgClosedError ? new PgClosedError({ ...error, sql }) : error
  }

/**
 * Gives a role another password. Its hash is made here, by the server's `password_encryption` unless `method` names another, and only the hash is sent. Sessions
 * that are open stay open. Inside a transaction it takes effect with the commit.
 *
 * Fails with `PgServerError`: `42704` when there is no such role, `42501` when the user may not change it; with `PgUsageError`, before anything is changed, for an
 * empty password and options out of their range. A server that checks passwords (`passwordcheck`) sees the hash only.
 */
export const change = <E>(
  on: PasswordExecutor<E>,
  role: string,
  password: Redacted.Redacted<string>,
  options: PasswordOptions = {}
): Effect.Effect<void, E | PgUsageError | PgServerError | PgClosedError> =>
  Effect.gen(function* () {
    const quoted = Identifier.quote(role)
    if (Either.isLeft(quoted)) return yield* usage("role", `must be a name of 1 to 63 bytes: ${quoted.left}`)
    const isStated =
      options.method !== undefined && (options.method === "md5" || options.iterations !== undefined)
    const [row] = isStated ? [] : yield* on.values(settings)
    const method = options.method ?? (yield* methodOf(String(row?.[0])))
    const iterations = options.iterations ?? (Number(row?.[1] ?? 0) || defaultIterations)
    const hash = yield* encrypt(role, password, { method, iterations })
    const text = (secret: string): string => `alter role ${quoted.right} password ${secret}`
    yield* Effect.mapError(
      // Digits, letters and signs that need no quoting.
      on.values({ sql: text(`'${hash}'`), parameters: [], types: [], isOnce: true }),
      hidden(text("'…'"))
    )
  })
