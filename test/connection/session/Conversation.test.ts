import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Conversation } from "../../../src/connection/session/Conversation.js"
import type { LinkHandlers } from "../../../src/net/Transport.js"
import * as FrameLimits from "../../../src/wire/FrameLimits.js"
import { Framer } from "../../../src/wire/Framer.js"
import { encode, FakeLink, ready } from "../core.js"

const conversation = () => {
  let handlers: LinkHandlers | undefined
  const link = Object.assign(new FakeLink(), {
    listen: (given: LinkHandlers) => {
      handlers = given
    }
  })
  const self = new Conversation(link, new Framer(FrameLimits.defaults.startup))
  return {
    self,
    say: (bytes: Uint8Array) => handlers!.onData(bytes),
    end: () => handlers!.onEnd(undefined)
  }
}

const utf8 = (text: string) => new TextEncoder().encode(text)
const failure = (self: Conversation) => Effect.runSync(Effect.flip(self.next))

describe("a server that is not PostgreSQL, or a very old one", () => {
  it("is quoted when it sends an error in the form of the second protocol", () => {
    const { say, self } = conversation()
    say(utf8("EFATAL:  unsupported frontend protocol\n\0"))
    const refused = failure(self)
    assert.deepInclude(refused, { _tag: "PgProtocolError", state: "Startup.Opening", tag: "E" })
    assert.match(refused.message, /in the form of an old server: FATAL: {2}unsupported frontend protocol/)
  })

  it("is not taken for an old one when it sends something else", () => {
    const { say, self } = conversation()
    say(utf8("HTTP/1.1 400 Bad Request\r\n\r\n"))
    const refused = failure(self)
    assert.deepInclude(refused, { _tag: "PgProtocolError", tag: "H" })
    assert.notMatch(refused.message, /old server/)
    assert.match(refused.message, /length|bytes|H/)
  })
})

describe("the end of a link", () => {
  it("names the state, and how much of a message is missing", () => {
    const whole = encode(ready())
    const cut = conversation()
    cut.say(whole.subarray(0, 3))
    cut.end()
    assert.deepInclude(failure(cut.self), {
      _tag: "PgClosedError",
      reason:
        "the server closed the connection in state Startup.Opening, 2 bytes before the end of a message",
      sent: false
    })
    const clean = conversation()
    clean.say(whole)
    assert.deepStrictEqual(Effect.runSync(clean.self.next), ready())
    clean.self.state = "Startup.Initializing"
    clean.end()
    assert.deepInclude(failure(clean.self), {
      reason: "the server closed the connection in state Startup.Initializing"
    })
  })
})
