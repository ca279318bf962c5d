/** The option `rows` of a statement: how its rows are given. */
import * as Effect from "effect/Effect"
import { PgUsageError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import type * as Row from "../../types/Row.js"
import type { RowsAs } from "./QueryOptions.js"

const modes: ReadonlySet<unknown> = new Set(["object", "array", "bytes", undefined])

/** The refusal of a value that is no mode: types do not hold at run time. */
export const refusedMode = (
  operation: string,
  { sql }: Statement,
  options: RowsAs<Row.ResultMode> | undefined
): Effect.Effect<never, PgUsageError> | undefined =>
  options === undefined || modes.has(options.rows)
    ? undefined
    : Effect.fail(
        new PgUsageError({
          operation,
          argument: "rows",
          reason: `must be "object", "array" or "bytes", got ${JSON.stringify(options.rows) ?? typeof options.rows}`,
          sql
        })
      )

/** The mode that options ask for; `M` is `object` where they do not. */
export const modeOf = <M extends Row.ResultMode>(options: RowsAs<M> | undefined): M =>
  options?.rows ?? ("object" as M)
