/**
 * Attributes of spans for a session and for a failure, by the names of OpenTelemetry's conventions for databases.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/postgresql/
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { PgServerError } from "../../model/PgError.js"
import type { ConnectFacts } from "./ConnectFacts.js"

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** Where a session leads. */
export const placeOf = ({ address, host }: Pick<ConnectFacts, "address" | "host">): Attributes =>
  address._tag === "Unix"
    ? { "server.address": address.path, "network.transport": "unix", "network.peer.address": address.path }
    : {
        "server.address": host === "" ? address.host : host,
        "server.port": address.port,
        "network.transport": "tcp",
        "network.peer.address": address.host,
        "network.peer.port": address.port
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
