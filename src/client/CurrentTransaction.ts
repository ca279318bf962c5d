/**
 * The transaction of a client that a fiber is in, and how it is joined by a fiber that knows of it otherwise: for clients of other shapes over this one,
 * which carry a transaction in the context.
 */
import type * as FiberRef from "effect/FiberRef"
import type { PgClientService } from "./ClientService.js"
import type { OpenTransaction } from "./OpenTransaction.js"

export type CurrentTransaction = FiberRef.FiberRef<OpenTransaction | undefined>

/** By which a client carries it. A copy of the client's properties has it too. */
const carried: unique symbol = Symbol("effect-postgres/client/CurrentTransaction")

interface Carrier {
  readonly [carried]?: CurrentTransaction
}

/** The setting of a client that `PgClient` has made; `undefined` for another object. */
export const of = (client: PgClientService): CurrentTransaction | undefined => (client as Carrier)[carried]

/** Sets what `of` returns for the client. */
export const register = (client: PgClientService, current: CurrentTransaction): PgClientService =>
  Object.defineProperty(client, carried, { value: current, enumerable: true })
