import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as SocketTransport from "../../../src/net/SocketTransport.js"
import type { Address } from "../../../src/net/Transport.js"
import { linkContract } from "../../support/linkContract.js"

const dial = (address: Address) =>
  NodeSocket.makeNet(
    address._tag === "Unix" ? { path: address.path } : { host: address.host, port: address.port }
  )

linkContract("SocketTransport over a platform socket", SocketTransport.make(dial), { slowsThePeer: false })
