/** A client whose spans and metrics are kept in memory. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { PgClientOptions } from "../../../src/client/PgClient.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { configOf, s } from "../connection/sessions.js"
import * as Exporters from "../../support/exporters.js"
import { shared } from "../support/server.js"

/** Runs the program with a client and exporters in memory; what was reported while the client was opened is forgotten. */
export const watched = <A, E>(
  options: PgClientOptions,
  program: (
    pg: PgClient.PgClientService,
    exporters: ReturnType<typeof Exporters.make>
  ) => Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<A, E | PgClient.PgClientError> => {
  const exporters = Exporters.make()
  return Effect.gen(function* () {
    const context = yield* Layer.build(
      PgClient.layer(configOf({ target: shared, config: { password: "secret" } }), options)
    )
    const pg = Context.get(context, PgClient.PgClient)
    yield* pg.query(s("select 1"))
    exporters.reset()
    return yield* program(pg, exporters)
  }).pipe(Effect.scoped, Effect.provide(exporters.layer))
}
