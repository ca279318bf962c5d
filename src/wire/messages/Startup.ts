/**
 * The first packet of a session. It has no tag byte.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-STARTUPMESSAGE
 */
import type { ByteReader } from "../../bytes/ByteReader.js"
import * as Packet from "../Packet.js"

/** Version words: major in the upper 16 bits, minor in the lower. */
export const protocol30 = 0x0003_0000
export const protocol32 = 0x0003_0002
/** A minor version no server has, which a server must answer with NegotiateProtocolVersion. */
export const protocolGrease = 0x0003_270f

export type StartupParameter = readonly [name: string, value: string]

/** Frontend, no tag. Names are never empty, neither names nor values hold a zero byte. */
export interface StartupMessage {
  readonly _tag: "StartupMessage"
  /** The version word, such as `0x00030000`. */
  readonly version: number
  /** In the order they are sent. */
  readonly parameters: ReadonlyArray<StartupParameter>
}

const readParameters = (reader: ByteReader): ReadonlyArray<StartupParameter> => {
  const parameters: Array<StartupParameter> = []
  while (reader.failure === null) {
    const name = reader.cstring()
    if (name === "") break
    parameters.push([name, reader.cstring()])
  }
  return parameters
}

export const StartupMessage: Packet.Packet<StartupMessage> = Packet.make<StartupMessage>(
  "StartupMessage",
  (reader) => ({ _tag: "StartupMessage", version: reader.uint32(), parameters: readParameters(reader) }),
  (writer, { parameters, version }) => {
    writer.uint32(version)
    for (const [name, value] of parameters) {
      if (name === "") writer.fail("a startup parameter without a name would end the list")
      writer.cstring(name)
      writer.cstring(value)
    }
    writer.uint8(0)
  }
)

const order: ReadonlyArray<string> = [
  "user",
  "database",
  "replication",
  "options",
  "application_name",
  "client_encoding"
]

const rank = (name: string): number => {
  const index = order.indexOf(name)
  if (index >= 0) return index
  return name.startsWith("_pq_.") ? order.length : order.length + 1
}

/** The parameters in the order libpq sends them, which poolers are used to; other settings last, as they were given. */
export const inUsualOrder = (parameters: ReadonlyArray<StartupParameter>): ReadonlyArray<StartupParameter> =>
  [...parameters].sort(([a], [b]) => rank(a) - rank(b))
