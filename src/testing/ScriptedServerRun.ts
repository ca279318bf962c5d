/** One connection of a scripted server: reads what the client sends and walks through the script. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ByteWriter } from "../bytes/ByteWriter.js"
import * as BackendMessage from "../wire/BackendMessage.js"
import { Framer } from "../wire/Framer.js"
import * as FrameLimits from "../wire/FrameLimits.js"
import { bodyEnd } from "../wire/FrameRun.js"
import * as FrontendMessage from "../wire/FrontendMessage.js"
import type { PendingAnswer } from "../wire/messages/Authentication.js"
import type { CancelRequest } from "../wire/messages/Cancel.js"
import type { ServerEnd } from "./MemoryTransport.js"
import { show, showMessage } from "./ScriptedServerDiff.js"
import type { Outgoing, Script, Step } from "./ScriptedServerStep.js"
import { TaggedError } from "../model/TaggedError.js"

/** The client did not do what a script expects, or a script has not run to its end. */
export class ScriptMismatch extends TaggedError("ScriptMismatch")<{
  /** Number of the script, from 1; 0 when a connection had none. */
  readonly script: number
  /** What was expected, what came, where they differ, and what went before. */
  readonly report: string
}> {
  override get message(): string {
    return `${this.script === 0 ? "a connection without a script" : `script ${this.script}`}: ${this.report}`
  }
}

/** What a connection passes to its server. */
export interface Hooks {
  /** Called whenever a step is done or bytes were read. */
  readonly progress: () => void
  /** Called for every CancelRequest, with the bytes of its packet. */
  readonly cancelRequested: (request: CancelRequest, packet: Uint8Array) => void
  /** Waits for a CancelRequest that no other step has waited for. */
  readonly nextCancel: Effect.Effect<void>
}

type Received =
  | { readonly _tag: "Message"; readonly message: FrontendMessage.FrontendMessage }
  | { readonly _tag: "End"; readonly how: string }
  | { readonly _tag: "Bad"; readonly reason: string }

interface Frame {
  readonly tag: number
  readonly body: Uint8Array
}

/** Most lines of history in a report. */
const recent = 8

const empty = new Uint8Array(0)

const join = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

const showOutgoing = (part: Outgoing): string => (part instanceof Uint8Array ? show(part) : showMessage(part))

export class Conversation {
  /** Everything the client has sent so far, as far as the script has read it. */
  readonly received: Array<FrontendMessage.FrontendMessage> = []
  /** The step it stands at, in words. */
  at = "the first message"
  finished = false
  /** Number of the script it plays, from 1; 0 while it has none. */
  script = 0

  private readonly history: Array<string> = []
  private readonly framer = new Framer(FrameLimits.frontend)
  private readonly frames: Array<Frame> = []
  private peeked: Received | undefined
  private inStartup = true
  private startup: Uint8Array = empty
  private bad: string | undefined

  constructor(
    readonly server: ServerEnd,
    private readonly hooks: Hooks
  ) {}

  /** The first packet, which stays to be read. */
  peek(): Effect.Effect<FrontendMessage.FrontendMessage | undefined> {
    return Effect.map(this.next(undefined), (received) => {
      this.peeked = received
      return received._tag === "Message" ? received.message : undefined
    })
  }

  /** The whole script, and then nothing more from the client but a goodbye. */
  play(script: Script): Effect.Effect<void, ScriptMismatch> {
    return Effect.zipRight(this.steps(script), this.afterwards())
  }

  /** The failure of this connection, with what went before. */
  mismatch(report: string): ScriptMismatch {
    const before = this.history.slice(-recent).map((line) => `\n    ${line}`)
    return new ScriptMismatch({
      script: this.script,
      report: report + (before.length === 0 ? "" : `\n  before that:${before.join("")}`)
    })
  }

  private steps(script: Script): Effect.Effect<void, ScriptMismatch> {
    return Effect.forEach(script, (step) => (isScript(step) ? this.steps(step) : this.step(step)), {
      discard: true
    })
  }

  private step(step: Step): Effect.Effect<void, ScriptMismatch> {
    return Effect.ensuring(this.perform(step), Effect.sync(this.hooks.progress))
  }

  private perform(step: Step): Effect.Effect<void, ScriptMismatch> {
    const server = this.server
    switch (step._tag) {
      case "Expect":
        this.at = `waiting for ${step.shows}`
        return Effect.flatMap(this.next(step.pending), (received) => {
          if (received._tag !== "Message") return Effect.fail(this.unexpected(step.shows, received))
          const faults = step.faults(received.message)
          if (faults.length > 0) return Effect.fail(this.unexpected(step.shows, received, faults))
          this.note(`client: ${showMessage(received.message)}`)
          return this.steps(step.then(received.message))
        })
      case "Send":
        return Effect.flatMap(this.encode(step.parts), (bytes) =>
          Effect.sync(() => {
            this.note(`server: ${step.parts.map(showOutgoing).join(", ")}`)
            if (step.size === 0) server.send(bytes)
            else server.sendSliced(bytes, step.size)
          })
        )
      case "Await":
        this.at = `waiting until: ${step.event}`
        switch (step.event) {
          case "client sends":
            return Effect.asVoid(this.fill)
          case "client brakes":
            return server.untilPaused(true)
          case "client lets go of the brake":
            return server.untilPaused(false)
          case "all delivered":
            return server.delivered
          case "cancel request":
            return this.hooks.nextCancel
        }
      case "HangUp":
        this.note("server: hangs up")
        return Effect.sync(server.hangUp)
      case "Reset":
        this.note("server: resets")
        return Effect.sync(() => server.reset(step.failure))
      case "ExpectEnd":
        this.at = "waiting for the client's end"
        return Effect.flatMap(this.next(undefined), (received) =>
          received._tag === "End"
            ? Effect.void
            : Effect.fail(this.unexpected("the end of the stream", received))
        )
      case "Run":
        this.at = `running ${step.name}`
        return step.effect(server)
      case "Repeat":
        this.at = "waiting for another round"
        return Effect.flatMap(this.next(undefined), (received) => {
          if (received._tag === "End") return Effect.void
          if (received._tag === "Message" && received.message._tag === "Terminate") return Effect.void
          this.peeked = received
          return Effect.zipRight(
            this.steps(step.script),
            Effect.suspend(() => this.perform(step))
          )
        })
      case "Established":
        this.inStartup = false
        return Effect.void
    }
  }

  private afterwards(): Effect.Effect<void, ScriptMismatch> {
    return Effect.suspend(() => {
      this.finished = true
      this.at = "the end of the script"
      this.hooks.progress()
      return Effect.flatMap(this.next(undefined), (received) => {
        if (received._tag === "End") return Effect.void
        if (received._tag === "Message" && received.message._tag === "Terminate") return this.afterwards()
        return Effect.fail(this.unexpected("nothing, as the script is at its end", received))
      })
    })
  }

  private encode(parts: ReadonlyArray<Outgoing>): Effect.Effect<Uint8Array, ScriptMismatch> {
    const writer = new ByteWriter()
    for (const part of parts) {
      if (part instanceof Uint8Array) writer.raw(part)
      else if (!BackendMessage.encode(writer, part)) {
        return Effect.fail(
          this.mismatch(`the script sends what cannot be sent: ${showMessage(part)}: ${writer.failure}`)
        )
      }
    }
    return Effect.succeed(writer.written().slice())
  }

  private unexpected(
    expected: string,
    received: Received,
    faults: ReadonlyArray<string> = []
  ): ScriptMismatch {
    const came =
      received._tag === "Message"
        ? showMessage(received.message)
        : received._tag === "End"
          ? received.how
          : received.reason
    const lines = faults.map((fault) => `\n    ${fault}`).join("")
    return this.mismatch(`the client did something else\n  expected ${expected}\n  received ${came}${lines}`)
  }

  private note(line: string): void {
    this.history.push(line)
  }

  /** The next message; `pending` decides what byte `p` is. */
  private next(pending: PendingAnswer | undefined): Effect.Effect<Received> {
    return Effect.suspend(() => {
      const peeked = this.peeked
      if (peeked !== undefined) {
        this.peeked = undefined
        return Effect.succeed(peeked)
      }
      const ready = this.parse(pending)
      if (ready !== undefined) return Effect.succeed(ready)
      return Effect.flatMap(this.fill, (more) =>
        more ? this.next(pending) : Effect.succeed<Received>({ _tag: "End", how: this.ending() })
      )
    })
  }

  /** Reads on until there is something unread; false at the end of the stream. */
  private readonly fill: Effect.Effect<boolean> = Effect.suspend(() => {
    if (this.peeked !== undefined || this.frames.length > 0) return Effect.succeed(true)
    if (!this.inStartup && this.startup.length > 0) return Effect.succeed(true)
    return Effect.map(this.server.take, (bytes) => {
      if (bytes === undefined) return false
      if (this.inStartup) this.startup = join(this.startup, bytes)
      else this.cut(bytes)
      this.hooks.progress()
      return true
    })
  })

  private parse(pending: PendingAnswer | undefined): Received | undefined {
    if (this.inStartup) return this.parsePacket()
    if (this.startup.length > 0) {
      this.cut(this.startup)
      this.startup = empty
    }
    const frame = this.frames.shift()
    if (frame === undefined) return this.bad === undefined ? undefined : { _tag: "Bad", reason: this.bad }
    return this.take(FrontendMessage.decode(frame.tag, frame.body, 0, frame.body.length, pending))
  }

  private parsePacket(): Received | undefined {
    const size = FrontendMessage.packetSize(this.startup)
    if (size === -1) return { _tag: "Bad", reason: `no startup packet: ${show(this.startup)}` }
    if (size === undefined || this.startup.length < size) return undefined
    const packet = FrontendMessage.decodeStartup(this.startup, 0, size)
    const bytes = this.startup.slice(0, size)
    this.startup = this.startup.slice(size)
    if (Either.isRight(packet)) {
      this.inStartup = packet.right._tag !== "StartupMessage"
      if (packet.right._tag === "CancelRequest") this.hooks.cancelRequested(packet.right, bytes)
    }
    return this.take(packet)
  }

  private take(decoded: Either.Either<FrontendMessage.FrontendMessage, Error>): Received {
    if (Either.isLeft(decoded)) return { _tag: "Bad", reason: decoded.left.message }
    this.received.push(decoded.right)
    return { _tag: "Message", message: decoded.right }
  }

  private cut(bytes: Uint8Array): void {
    this.framer.push(bytes)
    for (let run = this.framer.next(); run !== null; run = this.framer.next()) {
      if ("_tag" in run) {
        this.bad = run.message
        return
      }
      for (let index = 0; index < run.count; index++) {
        this.frames.push({ tag: run.tag, body: run.bytes.slice(run.starts[index], bodyEnd(run, index)) })
      }
    }
  }

  private ending(): string {
    const how =
      this.server.client() === "destroyed" ? "the client has hung up" : "the client has ended the stream"
    const missing = this.framer.missing()
    return missing === 0 && this.startup.length === 0 ? how : `${how} in the middle of a message`
  }
}

const isScript = (step: Step | Script): step is Script => Array.isArray(step)
