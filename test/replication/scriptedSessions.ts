/** Sessions with servers made up by scripts, one script for each connection that is opened. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as PgConnector from "../../src/connection/PgConnector.js"
import * as Host from "../../src/host/Host.js"
import { Transport } from "../../src/net/Transport.js"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"

/** Gives the effect a connector to these servers. The scope of the scripts is closed after the client's. */
export const scripted = (
  scripts: ReadonlyArray<ScriptedServer.Script | ScriptedServer.RefusedConnection>
): Effect.Effect<Layer.Layer<PgConnector.PgConnector>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const server = yield* Scope.extend(ScriptedServer.make(scripts), scope)
    const config = Either.getOrThrow(
      PgConfig.make({ host: "db", sslMode: "disable", user: "app", database: "db" })
    )
    return PgConnector.layerWith(config).pipe(
      Layer.provide(
        Layer.merge(Layer.succeed(Transport, server.transport), Layer.succeed(Host.Host, Host.make({})))
      )
    )
  })

/** One row of texts. */
export const answer = (
  names: ReadonlyArray<string>,
  values: ReadonlyArray<ScriptedServer.Value>
): ScriptedServer.Result => ({ columns: names.map((name) => ScriptedServer.column(name)), rows: [values] })

export const systemId = "7000000000000000001"

/** What IDENTIFY_SYSTEM answers. */
export const identified = (timeline: number, end: string, system = systemId): ScriptedServer.Script => [
  ScriptedServer.simpleQuery("IDENTIFY_SYSTEM", [
    answer(["systemid", "timeline", "xlogpos", "dbname"], [system, String(timeline), end, null])
  ])
]

/** What TIMELINE_HISTORY answers. */
export const historyOf = (
  timeline: number,
  content: string | Uint8Array,
  name = `${timeline.toString(16).toUpperCase().padStart(8, "0")}.history`
): ScriptedServer.Script => [
  ScriptedServer.simpleQuery(`TIMELINE_HISTORY ${timeline}`, [
    answer(["filename", "content"], [name, content])
  ])
]
