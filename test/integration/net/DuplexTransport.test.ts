import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as DuplexTransport from "../../../src/net/DuplexTransport.js"
import type { Address } from "../../../src/net/Transport.js"
import { linkContract } from "../../support/linkContract.js"

const dial = (address: Address): net.Socket =>
  address._tag === "Unix" ? net.connect(address.path) : net.connect(address.port, address.host)

linkContract("DuplexTransport over a connecting socket", DuplexTransport.make(dial), { slowsThePeer: true })
linkContract(
  "DuplexTransport over an effect",
  DuplexTransport.make((address) => Effect.sync(() => dial(address))),
  { slowsThePeer: true }
)
