/**
 * Messages of the server about the session itself, mostly unasked.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC
 */
import * as Either from "effect/Either"
import type { Notification } from "../../model/Notification.js"
import type { TransactionStatus } from "../../model/TransactionStatus.js"
import * as Field from "../Field.js"
import * as Message from "../Message.js"

/** Backend, byte `S`: a setting and its present value. */
export interface ParameterStatus {
  readonly _tag: "ParameterStatus"
  readonly name: string
  readonly value: string
}
export const ParameterStatus = Message.backend<ParameterStatus>("ParameterStatus", "S", {
  name: Field.cstring,
  value: Field.cstring
})

/** Backend, byte `A`: a NOTIFY arrived. */
export interface NotificationResponse extends Notification {
  readonly _tag: "NotificationResponse"
}
export const NotificationResponse = Message.backend<NotificationResponse>("NotificationResponse", "A", {
  processId: Field.int32,
  channel: Field.cstring,
  payload: Field.cstring
})

/** Bounds of a cancel key in bytes. In protocol 3.0 it has exactly 4. */
export const leastKey = 4
export const maxKey = 256

/** Backend, byte `K`: what a CancelRequest for this session must carry. */
export interface BackendKeyData {
  readonly _tag: "BackendKeyData"
  readonly processId: number
  /** 4 to 256 bytes. */
  readonly secretKey: Uint8Array
}
export const BackendKeyData = Message.backend<BackendKeyData>("BackendKeyData", "K", {
  processId: Field.int32,
  secretKey: Field.restBetween(leastKey, maxKey)
})

/** Backend, byte `Z`: the server takes the next request. */
export interface ReadyForQuery {
  readonly _tag: "ReadyForQuery"
  readonly status: TransactionStatus
}

const readyForQuery = Message.backend<ReadyForQuery>("ReadyForQuery", "Z", {
  status: Field.oneOf<TransactionStatus>(["I", "T", "E"])
})

const ready = (status: TransactionStatus) => Either.right<ReadyForQuery>({ _tag: "ReadyForQuery", status })
const idle = ready("I")
const inTransaction = ready("T")
const inFailed = ready("E")

export const ReadyForQuery: Message.Message<ReadyForQuery> = {
  ...readyForQuery,
  // Once per statement, and there are only three of it.
  decode: (bytes, start = 0, end = bytes.length) => {
    if (end - start === 1) {
      const code = bytes[start]
      if (code === 0x49) return idle
      if (code === 0x54) return inTransaction
      if (code === 0x45) return inFailed
    }
    return readyForQuery.decode(bytes, start, end)
  }
}

/** The plain twin of `ReadyForQuery.decode`. */
export const decodeReadyForQueryPlain = readyForQuery.decode
