/** Opening sessions on scripted servers: what came of it, and whether the client kept to the script. */
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as Connect from "../../src/connection/opening/Connect.js"
import type { ConnectOptions } from "../../src/connection/opening/ConnectOptions.js"
import type { ConnectionState } from "../../src/connection/session/ConnectionState.js"
import * as Host from "../../src/host/Host.js"
import type { PgConfigError, PgOpenError } from "../../src/model/PgError.js"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import type { Server } from "../../src/testing/ScriptedServer.js"
import { Transport } from "../../src/net/Transport.js"
import { sessionSettings } from "./core.js"

export type Scripts = ReadonlyArray<ScriptedServer.Script | ScriptedServer.RefusedConnection>

export interface Opened {
  readonly outcome: Either.Either<ConnectionState, PgOpenError>
  readonly server: Server
}

/** Opens a session by a connection string; by default over TCP, in the clear, as user `app`. */
export const opening = (
  scripts: Scripts,
  conninfo: string,
  options: ConnectOptions = {},
  host: Partial<Host.HostService> = {}
): Effect.Effect<Opened, PgConfigError, Scope.Scope> =>
  Effect.gen(function* () {
    // A scope of its own, closed after the client's: the server may be waiting for its goodbye.
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const server = yield* Scope.extend(ScriptedServer.make(scripts), scope)
    const config = yield* PgConfig.fromConnectionString(`host=db sslmode=disable user=app ${conninfo}`)
    const outcome = yield* Effect.either(Connect.connect(config, sessionSettings(), options)).pipe(
      Effect.provideService(Transport, server.transport),
      Effect.provideService(Host.Host, Host.make(host))
    )
    return { outcome, server }
  })

/** The error of an opening that must fail; the client must have kept to the scripts. */
export const failing = (
  scripts: Scripts,
  conninfo: string,
  options: ConnectOptions = {}
): Effect.Effect<PgOpenError, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { outcome, server } = yield* opening(scripts, conninfo, options)
      yield* server.done
      return yield* Effect.flip(outcome)
    })
  )

/** The session of an opening that must succeed. */
export const succeeding = (
  scripts: Scripts,
  conninfo: string,
  options: ConnectOptions = {}
): Effect.Effect<ConnectionState, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { outcome, server } = yield* opening(scripts, conninfo, options)
    const core = yield* outcome
    yield* server.done
    return core
  })
