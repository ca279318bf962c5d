/** How a copy comes by its connection: it is one's own, or the pool's for as long as the copy runs. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../connection/PgConnection.js"
import type { PgClientError } from "./PgClient.js"
import { PgClient } from "./PgClient.js"

export interface Ways<Err, Env> {
  readonly effect: <A, E, R>(
    use: (connection: PgConnection) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, Err | E, Env | R>
  readonly sink: <A, In, E, R>(
    use: (connection: PgConnection) => Sink.Sink<A, In, never, E, R>
  ) => Sink.Sink<A, In, never, Err | E, Env | R>
  readonly stream: <A, E, R>(
    use: (connection: PgConnection) => Stream.Stream<A, E, R>
  ) => Stream.Stream<A, Err | E, Env | R>
}

/** A connection of one's own. */
export const owned = (connection: PgConnection): Ways<never, never> => ({
  effect: (use) => use(connection),
  sink: (use) => use(connection),
  stream: (use) => use(connection)
})

const session = Effect.flatMap(PgClient, ({ connection }) => connection)

/** A connection of the pool, inside a transaction the transaction's. */
export const pooled: Ways<PgClientError, PgClient> = {
  effect: (use) => Effect.scoped(Effect.flatMap(session, use)),
  sink: <A, In, E, R>(use: (connection: PgConnection) => Sink.Sink<A, In, never, E, R>) =>
    Sink.unwrapScoped(
      Effect.map(
        session,
        (connection): Sink.Sink<A, In, never, PgClientError | E, PgClient | Scope.Scope | R> =>
          use(connection)
      )
    ),
  stream: (use) => Stream.unwrapScoped(Effect.map(session, use))
}
