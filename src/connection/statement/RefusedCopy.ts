/**
 * A COPY that was sent as an ordinary query: it fails with an error that names the method to call instead, and the
 * connection stays usable.
 */
import { PgProtocolError, PgUsageError } from "../../model/PgError.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import * as Session from "../../protocol/Session.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import * as Copy from "../../wire/messages/Copy.js"
import { breakOff } from "../session/ConnectionEnd.js"
import type { ConnectionState, Request } from "../session/ConnectionState.js"
import * as Outbound from "../session/Outbound.js"

const refusal = (operation: string, sql: string, call: string, sent: boolean): PgUsageError =>
  new PgUsageError({
    operation,
    argument: "",
    reason: `a COPY is not a query: use ${call}, which streams its data`,
    sql,
    sent
  })

const takesData =
  /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*copy\b(?:[^'"]|'[^']*'|"[^"]*")*?\bfrom\s+stdin\b/i

/** A step of a pipeline that would take the messages behind it for its data: the server then hangs up. */
export const refusedStep = (sql: string, operation = "pipeline"): PgUsageError | undefined =>
  takesData.test(sql) ? refusal(operation, sql, "copyFrom", false) : undefined

/**
 * The server waits for data: CopyFail ends that. A Sync sent before was swallowed as part of the copy; where none was,
 * the error makes it due. `sql`: the COPY, where the request holds other statements too.
 */
export const refuseIn = (core: ConnectionState, request: Request, sql = request.sql): void => {
  request.fail(refusal(request.operation, sql, "copyFrom", true))
  Copy.CopyFail.encode(core.writer, { _tag: "CopyFail", reason: "COPY was sent as a query" })
  if (!request.simple && Pipeline.endsInSync(core.session.script)) FixedFrames.sync(core.writer)
  const moved = Session.moved(core.session, "send CopyFail")
  if (moved === undefined) {
    breakOff(core, new PgProtocolError({ state: core.session.node.name, tag: "f", reason: "no copy to end" }))
    return
  }
  core.session = moved
  Outbound.flushSoon(core)
}

/** Both sides would send: ours is closed at once, and the server's data is thrown away until it has closed its own. */
export const refuseBoth = (core: ConnectionState, request: Request): void => {
  request.fail(refusal(request.operation, request.sql, "copyBoth", true))
  request.discarding = true
  Outbound.copyDone(core)
}

/** The server sends data: it is thrown away as it comes. `sql` as above. */
export const refuseOut = (request: Request, sql = request.sql): void => {
  request.fail(refusal(request.operation, sql, "copyTo", true))
  request.discarding = true
}
