/** A client, and its connections, whose statements are written by the client's options. */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../connection/PgConnection.js"
import * as ConnectionTypes from "../connection/ConnectionTypes.js"
import type { SharedOperations } from "../connection/SharedOperations.js"
import * as PipelineSteps from "../connection/statement/PipelineSteps.js"
import * as RowOperations from "../connection/statement/RowOperations.js"
import type { PgSessionError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import type { PgClientError, PgClientService } from "./ClientService.js"
import type { RenderingOptions } from "./Rendering.js"
import * as Rendering from "./Rendering.js"

/** What client and connection have in common. */
const shared = <E>(
  base: Omit<SharedOperations<E>, "learnTypes" | "refreshTypes">,
  written: (statement: Statement) => Statement
): Omit<SharedOperations<E>, "learnTypes" | "refreshTypes"> => ({
  ...RowOperations.make<E>(
    {
      query: (statement, options) => base.query(written(statement), options),
      execute: (statement, options) => base.execute(written(statement), options),
      stream: (statement, options) => base.stream(written(statement), options)
    },
    {
      query: (statement, schema, options) => base.query(written(statement), schema, options),
      execute: (statement, schema, options) => base.execute(written(statement), schema, options),
      stream: (statement, schema, options) => base.stream(written(statement), schema, options)
    }
  ),
  values: (statement, options) => base.values(written(statement), options),
  batch: (sets, statement, options) => base.batch(sets, (set) => written(statement(set)), options),
  compare: (statement, schema, options) => base.compare(written(statement), schema, options)
})

const connectionOver = (base: PgConnection, written: (statement: Statement) => Statement): PgConnection =>
  ConnectionTypes.over<Omit<PgConnection, "types">>(() => base.types, {
    ...base,
    ...shared<PgSessionError>(base, written),
    describe: (statement, options) => base.describe(written(statement), options),
    prepare: (statement, options) => base.prepare(written(statement), options),
    pipeline: (items, options) => base.pipeline(PipelineSteps.map(items, written), options)
  })

/** The client itself, when its options leave statements as they are. */
export const make = (base: PgClientService, options: RenderingOptions): PgClientService => {
  if (Rendering.isPlain(options)) return base
  const written = (statement: Statement): Statement => Rendering.statement(statement, options)
  const { connection: _, ...others } = base
  return {
    ...others,
    ...shared<PgClientError>(base, written),
    get connection() {
      return Effect.map(base.connection, (connection) => connectionOver(connection, written))
    }
  }
}
