/**
 * An open session as a pure reducer over the queue of exchanges that have been sent. Answers are matched by position
 * alone: the oldest exchange receives until its ReadyForQuery.
 *
 * Invariants, held as properties: one ReadyForQuery ends exactly one exchange, or one part of an exchange that has sent several Syncs; an
 * error ends that part and no other; with nothing sent nothing is expected.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html
 */
import type { TransactionStatus } from "../model/TransactionStatus.js"
import { nodes } from "./ExtendedQuery.js"
import type { Node, MachineStep } from "./Machine.js"
import * as Pipeline from "./Pipeline.js"
import * as Queue from "./Queue.js"
import * as Recovery from "./Recovery.js"
import type { Move } from "./SessionMessage.js"

/** What was sent: the owner of the answers, and the expected answers. */
export interface Exchange<X> {
  readonly owner: X
  readonly script: Pipeline.PipelineScript
}

/**
 * The requests in flight on one connection, and the state of the one whose answers are being read. A value: `step` makes the next.
 */
export interface Session<X> {
  /** The exchange that receives, or `undefined` when nothing has been sent. */
  readonly owner: X | undefined
  readonly script: Pipeline.PipelineScript
  /** Index of the current step in `script`. */
  readonly at: number
  /** The messages that may come now. */
  readonly node: Node
  /** Exchanges that were sent after the current one. */
  readonly behind: Queue.Queue<Exchange<X>>
  /** As in the last ReadyForQuery. */
  readonly status: TransactionStatus
}

const nothing: Pipeline.PipelineScript = []

/** Nothing has been sent: no answer is expected. */
const idle: Node = { name: "Session.Idle", on: [], moves: {} }

/** The script is used up and no Sync was sent: the client must send next. */
const paused: Node = { name: "ExtendedQuery.Paused", on: [], moves: {} }

/** A session after its first ReadyForQuery. */
export const make = <X>(status: TransactionStatus = "I"): Session<X> => ({
  owner: undefined,
  script: nothing,
  at: 0,
  node: idle,
  behind: Queue.empty(),
  status
})

/** Exchanges sent and not yet ended. */
export const inFlight = <X>(self: Session<X>): number => (self.owner === undefined ? 0 : 1 + self.behind.size)

/** Whether the receiving exchange waits for a message of the client. */
export const isPaused = <X>(self: Session<X>): boolean => self.node === paused

/** Whether nothing has been sent that is not answered. */
export const isIdle = <X>(self: Session<X>): boolean => self.owner === undefined

/** An exchange has been sent. */
export const sent = <X>(self: Session<X>, owner: X, script: Pipeline.PipelineScript): Session<X> =>
  self.owner === undefined
    ? { owner, script, at: 0, node: script[0] ?? paused, behind: self.behind, status: self.status }
    : { ...self, behind: Queue.add(self.behind, { owner, script }) }

/** More has been sent for the receiving exchange, which had used up its script. */
export const extended = <X>(self: Session<X>, script: Pipeline.PipelineScript): Session<X> =>
  self.node === paused ? { ...self, script, at: 0, node: script[0] ?? paused } : self

/** More has been sent for the receiving exchange, whose script may not be used up yet. */
export const appended = <X>(self: Session<X>, script: Pipeline.PipelineScript): Session<X> =>
  self.node === paused
    ? extended(self, script)
    : { ...self, script: [...self.script.slice(self.at), ...script], at: 0 }

/** The arrow for a message by its tag; `undefined`: the message is not allowed here. */
export const expects = <X>(self: Session<X>, tag: number): MachineStep | undefined => self.node.on[tag]

/** After a message other than ReadyForQuery has been taken. */
export const advance = <X>(self: Session<X>, step: MachineStep): Session<X> => {
  const target = step.target
  if (target === self.node) return self
  const { behind, owner, script, status } = self
  const at = target === undefined ? self.at + 1 : self.at
  return { owner, script, at, node: target ?? script[at] ?? paused, behind, status }
}

/** After a message of the client inside a copy; `undefined`: the message is not allowed here. */
export const moved = <X>(self: Session<X>, move: Move): Session<X> | undefined => {
  const step = self.node.moves[move]
  return step === undefined ? undefined : advance(self, step)
}

/** After ReadyForQuery: the receiving exchange is over, the next one receives. One that has sent several Syncs is over behind the last. */
export const ready = <X>(self: Session<X>, status: TransactionStatus): Session<X> => {
  const { at, behind, owner, script } = self
  if (at + 1 < script.length) return { owner, script, at: at + 1, node: script[at + 1]!, behind, status }
  const next = self.behind.size === 0 ? undefined : Queue.peek(self.behind)
  return next === undefined
    ? { owner: undefined, script: nothing, at: 0, node: idle, behind: self.behind, status }
    : {
        owner: next.owner,
        script: next.script,
        at: 0,
        node: next.script[0] ?? paused,
        behind: Queue.drop(self.behind),
        status
      }
}

/**
 * After an ErrorResponse of severity ERROR: only ReadyForQuery may follow, which answers the next Sync of the script. Without one the script
 * counts as ended in Sync from here on, because the owner sends the missing one (`lacksSync`, asked before). `undefined`: no exchange
 * was receiving.
 */
export const failed = <X>(self: Session<X>): Session<X> | undefined => {
  if (self.owner === undefined) return undefined
  const node = Recovery.nodes.Skipping
  const at = self.script.indexOf(nodes.Syncing, self.at)
  return at < 0 ? { ...self, script: Pipeline.sync, at: 0, node } : { ...self, at, node }
}

/**
 * Whether a failed or paused extended exchange still lacks the Sync that ends it. `Query` and `FunctionCall` need
 * none: their single step ends in ReadyForQuery by itself.
 */
export const lacksSync = <X>(self: Session<X>, simple: boolean): boolean =>
  !simple && self.owner !== undefined && !Pipeline.endsInSync(self.script)

/** All exchanges that wait, the receiving one first. */
export const owners = <X>(self: Session<X>): Array<X> =>
  self.owner === undefined ? [] : [self.owner, ...Queue.toArray(self.behind).map(({ owner }) => owner)]
