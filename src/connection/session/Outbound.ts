/**
 * The sending half of a connection: requests become messages, messages become one write per tick. Reading goes on
 * whatever happens here.
 */
import * as Pipeline from "../../protocol/Pipeline.js"
import * as Session from "../../protocol/Session.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import { threw } from "./CodecThrew.js"
import { closedError } from "./ConnectionEnd.js"
import type { ConnectionState, Request } from "./ConnectionState.js"
import * as TransactionBlock from "./TransactionBlock.js"

/** A batch that has grown beyond this many bytes leaves before the tick ends. */
const batchBytes = 1 << 16

/** Takes a request. It is written at once if the pipeline has room, else when its turn comes. */
export const submit = (core: ConnectionState, request: Request): void => {
  if (core.ended !== undefined) {
    request.fail(closedError(core, false, request.sql, true))
    request.settle(core)
    return
  }
  request.block = core.transaction
  core.pending.push(request)
  pump(core)
}

/** The same at the end of this step, for those who are called while answers are taken in. */
export const submitSoon = (core: ConnectionState, request: Request): void => {
  if (core.ended !== undefined) return submit(core, request)
  core.pending.push(request)
  queueMicrotask(() => pump(core))
}

/** Puts a request back before all that wait: it is to be sent once more. */
export const resubmit = (core: ConnectionState, request: Request): void => {
  request.state = "queued"
  if (core.pendingFrom > 0) core.pending[--core.pendingFrom] = request
  else core.pending.unshift(request)
}

/**
 * Takes a request that was refused before it ran and is to be sent once more. What was written behind it is answered
 * first: when that has run, the order of issue cannot be kept any more, and the request fails (`overtaken`).
 */
export const repeat = (core: ConnectionState, request: Request): void => {
  request.state = "queued"
  core.repeats.push(request)
  returned(core)
}

/** A request that was written after the requests to be repeated has run. */
export const overtaken = (core: ConnectionState): void => {
  const late = core.repeats
  core.repeats = []
  for (const request of late) {
    if (request.state !== "queued") continue
    if (request.hasRun) {
      resubmit(core, request)
      if (request.before?.state === "queued") resubmit(core, request.before)
      continue
    }
    request.fail(request.refusedBy ?? closedError(core, false, request.sql))
    request.settle(core)
  }
}

/** Puts the requests to be repeated before all waiting ones, once nothing is on the wire. */
const returned = (core: ConnectionState): void => {
  if (!Session.isIdle(core.session)) return
  const again = core.repeats
  core.repeats = []
  for (let at = again.length - 1; at >= 0; at--) {
    const request = again[at]!
    if (request.state !== "queued") continue
    resubmit(core, request)
    if (request.before?.state === "queued") resubmit(core, request.before)
  }
}

/** Writes the requests that may be written now. */
export const pump = (core: ConnectionState): void => {
  while (
    core.pendingFrom < core.pending.length &&
    core.holder === undefined &&
    core.repeats.length === 0 &&
    core.cancels === 0 &&
    !core.blocked &&
    core.ended === undefined
  ) {
    const request = core.pending[core.pendingFrom]!
    const isBusy = core.session.owner !== undefined
    const isFull = isBusy && (request.exclusive || Session.inFlight(core.session) >= core.pipelineDepth)
    if (isFull && request.state === "queued") break
    core.pendingFrom++
    if (core.pendingFrom === core.pending.length) {
      // A written request would otherwise stay here with its whole result.
      core.pending.length = 0
      core.pendingFrom = 0
    } else if (core.pendingFrom > 64 && core.pendingFrom * 2 > core.pending.length) {
      core.pending = core.pending.slice(core.pendingFrom)
      core.pendingFrom = 0
    }
    if (request.state === "queued") begin(core, request)
  }
  flushSoon(core)
}

const begin = (core: ConnectionState, request: Request): void => {
  const current = core.transaction
  if (current !== undefined || request.block !== undefined) {
    const refused =
      current?.own === request ? undefined : TransactionBlock.refusal(request.block, current, request.sql)
    if (refused !== undefined) {
      request.fail(refused)
      return request.settle(core)
    }
  }
  const mark = core.writer.offset
  const { stale } = core.statements
  let script: Pipeline.PipelineScript | undefined
  try {
    script = request.open(core)
  } catch (cause) {
    // A request that throws fails alone. Statements that it had to close are closed by the next one.
    core.statements.stale = stale
    request.fail(threw(cause, request))
  }
  if (script === undefined) {
    core.writer.rollback(mark)
    request.settle(core)
    return
  }
  request.state = "sent"
  request.wasSent = true
  if (core.onFirstRequest !== undefined) first(core)
  core.session = Session.sent(core.session, request, script)
  const goesOn = request.exclusive || request.before?.state === "queued"
  if (goesOn || !(request.simple || Pipeline.endsInSync(script))) core.holder = request
  if (core.writer.offset > batchBytes) flush(core)
}

const first = (core: ConnectionState): void => {
  const begun = core.onFirstRequest
  core.onFirstRequest = undefined
  begun?.()
}

/**
 * Continues the receiving request, whose script was used up: `script`: the answers expected for the messages just written.
 * When it ends in Sync, others may write again.
 */
export const proceed = (core: ConnectionState, request: Request, script: Pipeline.PipelineScript): void => {
  core.session = Session.extended(core.session, script)
  const goesOn = request.exclusive || request.before?.state === "queued"
  if (Pipeline.endsInSync(script) && !goesOn && core.holder === request) core.holder = undefined
  flushSoon(core)
}

/** Closes the receiving request's unfinished series with a Sync. */
export const sync = (core: ConnectionState, request: Request): void => {
  FixedFrames.sync(core.writer)
  proceed(core, request, Pipeline.sync)
}

/** Sends the Sync that an error has made due; the session expects its answer already. */
export const writeSync = (core: ConnectionState): void => {
  FixedFrames.sync(core.writer)
  flushSoon(core)
}

/** Whether the server takes data of the request's copy. */
export const takesData = (core: ConnectionState, request: Request): boolean =>
  request.failure === undefined &&
  core.session.owner === request &&
  core.session.node.moves["send CopyDone"] !== undefined

/** Closes our side of the receiving request's copy; false when no copy is open. */
export const copyDone = (core: ConnectionState): boolean => {
  const moved = Session.moved(core.session, "send CopyDone")
  if (moved === undefined) return false
  FixedFrames.copyDone(core.writer)
  core.session = moved
  flush(core)
  return true
}

/** Sends the written bytes at the end of this tick, in one write with all that are written until then. */
export const flushSoon = (core: ConnectionState): void => {
  if (core.flushScheduled || core.writer.offset === 0) return
  core.flushScheduled = true
  queueMicrotask(() => {
    core.flushScheduled = false
    flush(core)
  })
}

/** Sends the written bytes now. */
export const flush = (core: ConnectionState): void => {
  if (core.writer.offset === 0 || core.ended !== undefined) return
  core.pulse.isUnanswered = true
  if (!core.link.write(core.writer.detach())) core.blocked = true
}

/** Sends pieces that are not copied, in one write; the link is blocked until they have left. Only for a link that has `writeParts`. */
export const handOn = (core: ConnectionState, parts: ReadonlyArray<Uint8Array>): void => {
  if (core.ended !== undefined) return
  core.pulse.isUnanswered = true
  if (core.link.writeParts?.(parts) === false) core.blocked = true
}

/** The socket accepts bytes again. */
export const drained = (core: ConnectionState): void => {
  core.pulse.heard++
  core.blocked = false
  core.drainWaiters.changed()
  pump(core)
}
