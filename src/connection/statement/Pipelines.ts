/** Explicit pipelines as users ask for them: with Schemas, Syncs and Flushes among the statements. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { PgSessionError, PgUsageError } from "../../model/PgError.js"
import type { ConnectionState, Outcome, Request } from "../session/ConnectionState.js"
import { PipelineRequest } from "./ExplicitPipeline.js"
import type {
  AskedStep,
  PipelineItem,
  PipelineOptions,
  PipelineResult,
  StepOutcome,
  StepOutcomes,
  StepsContext
} from "./PipelineSteps.js"
import { isMark, schemaOf, statementsOf } from "./PipelineSteps.js"
import type { Inspection } from "./SchemaRows.js"
import * as SchemaRows from "./SchemaRows.js"

type Reader = Inspection<unknown, unknown>

interface Asked {
  readonly steps: ReadonlyArray<AskedStep & { readonly inspector: Reader | undefined }>
  readonly refused: PgUsageError | undefined
}

/** The steps with their Schemas and with what is sent behind each. A Sync counts before a Flush at the same place. */
const asked = (
  core: ConnectionState,
  items: ReadonlyArray<PipelineItem>,
  options: PipelineOptions | undefined
): Asked => {
  const steps: Array<Asked["steps"][number]> = []
  for (const item of items) {
    if (isMark(item)) {
      const last = steps.at(-1)
      if (last !== undefined && last.mark !== "Sync") steps[steps.length - 1] = { ...last, mark: item._tag }
      continue
    }
    const [statement] = statementsOf([item])
    const schema = schemaOf(item)
    const inspector =
      schema === undefined
        ? undefined
        : SchemaRows.inspect(
            core,
            schema,
            "pipeline",
            statement!.sql,
            options?.timeout ?? core.statementTimeout
          )
    if (inspector !== undefined && Either.isLeft(inspector)) return { steps, refused: inspector.left }
    steps.push({ statement: statement!, inspector: inspector?.right })
  }
  return { steps, refused: undefined }
}

const read = (
  { result }: Extract<StepOutcome, { readonly _tag: "Completed" }>,
  inspector: Reader
): Effect.Effect<StepOutcome<unknown>, PgSessionError, unknown> =>
  Effect.map(inspector.decode(result.rows, 1), (rows) => ({
    _tag: "Completed",
    result: { ...result, rows }
  }))

/** Runs the items in one burst. `run`: submits a request and waits for its outcome. */
export const run = <const Items extends ReadonlyArray<PipelineItem>>(
  core: ConnectionState,
  items: Items,
  options: PipelineOptions | undefined,
  run: (make: (outcome: Outcome<PipelineResult>) => Request) => Effect.Effect<PipelineResult, PgSessionError>
): Effect.Effect<PipelineResult<StepOutcomes<Items>>, PgSessionError, StepsContext<Items>> => {
  const outcome: Effect.Effect<
    PipelineResult<ReadonlyArray<StepOutcome<unknown>>>,
    PgSessionError,
    unknown
  > = Effect.suspend(() => {
    const { refused, steps } = asked(core, items, options)
    if (refused !== undefined) return Effect.fail(refused)
    return Effect.matchEffect(
      run((outcome) => new PipelineRequest(steps, "object", outcome, options?.onStep)),
      {
        onFailure: (error) =>
          steps.reduce<Effect.Effect<never, PgSessionError>>(
            (failed, { inspector }) =>
              inspector === undefined ? failed : Effect.catchAll(failed, (known) => inspector.explain(known)),
            Effect.fail(error)
          ),
        onSuccess: (result) =>
          Effect.map(
            Effect.forEach(
              result.steps,
              (step, at): Effect.Effect<StepOutcome<unknown>, PgSessionError, unknown> => {
                const inspector = steps[at]?.inspector
                return step._tag === "Completed" && inspector !== undefined
                  ? read(step, inspector)
                  : Effect.succeed(step)
              }
            ),
            (read) => ({ ...result, steps: read })
          )
      }
    )
  })
  // The overloads give the types of the outcomes.
  return outcome as unknown as Effect.Effect<
    PipelineResult<StepOutcomes<Items>>,
    PgSessionError,
    StepsContext<Items>
  >
}
