/**
 * Publications that a reader asks for and that are not there. A server before 18 refuses them when it comes to the first
 * change; from 18 on it passes over them with a warning, the slot moves on, and what they should have published is lost.
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { Notice } from "../../model/Notice.js"
import type { PgSessionError, PgUsageError } from "../../model/PgError.js"
import { PgServerError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import { atLeast } from "../walsender/Command.js"
import * as Quoting from "../walsender/Quoting.js"
import * as Walsender from "../walsender/Walsender.js"

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
): Effect.Effect<void, PgSessionError | PgUsageError> =>
  Effect.gen(function* () {
    if (!atLeast(yield* connection.serverVersion, 18)) return
    const missing = yield* find(connection, publications)
    if (missing !== undefined) {
      yield* Quoting.refusal("publications", `must exist, and there is no publication ${missing}`)
    }
  })

/** What a feed does where the log has no publication of a name that it asks for. */
export type WhenMissing = "fail" | "skip"

const hint =
  "at this position of the log there is no publication of this name: it was dropped, renamed, or made later than what the slot" +
  ' still has to send. The slot has not moved. With missingPublications: "skip" the feed goes on with the publications that' +
  " there are, and without the changes that this one would have published."

/**
 * The error that a server before 18 fails with, when the notice is the warning that newer ones have instead; `undefined`
 * for any other notice. The routine's name decides: texts are in the server's language, and the code has other uses.
 */
export const passedOver = (notice: Notice, command: string): PgServerError | undefined =>
  notice.severity === "WARNING" &&
  notice.code === SqlState.objectNotInPrerequisiteState &&
  notice.routine === "LoadPublications"
    ? new PgServerError({
        ...notice,
        severity: "ERROR",
        localizedSeverity: "ERROR",
        code: SqlState.undefinedObject,
        hint,
        sql: command
      })
    : undefined
