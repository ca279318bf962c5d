/**
 * The names of OpenTelemetry's conventions for databases, and what stands behind them here.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/postgresql/
 */
import type * as Tracer from "effect/Tracer"
import type { PgConfig } from "../../config/PgConfig.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as TracedFacts from "../../connection/session/TracedFacts.js"
import type { Attributes } from "../../connection/session/TracedFacts.js"

/** The server of a configuration with one host, and its database. What is not known before a session is open is left out. */
export const targetOf = (config: Partial<Pick<PgConfig, "database" | "hosts" | "user">>): Attributes => {
  const [entry, ...others] = config.hosts ?? []
  const namespace = config.database ?? config.user
  const host = entry?.host === "" ? entry.hostaddr : entry?.host
  return {
    "db.system.name": "postgresql",
    ...(namespace === undefined ? {} : { "db.namespace": namespace }),
    ...(entry === undefined || host === undefined || others.length > 0
      ? {}
      : { "server.address": host, "server.port": entry.port })
  }
}

/** The name of a pool that has been given none. */
export const nameOf = (target: Attributes): string => {
  const { "db.namespace": database = "", "server.address": host = "", "server.port": port = "" } = target
  return `${host}:${port}/${database}`
}

/** Spans of ours that have not been given their server yet. */
const unplaced = new WeakSet<Tracer.AnySpan>()

/** The span is one of an operation: its connection has the address of the server. */
export const awaitPlace = (span: Tracer.AnySpan): void => void unplaced.add(span)

/**
 * The operation that runs in the span has been given a connection. False: the span is not one of this client, or has its
 * server.
 */
export const locate = (span: Tracer.AnySpan, connection: Pick<PgConnection, "facts">): boolean => {
  if (!unplaced.delete(span)) return false
  TracedFacts.annotate(span, TracedFacts.placeOf(connection.facts))
  return true
}
