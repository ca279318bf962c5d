/**
 * A database that is prepared once and copied for each test. Tests do not see each other's rows. A copy takes the server a
 * few dozen milliseconds.
 *
 * @see https://www.postgresql.org/docs/current/manage-ag-templatedbs.html
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as PgClient from "../../client/PgClient.js"
import { PgConnector } from "../../connection/PgConnector.js"
import type { PgOpenError, PgSessionError } from "../../model/PgError.js"

/** The errors of making a copy. */
export type TemplateError = PgOpenError | PgSessionError

let copies = 0

const template = "effect_postgres_template"

const simple = (sql: string): Effect.Effect<void, TemplateError, PgConnector> =>
  Effect.flatMap(PgConnector, ({ open }) =>
    Effect.scoped(Effect.flatMap(open(), (connection) => Effect.asVoid(connection.simple(sql))))
  )

/** A client over a database. The scope closes its sessions. */
const over = (
  database: string,
  options: PgClient.PgClientOptions = {}
): Effect.Effect<PgClient.PgClientService, never, PgConnector | Scope.Scope> =>
  PgClient.make({ ...options, session: { ...options.session, database } })

/** Copies of a prepared database. */
export class DatabaseTemplate extends Context.Tag("effect-postgres/Testing/DatabaseTemplate")<
  DatabaseTemplate,
  {
    /** A client over its own copy, which is dropped when the scope closes. */
    readonly copy: (
      options?: PgClient.PgClientOptions
    ) => Effect.Effect<PgClient.PgClientService, TemplateError, Scope.Scope>
  }
>() {
  /**
   * Makes a database on the connector's server and runs `prepare` with a client over it, once: migrations, and rows that
   * every test needs. The database is dropped with the layer's scope. The role of the connector needs CREATEDB.
   */
  static layer<E, R>(
    prepare: Effect.Effect<unknown, E, R>
  ): Layer.Layer<DatabaseTemplate, E | TemplateError, PgConnector | Exclude<R, PgClient.PgClient>> {
    return Layer.scoped(
      DatabaseTemplate,
      Effect.gen(function* () {
        const connector = yield* PgConnector
        const source = `${template}_${++copies}`
        yield* Effect.acquireRelease(simple(`create database ${source}`), () =>
          Effect.ignoreLogged(
            Effect.provideService(
              simple(`drop database if exists ${source} with (force)`),
              PgConnector,
              connector
            )
          )
        )
        // The scope ends before the first copy is made: the server copies no database that has sessions.
        yield* Effect.scoped(
          Effect.flatMap(over(source), (client) => Effect.provideService(prepare, PgClient.PgClient, client))
        )
        // Copies one after the other: each locks the template.
        const turn = yield* Effect.makeSemaphore(1)
        return {
          copy: (options) =>
            Effect.gen(function* () {
              const name = `${source}_copy_${++copies}`
              yield* Effect.acquireRelease(
                turn.withPermits(1)(simple(`create database ${name} template ${source}`)),
                () => Effect.ignoreLogged(simple(`drop database ${name} with (force)`))
              )
              return yield* over(name, options)
            }).pipe(Effect.provideService(PgConnector, connector))
        }
      })
    )
  }

  /** `PgClient` over a copy of its own for each time that the layer is built. */
  static client(
    options?: PgClient.PgClientOptions
  ): Layer.Layer<PgClient.PgClient, TemplateError, DatabaseTemplate> {
    return Layer.scoped(
      PgClient.PgClient,
      Effect.flatMap(DatabaseTemplate, ({ copy }) => copy(options))
    )
  }
}
