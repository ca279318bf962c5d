/**
 * Publications that a reader asks for and that are not there. A server before 18 refuses them when it comes to the first
 * change; from 18 on it passes over them with a warning, the slot moves on, and what they should have told is gone.
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgConfigError, PgSessionError } from "../../model/PgError.js"
import { atLeast } from "./Command.js"
import * as Quoting from "./Quoting.js"
import * as Walsender from "./Walsender.js"

/** The names that there are. */
export const query = "select pubname::pg_catalog.text as name from pg_catalog.pg_publication"

/** The first of the publications that is not there. The names are compared here, and so no part of any SQL. */
export const find = (
  connection: PgConnection,
  publications: ReadonlyArray<string>
): Effect.Effect<string | undefined, PgSessionError> =>
  Effect.map(Walsender.rows(connection, query), (rows) => {
    const names = new Set(rows.map((row) => Walsender.textOf(row, "name")))
    return publications.find((name) => !names.has(name))
  })

/** Fails where the server would pass over a publication. What an older one refuses by itself may still be in its slot. */
export const refuse = (
  connection: PgConnection,
  publications: ReadonlyArray<string>
): Effect.Effect<void, PgSessionError | PgConfigError> =>
  Effect.gen(function* () {
    if (!atLeast(yield* connection.serverVersion, 18)) return
    const missing = yield* find(connection, publications)
    if (missing !== undefined) {
      yield* Quoting.refusal("publications", `there is no publication ${missing}`)
    }
  })
