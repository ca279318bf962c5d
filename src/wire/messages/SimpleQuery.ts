/**
 * A string of SQL, run at once.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SIMPLE-QUERY
 */
import * as Field from "../Field.js"
import * as Message from "../Message.js"

/** Frontend, byte `Q`. Any number of statements. */
export interface Query {
  readonly _tag: "Query"
  readonly sql: string
}
export const Query = Message.frontend<Query>("Query", "Q", { sql: Field.cstring })

/** Backend, byte `I`: in place of CommandComplete when there was nothing to run. */
export interface EmptyQueryResponse {
  readonly _tag: "EmptyQueryResponse"
}
export const EmptyQueryResponse = Message.empty<EmptyQueryResponse>({ _tag: "EmptyQueryResponse" }, "I")
