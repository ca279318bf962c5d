/** A throw-away server with a client over it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PgClient from "../../client/PgClient.js"
import type { PgPool } from "../../client/pool/PgPool.js"
import * as PgConfig from "../../config/PgConfig.js"
import type { PgConnector } from "../../connection/PgConnector.js"
import type { PgConfigError } from "../../model/PgError.js"
import type { EmbeddedPostgresError, EmbeddedServer, Options } from "../EmbeddedPostgres.js"
import { start } from "../EmbeddedPostgres.js"

/** What a client over a throw-away server provides. */
export type EmbeddedServices = PgClient.PgClient | PgPool | PgConnector | EmbeddedPostgres

/** The server of a test suite, a demonstration or a benchmark. */
export class EmbeddedPostgres extends Context.Tag("effect-postgres/Testing/EmbeddedPostgres")<
  EmbeddedPostgres,
  EmbeddedServer
>() {
  /** Starts a server with the layer and stops it with the layer's scope. Options and errors as for `start`. */
  static layer(options: Options = {}): Layer.Layer<EmbeddedPostgres, EmbeddedPostgresError> {
    return Layer.scoped(EmbeddedPostgres, start(options))
  }

  /** A server as `layer` starts it, and a client over its database `postgres`, with a pool. `client`: the client's options. */
  static client(
    options: Options = {},
    client: PgClient.PgClientOptions = {}
  ): Layer.Layer<EmbeddedServices, EmbeddedPostgresError | PgConfigError> {
    return Layer.provideMerge(
      Layer.unwrapEffect(
        Effect.map(
          Effect.flatMap(EmbeddedPostgres, ({ uri }) => PgConfig.fromUri(uri)),
          (config) => PgClient.layer(config, client)
        )
      ),
      EmbeddedPostgres.layer(options)
    )
  }
}
