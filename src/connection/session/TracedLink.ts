/** A link whose conversation is written down, message by message, as it passes. */
import type * as Clock from "effect/Clock"
import type { Link, LinkHandlers } from "../../net/Transport.js"
import * as FrameLimits from "../../wire/FrameLimits.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import { Framer } from "../../wire/Framer.js"
import * as FrontendMessage from "../../wire/FrontendMessage.js"
import { WireTrace } from "./WireTrace.js"

/** Who reads the trace of a connector's sessions, and how much is in it. */
export interface WireTraceOptions {
  /**
   * Called with each message as a line, without a line break, before it is sent or read. `session` counts the sessions of the connector, from 1. It runs in
   * the socket's callback: it must not wait; what it throws ends the trace of the session, and nothing else.
   */
  readonly write: (line: string, session: number) => void
  /**
   * Whether values are printed: parameters, rows, copies, payloads, literals in texts, and what errors quote of rows. Default false: `?` stands in
   * their place. Passwords, tokens, salts and keys are never printed.
   */
  readonly values?: boolean
  /** Whether lines begin with the time, in UTC. Default true. */
  readonly timestamps?: boolean
}

/** No message is refused because of the trace. */
const anyLength: FrameLimits.FrameLimits = {
  phase: "trace",
  least: new Int32Array(256).fill(FrameLimits.leastLength),
  most: new Int32Array(256).fill(FrameLimits.protocolMost),
  runs: new Uint8Array(256)
}

/** What the login asked for last, by the name of the request. */
const answers: Readonly<Record<string, string>> = {
  AuthenticationCleartextPassword: "PasswordMessage",
  AuthenticationMD5Password: "PasswordMessage",
  AuthenticationSASL: "SASLInitialResponse",
  AuthenticationSASLContinue: "SASLResponse",
  AuthenticationGSS: "GSSResponse",
  AuthenticationSSPI: "GSSResponse",
  AuthenticationGSSContinue: "GSSResponse"
}

class Writer {
  private readonly trace: WireTrace
  private readonly sent = new Framer(anyLength)
  private readonly received = new Framer(anyLength)
  private hasBegun = false
  private isOver = false
  private answer = "PasswordMessage"

  constructor(
    private readonly options: WireTraceOptions,
    private readonly session: number,
    private readonly clock: Clock.Clock
  ) {
    this.trace = new WireTrace({ values: options.values === true })
  }

  /** Bytes of ours; whole messages are in them. */
  out(bytes: Uint8Array): void {
    this.safely(() => {
      let rest = bytes
      while (!this.hasBegun && rest.length > 0) {
        const size = FrontendMessage.packetSize(rest)
        if (size === undefined || size <= 0 || size > rest.length) return
        const line = this.trace.packet(rest.subarray(0, size))
        this.write(line)
        // Requests for encryption come before the packet that opens the session.
        this.hasBegun = line.includes("StartupMessage") || line.includes("CancelRequest")
        rest = rest.subarray(size)
      }
      this.sent.push(rest.slice())
      this.each(this.sent, (tag, body, start, end) => this.trace.frontend(tag, body, start, end, this.answer))
    })
  }

  in(bytes: Uint8Array): void {
    this.safely(() => {
      this.received.push(bytes.slice())
      this.each(this.received, (tag, body, start, end) => {
        const line = this.trace.backend(tag, body, start, end)
        this.answer = answers[line.split("\t")[2] ?? ""] ?? this.answer
        return line
      })
    })
  }

  private each(
    framer: Framer,
    line: (tag: number, bytes: Uint8Array, start: number, end: number) => string
  ): void {
    for (;;) {
      const run = framer.next()
      if (run === null || "least" in run) return
      for (let index = 0; index < run.count; index++)
        this.write(line(run.tag, run.bytes, run.starts[index]!, bodyEnd(run, index)))
    }
  }

  private write(line: string): void {
    const { timestamps = true, write } = this.options
    write(timestamps ? `${this.now}\t${line}` : line, this.session)
  }

  /** With microseconds, of which the clock knows the first three. */
  private get now(): string {
    const now = new Date(this.clock.unsafeCurrentTimeMillis()).toISOString()
    return `${now.slice(0, 10)} ${now.slice(11, 23)}000`
  }

  private safely(work: () => void): void {
    if (this.isOver) return
    try {
      work()
    } catch {
      this.isOver = true
    }
  }
}

/** Writes the conversation of a link down. */
export type Trace = (link: Link, clock: Clock.Clock) => Link

/** The trace of a connector's sessions, which are counted. */
export const make = (options: WireTraceOptions): Trace => {
  let sessions = 0
  return (link, clock) => over(link, options, ++sessions, clock)
}

const traced =
  (writeParts: NonNullable<Link["writeParts"]>, writer: Writer): NonNullable<Link["writeParts"]> =>
  (parts) => {
    for (const part of parts) writer.out(part)
    return writeParts(parts)
  }

const over = (link: Link, options: WireTraceOptions, session: number, clock: Clock.Clock): Link => {
  const writer = new Writer(options, session, clock)
  return {
    ...link,
    address: link.address,
    listen: (handlers: LinkHandlers) =>
      link.listen({
        ...handlers,
        onData: (chunk) => {
          writer.in(chunk)
          handlers.onData(chunk)
        }
      }),
    pause: () => link.pause(),
    resume: () => link.resume(),
    write: (bytes) => {
      writer.out(bytes)
      return link.write(bytes)
    },
    ...(link.writeParts === undefined ? {} : { writeParts: traced(link.writeParts, writer) }),
    end: () => link.end(),
    destroy: () => link.destroy()
  }
}
