/**
 * What has come over a link and not yet been handed to its owner: chunks in order, then the end. Nothing is kept while
 * there is a listener and the brake is off.
 */
import type { TransportFailure } from "../model/PgError.js"
import type { LinkHandlers } from "./Transport.js"

export class Inbox {
  /** Whether the owner has the brake on. */
  braked = false
  /** Bytes held back. A source that cannot be braked must bound this itself. */
  held = 0
  private handlers: LinkHandlers | undefined
  private told: LinkHandlers | undefined
  private chunks: Array<Uint8Array> = []
  private end: "closed" | { readonly failure: TransportFailure | undefined } | undefined

  /** Whether the end has come, or the inbox was closed. */
  get ended(): boolean {
    return this.end !== undefined
  }

  get listening(): boolean {
    return this.handlers !== undefined
  }

  push(chunk: Uint8Array): void {
    if (this.handlers !== undefined && !this.braked && this.chunks.length === 0) {
      this.handlers.onData(chunk)
      return
    }
    this.chunks.push(chunk)
    this.held += chunk.length
  }

  drained(): void {
    this.handlers?.onDrain()
  }

  /** The end, behind everything pushed before. Only the first counts. */
  finish(failure: TransportFailure | undefined): void {
    if (this.end !== undefined) return
    this.end = { failure }
    this.settle()
  }

  /** The next owner. It also receives an end that its predecessor has received. */
  listen(next: LinkHandlers): void {
    if (this.end === "closed") return
    this.handlers = next
    this.later()
  }

  resume(): void {
    this.braked = false
    this.later()
  }

  /** Forgets what is held. */
  clear(): void {
    this.chunks = []
    this.held = 0
  }

  /** From now on no listener is called. */
  close(): void {
    this.handlers = undefined
    this.end = "closed"
    this.clear()
  }

  // In a microtask, so that no owner is called back from inside its own call.
  private later(): void {
    if (this.chunks.length > 0 || this.end !== undefined) queueMicrotask(() => this.settle())
  }

  private settle(): void {
    while (this.chunks.length > 0) {
      if (this.braked || this.handlers === undefined) return
      const chunk = this.chunks.shift()!
      this.held -= chunk.length
      this.handlers.onData(chunk)
    }
    const handlers = this.handlers
    if (this.end === undefined || this.end === "closed" || handlers === undefined || this.told === handlers)
      return
    this.told = handlers
    handlers.onEnd(this.end.failure)
  }
}
