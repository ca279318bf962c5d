/**
 * A link over a Node stream. The stream is paused until the first owner listens, so nothing that arrives early is
 * lost; what the stream still holds when it fails is delivered before the failure, because it may be the server's
 * last word. No promise and no object per chunk.
 */
import type * as tls from "node:tls"
import type { TransportFailure } from "../model/PgError.js"
import * as SystemFailure from "./SystemFailure.js"
import type { Link, LinkHandlers } from "./Transport.js"

/** Node's two-way stream. It must deliver bytes: no `setEncoding`, no object mode. */
export type Duplex = NonNullable<tls.ConnectionOptions["socket"]>

const duplexes = new WeakMap<Link, () => Duplex | undefined>()

/**
 * A link that reads from and writes to `duplex`, which must be open or opening and not read by anybody else.
 * `failedWrite` answers the error of a write that the stream kept to itself while it reads on.
 */
export const make = (
  duplex: Duplex,
  address: string,
  failedWrite: () => Error | undefined = () => undefined
): Link => {
  let handlers: LinkHandlers | undefined
  /** Set once, when the stream has ended; its owners are told when they have had every byte. */
  let ended: { readonly failure: TransportFailure | undefined } | undefined
  let told: LinkHandlers | undefined
  let braked = false
  let destroyed = false
  /** What the stream still held when it failed. */
  let rest: Array<Uint8Array> = []

  const onData = (chunk: Uint8Array): void => {
    handlers?.onData(chunk)
  }
  const onDrain = (): void => {
    handlers?.onDrain()
  }
  const onEnd = (): void => {
    const error = failedWrite()
    finish(error === undefined ? undefined : SystemFailure.fromError(error))
  }
  const onError = (error: Error): void => finish(SystemFailure.fromError(failedWrite() ?? error))
  const onClose = (): void => {
    const error = failedWrite()
    finish(
      error === undefined
        ? SystemFailure.fromCode("ERR_STREAM_PREMATURE_CLOSE")
        : SystemFailure.fromError(error)
    )
  }
  /** Late errors of a stream nobody uses any more must not become uncaught exceptions. */
  const ignore = (): void => {}

  const detach = (): void => {
    duplex.off("data", onData)
    duplex.off("drain", onDrain)
    duplex.off("end", onEnd)
    duplex.off("close", onClose)
    duplex.off("error", onError)
    duplex.on("error", ignore)
  }

  const finish = (failure: TransportFailure | undefined): void => {
    if (ended !== undefined) return
    ended = { failure }
    detach()
    for (let chunk = duplex.read(); chunk !== null; chunk = duplex.read()) rest.push(chunk as Uint8Array)
    settle()
  }

  /** After the end: the rest of the bytes as far as the brake lets them, then the end itself. */
  const settle = (): void => {
    while (rest.length > 0) {
      if (braked || handlers === undefined) return
      handlers.onData(rest.shift()!)
    }
    if (ended === undefined || handlers === undefined || told === handlers) return
    told = handlers
    handlers.onEnd(ended.failure)
  }

  const link: Link = {
    address,
    listen: (next) => {
      if (destroyed) return
      handlers = next
      if (ended !== undefined) queueMicrotask(settle)
      else if (!braked) duplex.resume()
    },
    pause: () => {
      braked = true
      if (ended === undefined) duplex.pause()
    },
    resume: () => {
      if (!braked) return
      braked = false
      if (ended !== undefined) queueMicrotask(settle)
      else if (handlers !== undefined) duplex.resume()
    },
    write: (bytes) => (duplex.writable ? duplex.write(bytes) : true),
    end: () => {
      if (duplex.writable) duplex.end()
    },
    destroy: () => {
      if (destroyed) return
      destroyed = true
      handlers = undefined
      rest = []
      if (ended === undefined) detach()
      ended ??= { failure: undefined }
      duplex.destroy()
    }
  }

  duplexes.set(link, () => {
    if (ended !== undefined) return undefined
    ended = { failure: undefined }
    handlers = undefined
    duplex.pause()
    detach()
    return duplex
  })

  duplex.pause()
  duplex.on("data", onData)
  duplex.on("drain", onDrain)
  duplex.on("end", onEnd)
  duplex.on("close", onClose)
  duplex.on("error", onError)
  return link
}

/**
 * Takes the stream out of a link, so that encryption can be laid directly over it: the link hears and says nothing
 * from then on, the stream is paused with whatever it had buffered still in it, and destroying the link still
 * destroys it. `undefined` when the link is not over a stream or has ended.
 */
export const take = (link: Link): Duplex | undefined => duplexes.get(link)?.()
