/**
 * GSS encryption over a link: tokens until the context is established, then wrapped messages, each behind its length
 * as 32 bits. A length beyond the protocol's bounds ends the link and allocates nothing.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-GSSAPI
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { TransportFailure } from "../model/PgError.js"
import type { GssContext, GssFailure } from "./Gss.js"
import { Inbox } from "./Inbox.js"
import * as SystemFailure from "./SystemFailure.js"
import type { Link } from "./Transport.js"

/** Most bytes of a token packet, its length word included. */
export const largestToken = 65_536
/** Most bytes of a packet of wrapped data, its length word included. */
export const largestPacket = 16_384
const lengthWord = 4

/** Code of every failure of GSS itself. */
export const gssFailed = "EFFECT_POSTGRES_GSS"

const failed = (reason: string): TransportFailure =>
  SystemFailure.make(gssFailed, `GSS encryption failed: ${reason}`)

const fromProvider = (failure: GssFailure): TransportFailure => failed(failure.message)

/** Packets out of a stream of bytes. */
class Packets {
  private held: Uint8Array = new Uint8Array(0)

  constructor(private readonly largest: number) {}

  /** Bytes that no packet has used. */
  get rest(): Uint8Array {
    return this.held
  }

  push(chunk: Uint8Array): void {
    if (this.held.length === 0) {
      this.held = chunk
      return
    }
    const joined = new Uint8Array(this.held.length + chunk.length)
    joined.set(this.held)
    joined.set(chunk, this.held.length)
    this.held = joined
  }

  /** The next whole packet; `undefined` when it is not complete yet; a text when it is malformed. */
  next(): Uint8Array | string | undefined {
    const { held } = this
    if (held.length < lengthWord) return undefined
    const length = new DataView(held.buffer, held.byteOffset).getUint32(0)
    if (length > this.largest - lengthWord) {
      return held[0] === 0x45
        ? "the server sent an error before the channel was encrypted; the error is in the server's log"
        : `a packet of ${length} bytes, more than ${this.largest - lengthWord}`
    }
    if (held.length < lengthWord + length) return undefined
    this.held = held.subarray(lengthWord + length)
    return held.subarray(lengthWord, lengthWord + length)
  }
}

const packet = (body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(lengthWord + body.length)
  new DataView(bytes.buffer).setUint32(0, body.length)
  bytes.set(body, lengthWord)
  return bytes
}

const nextToken = (link: Link, packets: Packets): Effect.Effect<Uint8Array, TransportFailure> =>
  Effect.async((resume) => {
    const look = (): boolean => {
      const token = packets.next()
      if (token === undefined) return false
      link.pause()
      resume(typeof token === "string" ? Effect.fail(failed(token)) : Effect.succeed(token))
      return true
    }
    if (look()) return
    link.listen({
      onData: (chunk) => {
        packets.push(chunk)
        look()
      },
      onDrain: () => {},
      onEnd: (failure) =>
        resume(Effect.fail(failure ?? failed("the server closed the connection while tokens were exchanged")))
    })
    link.resume()
  })

/**
 * Establishes the context over `link` and gives a link that encrypts. Fails when the provider cannot go on, when a token
 * is longer than the protocol allows, and when the context would sign only and not encrypt.
 */
export const upgrade = (link: Link, context: GssContext): Effect.Effect<Link, TransportFailure> =>
  Effect.gen(function* () {
    const packets = new Packets(largestToken)
    let input: Uint8Array | undefined
    for (;;) {
      const { done, token } = yield* Effect.mapError(context.step(input), fromProvider)
      if (token !== undefined && token.length > largestToken - lengthWord) {
        return yield* Effect.fail(failed(`our own token has ${token.length} bytes`))
      }
      if (token !== undefined) link.write(packet(token))
      if (done) break
      input = yield* nextToken(link, packets)
    }
    if (!context.confidential()) {
      return yield* Effect.fail(failed("the context would sign messages and not encrypt them"))
    }
    return wrapped(link, context, packets.rest)
  })

const wrapped = (link: Link, context: GssContext, early: Uint8Array): Link => {
  const inbox = new Inbox()
  const packets = new Packets(largestPacket)
  const most = Math.max(1, context.wrapLimit(largestPacket - lengthWord))

  const breakOff = (reason: string): void => {
    inbox.finish(failed(reason))
    link.destroy()
  }
  const take = (chunk: Uint8Array): void => {
    packets.push(chunk)
    while (!inbox.ended) {
      const next = packets.next()
      if (next === undefined) return
      if (typeof next === "string") return breakOff(next)
      const plain = context.unwrap(next)
      if (Either.isLeft(plain)) return breakOff(plain.left)
      if (plain.right.length > 0) inbox.push(plain.right)
    }
  }

  if (early.length > 0) take(early)
  link.listen({
    onData: take,
    onDrain: () => inbox.drained(),
    onEnd: (failure) => inbox.finish(failure)
  })

  return {
    address: link.address,
    listen: (handlers) => {
      inbox.listen(handlers)
      if (!inbox.braked) link.resume()
    },
    pause: () => {
      inbox.braked = true
      link.pause()
    },
    resume: () => {
      if (inbox.braked) inbox.resume()
      link.resume()
    },
    write: (bytes) => {
      let ready = true
      for (let at = 0; at < bytes.length; at += most) {
        const sealed = context.wrap(bytes.subarray(at, at + most))
        if (Either.isLeft(sealed)) {
          breakOff(sealed.left)
          return true
        }
        ready = link.write(packet(sealed.right))
      }
      return ready
    },
    end: () => link.end(),
    destroy: () => {
      inbox.close()
      link.destroy()
    }
  }
}
