/**
 * The names of OpenTelemetry's conventions for databases, and what stands behind them here.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/postgresql/
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { PgConfig } from "../../config/PgConfig.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgServerError } from "../../model/PgError.js"

export type Attributes = Readonly<Record<string, string | number | boolean>>

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

/** Where a session leads. */
export const placeOf = ({ address, host }: PgConnection["facts"]): Attributes =>
  address._tag === "Unix"
    ? { "server.address": address.path, "network.transport": "unix", "network.peer.address": address.path }
    : {
        "server.address": host === "" ? address.host : host,
        "server.port": address.port,
        "network.transport": "tcp",
        "network.peer.address": address.host,
        "network.peer.port": address.port
      }

/** Spans of ours that have not been given their server yet. */
const unplaced = new WeakSet<Tracer.AnySpan>()

/** The span is one of an operation: the connection that it gets says where the server is. */
export const awaitPlace = (span: Tracer.AnySpan): void => void unplaced.add(span)

/** The operation that runs in the span has been given a connection. False: the span is none of ours, or has its server. */
export const locate = (span: Tracer.AnySpan, connection: Pick<PgConnection, "facts">): boolean => {
  if (!unplaced.delete(span)) return false
  annotate(span, placeOf(connection.facts))
  return true
}

export const annotate = (span: Tracer.AnySpan, attributes: Readonly<Record<string, unknown>>): void => {
  if (span._tag === "Span") for (const [key, value] of Object.entries(attributes)) span.attribute(key, value)
}

/** What a failure is called: the SQLSTATE of the server's error, else the tag of the error. */
export const failureOf = (exit: Exit.Exit<unknown, unknown>): Attributes => {
  if (exit._tag === "Success" || Cause.isInterruptedOnly(exit.cause)) return {}
  const error: unknown = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error instanceof PgServerError)
    return { "error.type": error.code, "db.response.status_code": error.code }
  const tag: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "_tag") : undefined
  return { "error.type": typeof tag === "string" ? tag : "_OTHER" }
}
