/** A client without logic: writes the given messages, and returns what comes back. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import type { TransportFailure } from "../../src/model/PgError.js"
import type { Address, Link } from "../../src/net/Transport.js"
import { Transport } from "../../src/net/Transport.js"
import * as BackendMessage from "../../src/wire/BackendMessage.js"
import { Framer } from "../../src/wire/Framer.js"
import * as FrameLimits from "../../src/wire/FrameLimits.js"
import { bodyEnd } from "../../src/wire/FrameRun.js"
import * as FrontendMessage from "../../src/wire/FrontendMessage.js"

export type Incoming =
  BackendMessage.BackendMessage | { readonly _tag: "End"; readonly failure: TransportFailure | undefined }

export interface WireClient {
  readonly link: Link
  /** All in one write. */
  readonly send: (...messages: ReadonlyArray<FrontendMessage.FrontendMessage>) => Effect.Effect<void>
  readonly next: Effect.Effect<Incoming>
  /** The messages up to and with the one of this name. */
  readonly until: (tag: Incoming["_tag"]) => Effect.Effect<ReadonlyArray<Incoming>>
}

const address: Address = { _tag: "Tcp", host: "db", port: 5432 }

export const encode = (...messages: ReadonlyArray<FrontendMessage.FrontendMessage>): Uint8Array => {
  const writer = new ByteWriter()
  for (const message of messages) FrontendMessage.encode(writer, message)
  return writer.written().slice()
}

export const connect: Effect.Effect<WireClient, TransportFailure, Transport | Scope.Scope> = Effect.gen(
  function* () {
    const { open } = yield* Transport
    const link = yield* open(address)
    const incoming = yield* Queue.unbounded<Incoming>()
    const framer = new Framer(FrameLimits.defaults.session)
    link.listen({
      onData: (chunk) => {
        framer.push(chunk)
        for (let run = framer.next(); run !== null; run = framer.next()) {
          if ("_tag" in run) throw run
          for (let index = 0; index < run.count; index++) {
            const message = BackendMessage.decode(run.tag, run.bytes, run.starts[index], bodyEnd(run, index))
            Queue.unsafeOffer(incoming, Either.getOrThrow(message))
          }
        }
      },
      onEnd: (failure) => void Queue.unsafeOffer(incoming, { _tag: "End", failure }),
      onDrain: () => {}
    })
    const next = Queue.take(incoming)
    return {
      link,
      send: (...messages) => Effect.sync(() => void link.write(encode(...messages))),
      next,
      until: (tag) =>
        Effect.gen(function* () {
          const got: Array<Incoming> = []
          do got.push(yield* next)
          while (got.at(-1)?._tag !== tag)
          return got
        })
    }
  }
)
