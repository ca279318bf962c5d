/**
 * What `pgoutput`, the built-in plugin of logical replication, can be asked for, and from which version on.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logical-replication.html#PROTOCOL-LOGICAL-REPLICATION-PARAMS
 */
import * as Either from "effect/Either"
import type { PgUsageError } from "../../model/PgError.js"
import type { PluginOption, ServerVersionNumber } from "../walsender/Command.js"
import { atLeast, needs } from "../walsender/Command.js"
import * as Quoting from "../walsender/Quoting.js"

/** The version of the messages: 2 streams transactions in progress, 3 has two-phase commits, 4 parallel streaming. */
export type ProtocolVersion = 1 | 2 | 3 | 4

/** Whether large transactions are sent before they end: never, in the order of arrival, or so that they can be applied at once. */
export type Streaming = "off" | "on" | "parallel"

/**
 * The options of the plugin `pgoutput`, refused by name where the server does not know them.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logical-replication.html#PROTOCOL-LOGICAL-REPLICATION-PARAMS
 */
export interface PgOutputOptions {
  readonly publications: ReadonlyArray<string>
  /** Default: the highest that the server knows. */
  readonly protoVersion?: ProtocolVersion
  /**
   * Column values in their types' binary form. A feed that meets a type without one, or with none that queries read, goes on
   * with all values as text. Default in `logical` true.
   */
  readonly binary?: boolean
  /** Messages of `pg_logical_emit_message` too. Default false. */
  readonly messages?: boolean
  /** Default `off`. */
  readonly streaming?: Streaming
  /** Prepared transactions when they are prepared. It stays with the slot. PostgreSQL 15. Default false. */
  readonly twoPhase?: boolean
  /** `none`: only changes that come from nowhere else. PostgreSQL 16. Default `any`. */
  readonly origin?: "none" | "any"
}

/** The highest version of the messages that the server speaks. */
export const highest = (version: ServerVersionNumber): ProtocolVersion =>
  atLeast(version, 16) ? 4 : atLeast(version, 15) ? 3 : atLeast(version, 14) ? 2 : 1

const majorOf: Readonly<Record<ProtocolVersion, number>> = { 1: 10, 2: 14, 3: 15, 4: 16 }

/** What is settled once defaults are filled in. */
export interface Resolved {
  readonly protoVersion: ProtocolVersion
  readonly streaming: Streaming
  readonly options: ReadonlyArray<PluginOption>
}

/** The options as the server takes them. Left names the one that it does not know, or that contradicts another. */
export const resolve = (
  options: PgOutputOptions,
  version: ServerVersionNumber
): Either.Either<Resolved, PgUsageError> =>
  Either.gen(function* () {
    const protoVersion = options.protoVersion ?? highest(version)
    const streaming = options.streaming ?? "off"
    yield* needs(version, majorOf[protoVersion], "protoVersion")
    const least = (wanted: ProtocolVersion, key: string): Either.Either<void, PgUsageError> =>
      protoVersion >= wanted
        ? Either.void
        : Either.left(
            Quoting.refusal(key, `needs protoVersion ${wanted}, and protoVersion is ${protoVersion}`)
          )
    const list: Array<PluginOption> = [
      ["proto_version", String(protoVersion)],
      ["publication_names", yield* Quoting.nameList("publications", options.publications)]
    ]
    if (options.binary === true) {
      yield* needs(version, 14, "binary")
      list.push(["binary", "true"])
    }
    if (options.messages === true) {
      yield* needs(version, 14, "messages")
      list.push(["messages", "true"])
    }
    if (streaming !== "off") {
      yield* needs(version, streaming === "parallel" ? 16 : 14, "streaming")
      yield* least(streaming === "parallel" ? 4 : 2, "streaming")
      list.push(["streaming", streaming])
    }
    if (options.twoPhase === true) {
      yield* needs(version, 15, "twoPhase")
      yield* least(3, "twoPhase")
      list.push(["two_phase", "true"])
    }
    if (options.origin !== undefined && (options.origin === "none" || atLeast(version, 16))) {
      yield* needs(version, 16, "origin")
      list.push(["origin", options.origin])
    }
    return { protoVersion, streaming, options: list }
  })

/** The same with values as text; `undefined` when they are text already. */
export const asText = (resolved: Resolved): Resolved | undefined => {
  const options = resolved.options.filter(([key]) => key !== "binary")
  return options.length === resolved.options.length ? undefined : { ...resolved, options }
}
