/**
 * Sockets with the settings of a configuration.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-KEEPALIVES
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PgConfig } from "../../config/PgConfig.js"
import * as NodeTransport from "../../net/NodeTransport.js"
import type { Transport } from "../../net/Transport.js"

/** The settings that are given and cannot be kept, by their names in libpq. */
export const unsettable = (config: PgConfig): ReadonlyArray<string> => {
  const given: Readonly<Record<string, unknown>> = {
    keepalives_interval: config.keepalivesInterval,
    keepalives_count: config.keepalivesCount,
    tcp_user_timeout: config.tcpUserTimeout
  }
  return NodeTransport.unsettable.filter((name) => given[name] !== undefined)
}

/** Node's sockets; settings that have no effect are named in a warning, once. */
export const layer = (config: PgConfig): Layer.Layer<Transport> => {
  const ignored = unsettable(config)
  const warning =
    ignored.length === 0
      ? Effect.void
      : Effect.logWarning(
          `${ignored.join(", ")} cannot be set by Node and ${ignored.length === 1 ? "has" : "have"} no effect: ` +
            `Node sends a keepalive every second, ten times; ` +
            `the connector's option silenceProbe finds a peer that cannot be reached`
        )
  return Layer.provideMerge(
    NodeTransport.layerWith({
      keepAlive: config.keepalives,
      ...(config.keepalivesIdle === undefined ? {} : { keepAliveIdle: config.keepalivesIdle })
    }),
    Layer.effectDiscard(warning)
  )
}
