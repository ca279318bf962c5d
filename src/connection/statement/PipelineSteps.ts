/** What an explicit pipeline is made of, and what becomes of each step. */
import type * as Schema from "effect/Schema"
import type { PgServerError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import type * as Row from "../../types/Row.js"
import type { Inspector } from "./Preparation.js"
import type { QueryResult } from "./Query.js"
import type { QueryOptions } from "./QueryOptions.js"

/** What became of one step. */
export type StepOutcome<R = Row.Row> =
  | { readonly _tag: "Completed"; readonly result: QueryResult<R> }
  /** This step was refused; with it its part of the pipeline, unless a transaction block was open. */
  | { readonly _tag: "Failed"; readonly error: PgServerError }
  /** Not run, because step `by` (0-based) failed. */
  | { readonly _tag: "Aborted"; readonly by: number }

/** What became of a pipeline. */
export interface PipelineResult<Steps = ReadonlyArray<StepOutcome>> {
  /** One outcome for each statement, in their order. */
  readonly steps: Steps
  /** The first error: a step's, or one raised at a Sync, such as a deferred constraint. */
  readonly error: PgServerError | undefined
  /** For each Sync, the one at the end included, the error that has taken back what was sent since the Sync before. */
  readonly errors: ReadonlyArray<PgServerError | undefined>
}

/** A step whose rows go through a Schema. */
export interface PipelineStep<A, I extends object, R> {
  readonly _tag: "Step"
  readonly statement: Statement
  readonly schema: Schema.Schema<A, I, R>
}

/** A Sync or a Flush between two statements. */
export interface PipelineMark {
  readonly _tag: "Sync" | "Flush"
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any step, whatever its Schema
type AnyStep = PipelineStep<any, any, any>

/** A statement, a statement with a Schema, or what is sent between two statements. */
export type PipelineItem = Statement | AnyStep | PipelineMark

/** A statement of a pipeline with the Schema of its rows. The columns are compared with the Schema before anything runs. */
export const step = <A, I extends object, R>(
  statement: Statement,
  schema: Schema.Schema<A, I, R>
): PipelineStep<A, I, R> => ({ _tag: "Step", statement, schema })

/**
 * Ends the part of a pipeline before it: outside a transaction block the part is committed, or taken back when one of its steps has
 * failed. The steps behind run in either case.
 */
export const sync: PipelineMark = { _tag: "Sync" }

/** Has the server send the results of the steps before it at once, and not when its buffer is full or at the next Sync. For `onStep`. */
export const flush: PipelineMark = { _tag: "Flush" }

type RowOfItem<Item> = Item extends PipelineStep<infer A, infer _I, infer _R> ? A : Row.ObjectRow

/** The outcomes of a pipeline's steps: a tuple when its items are one. */
export type StepOutcomes<Items extends ReadonlyArray<unknown>> = Items extends readonly [
  infer First,
  ...infer Rest
]
  ? First extends PipelineMark
    ? StepOutcomes<Rest>
    : readonly [StepOutcome<RowOfItem<First>>, ...StepOutcomes<Rest>]
  : Items extends readonly []
    ? readonly []
    : ReadonlyArray<StepOutcome<RowOfItem<Exclude<Items[number], PipelineMark>>>>

/** What the Schemas of a pipeline require. */
export type StepsContext<Items extends ReadonlyArray<unknown>> = Items[number] extends infer Item
  ? Item extends PipelineStep<infer _A, infer _I, infer R>
    ? R
    : never
  : never

/** How a pipeline runs. */
export interface PipelineOptions extends QueryOptions {
  /**
   * Called with the outcome of each step, as the server's values, as soon as it is known, with the number of the step from 0. It runs in
   * the socket's callback: it must be short. When it throws, the pipeline fails with `PgUsageError`. With it nothing is sent once more.
   */
  readonly onStep?: (step: number, outcome: StepOutcome) => void
}

/** A step as it is asked for. */
export interface AskedStep {
  readonly statement: Statement
  readonly inspector?: Inspector | undefined
  /** What is sent behind it. */
  readonly mark?: PipelineMark["_tag"] | undefined
}

/** Takes the outcome of a step as soon as it is known. */
export type TakeStep = NonNullable<PipelineOptions["onStep"]>

/** Whether it is sent between statements. */
export const isMark = (item: PipelineItem): item is PipelineMark =>
  "_tag" in item && (item._tag === "Sync" || item._tag === "Flush")

const isStep = (item: PipelineItem): item is AnyStep => "_tag" in item && item._tag === "Step"

/** The items with each statement made anew. */
export const map = <const Items extends ReadonlyArray<PipelineItem>>(
  items: Items,
  written: (statement: Statement) => Statement
): Items =>
  items.map((item) =>
    isMark(item) ? item : isStep(item) ? step(written(item.statement), item.schema) : written(item)
  ) as unknown as Items

/** The statements of the items. */
export const statementsOf = (items: ReadonlyArray<PipelineItem>): ReadonlyArray<Statement> =>
  items.flatMap((item) => (isMark(item) ? [] : [isStep(item) ? item.statement : item]))

/** The Schema of an item. */
export const schemaOf = (item: PipelineItem): Schema.Schema<unknown, object, unknown> | undefined =>
  isStep(item) ? (item.schema as Schema.Schema<unknown, object, unknown>) : undefined
