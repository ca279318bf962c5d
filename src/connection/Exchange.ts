/**
 * The one bridge between requests, which live in socket callbacks, and Effects: one asynchronous boundary per
 * request, and the rule of what interruption does.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { PgSessionError } from "../model/PgError.js"
import * as Cancel from "./Cancel.js"
import type { Core } from "./Core.js"
import * as Outbound from "./Outbound.js"
import type { Outcome } from "./Query.js"
import type { Request } from "./Request.js"

/**
 * Submits the request that `make` builds and waits for its outcome.
 *
 * Interruption: a request not yet written is withdrawn. One that is alone on the wire is cancelled on the server,
 * and the interrupted fiber goes on when the connection is clean again (or closed). With statements of other fibers
 * on the wire the fiber is released at once, the rows are discarded as they come, and the server is not told.
 */
export const run = <A>(
  core: Core,
  make: (outcome: Outcome<A>) => Request
): Effect.Effect<A, PgSessionError> =>
  Effect.async<A, PgSessionError>((resume) => {
    const request = make((failure, value) =>
      resume(failure === undefined ? Exit.succeed(value) : Exit.fail(failure))
    )
    Outbound.submit(core, request)
    return Cancel.abandon(core, request)
  })
