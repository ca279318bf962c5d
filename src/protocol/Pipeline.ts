/**
 * Scripts: which answers an extended-query exchange waits for, step by step. A script that ends in Sync is one
 * implicit transaction; one that does not waits for our next move.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
import { nodes } from "./ExtendedQuery.js"
import type { Node } from "./Machine.js"

/** The states that one request of a pipeline goes through, in order. */
export type PipelineScript = ReadonlyArray<Node>

/** Parse, Describe, Flush: the first use of a statement. The next move is ours. */
export const prepare: PipelineScript = [nodes.Parsing, nodes.Describing]
/** Parse, Describe, Sync: a description without running. */
export const describe: PipelineScript = [nodes.Parsing, nodes.Describing, nodes.Syncing]
/** Bind, Execute, Sync: every later use. */
export const execute: PipelineScript = [nodes.Binding, nodes.Fetching, nodes.Syncing]
/** Parse, Describe, Bind, Execute, Sync: the first use in one burst. */
export const atOnce: PipelineScript = [...prepare, ...execute]
/** A script whose Bind is followed by a Describe of the portal: what it will give is described for this execution. */
export const confirmed = (script: PipelineScript): PipelineScript =>
  script.flatMap((node) => (node === nodes.Binding ? [node, nodes.DescribingPortal] : [node]))
/** Bind, Execute, Flush: a portal that may be fetched from again. */
export const open: PipelineScript = [nodes.Binding, nodes.Fetching]
/** The scripts of an execution by what is written beside Bind and Execute. */
export interface Scripts {
  readonly plain: PipelineScript
  /** The portal is described too. */
  readonly confirmed: PipelineScript
  /** The unnamed statement is parsed, and the portal described. */
  readonly parsed: PipelineScript
}

const scripts = (plain: PipelineScript): Scripts => {
  const described = confirmed(plain)
  return { plain, confirmed: described, parsed: [nodes.Parsing, ...described] }
}

/** Of a statement that ends in Sync. */
export const whole: Scripts = scripts(execute)
/** Of a portal that may be fetched from again. */
export const opened: Scripts = scripts(open)
/** Execute, Flush: more of an open portal. */
export const fetch: PipelineScript = [nodes.Fetching]
/** Execute, Sync: more of a portal that outlives its Sync, inside a transaction block. */
export const fetchSync: PipelineScript = [nodes.Fetching, nodes.Syncing]
/** Close, Sync. */
export const close: PipelineScript = [nodes.Closing, nodes.Syncing]
/** Sync alone. */
export const sync: PipelineScript = [nodes.Syncing]

/** Script with `count` Close answers before it: statements evicted from the cache. */
export const afterCloses = (count: number, script: PipelineScript): PipelineScript =>
  count === 0 ? script : [...new Array<Node>(count).fill(nodes.Closing), ...script]

/** One script of several, sharing the Sync at the end: an explicit pipeline. */
export const atomic = (steps: ReadonlyArray<PipelineScript>): PipelineScript => [
  ...steps.flatMap((step) => step.filter((node) => node !== nodes.Syncing)),
  nodes.Syncing
]

/** Whether Sync has been sent with the script. */
export const endsInSync = (script: PipelineScript): boolean => script[script.length - 1] === nodes.Syncing
