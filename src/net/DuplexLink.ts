/**
 * A link over a Node stream. The stream is paused until the first owner listens, so nothing that arrives early is
 * lost; what the stream still holds when it fails is delivered before the failure, because it may be the server's
 * last word. No promise and no object per chunk.
 */
import type * as tls from "node:tls"
import type { TransportFailure } from "../model/PgError.js"
import { Inbox } from "./Inbox.js"
import * as SystemFailure from "./SystemFailure.js"
import type { Link } from "./Transport.js"

/** Node's two-way stream. It must deliver bytes: no `setEncoding`, no object mode. */
export type Duplex = NonNullable<tls.ConnectionOptions["socket"]>

const duplexes = new WeakMap<Link, () => Duplex | undefined>()

/** What is known of a stream. */
interface Traits {
  /** Answers the error of a write that the stream kept to itself while it reads on. */
  readonly failedWrite?: () => Error | undefined
  /** Whether the stream is done with the memory of a write once it has called back. A stream in memory may pass it on. */
  readonly lends?: boolean
}

/** Pieces that go out without being copied. */
const partsWriter =
  (duplex: Duplex, onDrain: () => void): NonNullable<Link["writeParts"]> =>
  (parts) => {
    if (!duplex.writable) return true
    let isAwaited = false
    const last = parts.length - 1
    const onLeft = (): void => {
      if (isAwaited) onDrain()
    }
    duplex.cork()
    for (let index = 0; index < last; index++) duplex.write(parts[index])
    duplex.write(parts[last], onLeft)
    duplex.uncork()
    if (duplex.writableLength === 0) return true
    // A stream that holds little emits no 'drain'.
    isAwaited = !duplex.writableNeedDrain
    return false
  }

/** A link that reads from and writes to `duplex`, which must be open or opening and have no other reader. */
export const make = (duplex: Duplex, address: string, traits: Traits = {}): Link => {
  const inbox = new Inbox()

  const onData = (chunk: Uint8Array): void => inbox.push(chunk)
  const onDrain = (): void => inbox.drained()
  const onEnd = (): void => finish(undefined)
  const onError = (error: Error): void => finish(SystemFailure.fromError(error))
  const onClose = (): void => finish(SystemFailure.fromCode("ERR_STREAM_PREMATURE_CLOSE"))

  const detach = (): void => {
    duplex.off("data", onData)
    duplex.off("drain", onDrain)
    duplex.off("end", onEnd)
    duplex.off("close", onClose)
    duplex.off("error", onError)
  }

  const finish = (reason: TransportFailure | undefined): void => {
    detach()
    for (let chunk = duplex.read(); chunk !== null; chunk = duplex.read()) inbox.push(chunk as Uint8Array)
    const error = traits.failedWrite?.()
    inbox.finish(error === undefined ? reason : SystemFailure.fromError(error))
  }

  const link: Link = {
    address,
    listen: (next) => {
      inbox.listen(next)
      if (!inbox.ended && !inbox.braked) duplex.resume()
    },
    pause: () => {
      inbox.braked = true
      if (!inbox.ended) duplex.pause()
    },
    resume: () => {
      if (!inbox.braked) return
      inbox.resume()
      if (!inbox.ended && inbox.listening) duplex.resume()
    },
    write: (bytes) => (duplex.writable ? duplex.write(bytes) : true),
    ...(traits.lends === true ? { writeParts: partsWriter(duplex, onDrain) } : {}),
    end: () => {
      if (duplex.writable) duplex.end()
    },
    destroy: () => {
      detach()
      inbox.close()
      duplex.destroy()
    }
  }

  duplexes.set(link, () => {
    if (inbox.ended) return undefined
    duplex.pause()
    detach()
    inbox.close()
    return duplex
  })

  duplex.pause()
  duplex.on("data", onData)
  duplex.on("drain", onDrain)
  duplex.on("end", onEnd)
  duplex.on("close", onClose)
  duplex.on("error", onError)
  // Stays for good: a late error of an unused stream must not become an uncaught exception.
  duplex.on("error", () => {})
  return link
}

/**
 * Takes the stream out of a link, so that encryption can be laid directly over it: from then on nothing is read or written
 * through the link, the stream is paused with whatever it had buffered still in it, and destroying the link still destroys
 * it. `undefined` when the link is not over a stream or has ended.
 */
export const take = (link: Link): Duplex | undefined => duplexes.get(link)?.()
