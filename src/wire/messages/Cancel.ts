/** How a client stops a statement, and how it ends its session. */
import type { ByteReader } from "../../bytes/ByteReader.js"
import * as Field from "../Field.js"
import * as Message from "../Message.js"
import * as Packet from "../Packet.js"

export const cancelRequestCode = 80_877_102

/**
 * Frontend, no tag, on a connection of its own. The server never answers: it closes.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export interface CancelRequest {
  readonly _tag: "CancelRequest"
  readonly processId: number
  /** Exactly as BackendKeyData had it, 4 bytes in protocol 3.0, up to 256 from 3.2 on: a part of it cancels nothing. */
  readonly secretKey: Uint8Array
}

const key = Field.restBetween(1, 256)

export const CancelRequest: Packet.Packet<CancelRequest> = Packet.make<CancelRequest>(
  "CancelRequest",
  (reader: ByteReader) => {
    Packet.expectCode(reader, cancelRequestCode)
    return { _tag: "CancelRequest", processId: reader.int32(), secretKey: key.read(reader) }
  },
  (writer, { processId, secretKey }) => {
    writer.uint32(cancelRequestCode)
    Field.int32.write(writer, processId)
    key.write(writer, secretKey)
  }
)

/** Frontend, byte `X`. Nothing answers it. */
export interface Terminate {
  readonly _tag: "Terminate"
}
export const Terminate = Message.empty<Terminate>({ _tag: "Terminate" }, "X")
