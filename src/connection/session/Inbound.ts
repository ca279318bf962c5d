/**
 * The receiving half of a connection: chunk → frames → state machine → the request that receives. One call per
 * socket chunk, no Effect, and nothing allocated per row.
 */
import * as Either from "effect/Either"
import { PgClosedError, PgProtocolError, PgServerError, PgUsageError } from "../../model/PgError.js"
import type { TransportFailure } from "../../model/PgError.js"
import { withheld } from "../../model/ServerFields.js"
import type { ServerFields } from "../../model/ServerFields.js"
import type { TransactionStatus } from "../../model/TransactionStatus.js"
import type { MachineStep } from "../../protocol/Machine.js"
import * as Session from "../../protocol/Session.js"
import { asynchronous } from "../../protocol/SessionMessage.js"
import * as BackendMessage from "../../wire/BackendMessage.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { bodyEnd, runBytes } from "../../wire/FrameRun.js"
import * as Cancel from "./Cancel.js"
import { breakOff } from "./ConnectionEnd.js"
import type { ConnectionState, Request } from "./ConnectionState.js"
import { threw } from "./CodecThrew.js"
import * as Outbound from "./Outbound.js"

/** Takes a chunk from the socket. */
export const receive = (core: ConnectionState, chunk: Uint8Array): void => {
  if (core.ended !== undefined) return
  core.pulse.heard++
  core.pulse.isUnanswered = false
  core.framer.push(chunk)
  drain(core)
  core.sinceAsked += chunk.length
  if (core.sinceAsked >= askEvery) rest(core)
}

/**
 * Bytes after which the code checks whether the event loop is due a turn, because sockets are read many times before anything else runs. Data in smaller pieces are not a burst.
 */
const askEvery = 1 << 16

/** Leaves the socket alone for a turn of the event loop, if it is time for one and no consumer has stopped it already. */
const rest = (core: ConnectionState): void => {
  core.sinceAsked = 0
  if (core.pulse.isBraked || core.ended !== undefined || !core.fairness.isDue()) return
  core.pulse.rest(true)
  core.fairness.afterTurn(() => core.pulse.rest(false))
}

/** Takes what the framer holds already: bytes that came behind the end of the startup phase. */
export const drain = (core: ConnectionState): void => {
  for (;;) {
    const run = core.framer.next()
    if (run === null) break
    if ("least" in run) {
      violation(core, run.tag, run.message)
      return
    }
    const { writer } = core
    const { detached, offset } = writer
    try {
      const step = core.session.node.on[run.tag]
      if (step !== undefined) take(core, step, run)
      else other(core, run)
    } catch (cause) {
      // Bytes written before the throw are not a complete answer. Bytes handed over before are.
      writer.rollback(writer.detached === detached ? offset : 0)
      failed(core, cause)
    }
    if (core.ended !== undefined) return
  }
  if (core.hasUnwanted) Cancel.reconsider(core)
  Outbound.pump(core)
}

/**
 * A handler has thrown: its request fails, the rest of its answers are discarded, and the connection goes on. Where the server waits for the client, the client sends the message that ends the request.
 */
const failed = (core: ConnectionState, cause: unknown): void => {
  const owner = core.session.owner
  if (core.ended !== undefined || owner === undefined) return
  owner.fail(threw(cause, owner))
  owner.discarding = true
  if (Session.isPaused(core.session)) Outbound.sync(core, owner)
  else owner.stop(core)
}

/** The link has ended, and the client did not end it. */
export const ended = (core: ConnectionState, failure: TransportFailure | undefined): void => {
  const missing = core.framer.missing()
  const inMessage = missing > 0 ? `, ${missing} bytes before the end of a message` : ""
  const how =
    failure === undefined ? "the server closed the connection" : `the connection failed: ${failure.message}`
  breakOff(core, new PgClosedError({ reason: how + inMessage, sent: false, server: core.lastWord, sql: "" }))
}

const violation = (core: ConnectionState, tag: number, reason: string): void =>
  breakOff(
    core,
    new PgProtocolError({ state: core.session.node.name, tag: BackendMessage.tagName(tag), reason })
  )

const take = (core: ConnectionState, step: MachineStep, run: FrameRun): void => {
  const owner = core.session.owner!
  switch (step.emit) {
    case "rows": {
      if (owner.discarding) return owner.onDropped?.(runBytes(run))
      const wrong = owner.onRows(core, run)
      return wrong === undefined ? undefined : violation(core, run.tag, wrong)
    }
    case "copyData":
      return owner.discarding ? owner.onDropped?.(runBytes(run)) : owner.onCopyData(core, run)
    case "columns":
      if (!owner.onDescription(run)) return decodeAndTell(core, step, run, owner)
      core.session = Session.advance(core.session, step)
      return
    case "bound":
      if (bodyEnd(run, 0) !== run.starts[0]!) return violation(core, run.tag, "the message must have no body")
      core.session = Session.advance(core.session, step)
      owner.isBound = true
      return
    default:
      return decodeAndTell(core, step, run, owner)
  }
}

const decodeAndTell = (core: ConnectionState, step: MachineStep, run: FrameRun, owner: Request): void => {
  const decoded = BackendMessage.decode(run.tag, run.bytes, run.starts[0]!, bodyEnd(run, 0))
  if (Either.isLeft(decoded)) return violation(core, run.tag, decoded.left.reason)
  const message = decoded.right
  if (message._tag === "ReadyForQuery") return ready(core, owner, message.status)
  core.session = Session.advance(core.session, step)
  switch (message._tag) {
    case "CommandComplete": {
      if (message.commandTag.startsWith("D")) core.statements.heard(message.commandTag)
      if (modes.has(message.commandTag) && readOnly.test(owner.running)) core.isReadOnly = true
      core.changes.completed(message.commandTag, owner.running)
      core.transaction?.completed(owner, message.commandTag)
      return owner.onComplete(core, message.commandTag)
    }
    case "RowDescription":
      return owner.onColumns(core, message.columns)
    case "NoData":
      return owner.onColumns(core, undefined)
    case "ParameterDescription":
      return owner.onParameters(core, message.parameterTypes)
    case "ParseComplete":
      return owner.onParsed(core)
    case "CloseComplete":
      return owner.onClosed(core)
    case "EmptyQueryResponse":
      return owner.onEmpty(core)
    case "PortalSuspended":
      return owner.onSuspended(core)
    case "CopyInResponse":
      return owner.onCopyIn(core, message)
    case "CopyOutResponse":
      return owner.onCopyOut(core, message)
    case "CopyBothResponse":
      return owner.onCopyBoth(core, message)
    case "CopyDone":
      return owner.onCopyDone(core)
    case "FunctionCallResponse":
      return owner.onValue(core, message.value)
  }
}

/** Tags of the commands that set the modes of a transaction. */
const modes: ReadonlySet<string> = new Set(["BEGIN", "START TRANSACTION", "SET"])

const readOnly = /\bread\s+only\b|transaction_read_only/i

const ready = (core: ConnectionState, owner: Request, status: TransactionStatus): void => {
  if (status === "I" && core.session.status !== "I") {
    core.blocksEnded++
    core.isReadOnly = false
    core.failedBecause = undefined
  }
  core.session = Session.ready(core.session, status)
  core.transaction?.ready(owner, status)
  // It has sent several Syncs, and this was not the last.
  if (core.session.owner === owner) return owner.onSynced(core)
  if (core.holder === owner) core.holder = undefined
  try {
    if (owner.onReady(core)) return Outbound.repeat(core, owner)
  } catch (cause) {
    owner.fail(threw(cause, owner))
  }
  owner.settle(core)
  if (core.repeats.length > 0) Outbound.overtaken(core)
}

/** Messages that may come at any time, and messages that may never come. */
const other = (core: ConnectionState, run: FrameRun): void => {
  switch (run.tag) {
    case asynchronous.ErrorResponse:
    case asynchronous.NoticeResponse:
    case asynchronous.ParameterStatus:
    case asynchronous.NotificationResponse:
      break
    default:
      return violation(
        core,
        run.tag,
        `${BackendMessage.kindOf(run.tag) ?? "an unknown message"} is not allowed here`
      )
  }
  const decoded = BackendMessage.decode(run.tag, run.bytes, run.starts[0]!, bodyEnd(run, 0))
  if (Either.isLeft(decoded)) return violation(core, run.tag, decoded.left.reason)
  const message = decoded.right
  switch (message._tag) {
    case "ErrorResponse":
      return errorResponse(core, message.fields)
    case "NoticeResponse":
      // A crash or an immediate shutdown is announced by a warning, then the link ends without a word.
      if (message.fields.code.startsWith("57P")) core.lastWord = message.fields
      core.session.owner?.onNotice(core, message.fields)
      return core.side.notice(message.fields)
    case "NotificationResponse":
      return core.side.notification(message)
    case "ParameterStatus": {
      const refused = core.side.parameter(message.name, message.value)
      core.changes.isChanged = true
      if (core.fitsRole?.() === false) core.roleReports.areBelieved = false
      if (refused === undefined) return
      return message.name === "client_encoding" ? recoded(core, refused) : violation(core, run.tag, refused)
    }
  }
}

/** The session's texts are in another encoding from now on: the statement that did it fails, and the connection ends. */
const recoded = (core: ConnectionState, reason: string): void => {
  const owner = core.session.owner
  if (owner !== undefined) {
    const { operation, running } = owner
    owner.fail(new PgUsageError({ operation, argument: "client_encoding", reason, sql: running, sent: true }))
  }
  breakOff(core, new PgClosedError({ reason, sent: false, server: undefined, sql: "" }))
}

const errorResponse = (core: ConnectionState, fields: ServerFields): void => {
  const owner = core.session.owner
  const fatal = fields.severity === "FATAL" || fields.severity === "PANIC"
  if (fatal) core.lastWord = core.showsValues ? fields : withheld(fields)
  if (fields.code === "25006" && core.roleQuestion?.takesWrites === true && !core.isReadOnly) {
    core.refusedWrite = true
    core.roleReports.areBelieved = false
  }
  if (owner === undefined) {
    const reason = fatal
      ? "the server ended the session"
      : "the server reported an error while no request was open"
    breakOff(core, new PgClosedError({ reason, sent: false, server: withheld(fields), sql: "" }))
    return
  }
  owner.fail(
    new PgServerError({
      ...fields,
      hint: fields.code === "25P02" ? (core.failedBecause ?? fields.hint) : fields.hint,
      sql: owner.sql,
      ...(owner.mayHaveCommitted(core) ? { mayHaveCommitted: true } : {}),
      ...(owner.place === undefined ? {} : { place: owner.place }),
      ...(core.showsValues ? { showsValues: true } : {})
    })
  )
  if (fatal) {
    breakOff(
      core,
      new PgClosedError({
        reason: "the server ended the session",
        sent: true,
        server: core.lastWord,
        sql: ""
      })
    )
    return
  }
  const lacksSync = Session.lacksSync(core.session, owner.simple)
  owner.failedIn(core.session.node)
  core.session = Session.failed(core.session) ?? core.session
  if (lacksSync) Outbound.writeSync(core)
  owner.onError(core)
}
