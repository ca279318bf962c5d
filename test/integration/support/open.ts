/** Opening sessions by connection string, as a user does, and what came of it in a word. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import type { ConnectorOptions, OpenOverrides } from "../../../src/connection/PgConnector.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Host from "../../../src/host/Host.js"
import type { PgOpenError } from "../../../src/model/PgError.js"
import * as HostList from "../../../src/net/HostList.js"
import * as NodeTransport from "../../../src/net/NodeTransport.js"
import { live } from "./server.js"

/** The real machine, but for the files in the home folder of the user of the tests. */
const machine = Layer.map(Host.layer, (context) => context)

/** Opens a session in the scope. */
export const open = (
  conninfo: string,
  options: ConnectorOptions = {},
  overrides: OpenOverrides = {}
): Effect.Effect<PgConnection, PgOpenError, Scope.Scope> =>
  Effect.flatMap(PgConfig.fromConnectionString(conninfo), (config) =>
    PgConnector.make(config, { resolve: HostList.lookup, ...options })
  ).pipe(
    Effect.flatMap((connector) => connector.open(overrides)),
    Effect.provide(NodeTransport.layer),
    Effect.provide(machine),
    live
  )

/** The failure of an opening that must not succeed. */
export const refused = (
  conninfo: string,
  options: ConnectorOptions = {}
): Effect.Effect<PgOpenError, unknown> =>
  Effect.scoped(Effect.either(open(conninfo, options))).pipe(
    Effect.flatMap((outcome) =>
      Either.isLeft(outcome) ? Effect.succeed(outcome.left) : Effect.fail("a session was opened")
    )
  )

export type Outcome = "tls" | "plain" | "fails"

/** How the bytes of a session travelled, or "fails" where none opened. */
export const outcomeOf = (conninfo: string, options: ConnectorOptions = {}): Effect.Effect<Outcome> =>
  Effect.scoped(open(conninfo, options)).pipe(
    Effect.map(({ facts }): Outcome => (facts.encryption._tag === "Tls" ? "tls" : "plain")),
    Effect.orElseSucceed((): Outcome => "fails")
  )
