/** What a scripted server does, step by step, as values. */
import type * as Effect from "effect/Effect"
import type { TransportFailure } from "../model/PgError.js"
import type { BackendMessage } from "../wire/BackendMessage.js"
import type { FrontendMessage } from "../wire/FrontendMessage.js"
import type { PendingAnswer } from "../wire/messages/Authentication.js"
import type { ServerEnd } from "./MemoryTransport.js"
import { differences, showMessage, type MessageNamed, type PatternOf } from "./ScriptedServerDiff.js"

/** A backend message, or any bytes. */
export type Outgoing = BackendMessage | Uint8Array

/** What to wait for. */
export type Event =
  /** The client has sent bytes that the script has not read yet. */
  | "client sends"
  | "client brakes"
  | "client lets go of the brake"
  /** The client has received everything that was sent. */
  | "all delivered"
  /** A CancelRequest has come for which no earlier step has waited. */
  | "cancel request"

/** One step of a script: a message that is expected, messages that are sent, or something done to the link. */
export type Step =
  | {
      readonly _tag: "Expect"
      /** The message's name, when only one message is accepted. */
      readonly name: FrontendMessage["_tag"] | undefined
      readonly shows: string
      /** Which answer byte `p` is, where an answer is expected. */
      readonly pending: PendingAnswer | undefined
      /** What is wrong with the message, a line each. */
      readonly faults: (message: FrontendMessage) => ReadonlyArray<string>
      readonly then: (message: FrontendMessage) => Script
    }
  | { readonly _tag: "Send"; readonly parts: ReadonlyArray<Outgoing>; readonly size: number }
  | { readonly _tag: "Await"; readonly event: Event }
  | { readonly _tag: "HangUp" }
  | { readonly _tag: "Reset"; readonly failure: TransportFailure | undefined }
  | { readonly _tag: "ExpectEnd" }
  | {
      readonly _tag: "Run"
      readonly name: string
      readonly effect: (server: ServerEnd) => Effect.Effect<void>
    }
  | { readonly _tag: "Repeat"; readonly script: Script }
  | { readonly _tag: "Established" }

/** Steps in order; a script may stand among them. */
export type Script = ReadonlyArray<Step | Script>

const pendingAnswers: { readonly [K in FrontendMessage["_tag"]]?: PendingAnswer } = {
  PasswordMessage: "password",
  SASLInitialResponse: "sasl-initial",
  SASLResponse: "sasl",
  GSSResponse: "gss"
}

/** Waits for a message of this name, with these fields; a field that is left out may have any value. `then` may depend on it. */
export const expect = <K extends FrontendMessage["_tag"]>(
  pattern: { readonly _tag: K } & Omit<PatternOf<MessageNamed<K>>, "_tag">,
  then: (message: MessageNamed<K>) => Script = () => []
): Step => ({
  _tag: "Expect",
  name: pattern._tag,
  shows: showMessage(pattern),
  pending: pendingAnswers[pattern._tag],
  faults: (message) => differences(pattern, message),
  then: (message) => then(message as MessageNamed<K>)
})

/** Waits for any message: `then` returns the steps that follow, or a text with the fault. */
export const expectAny = (shows: string, then: (message: FrontendMessage) => Script | string): Step => ({
  _tag: "Expect",
  name: undefined,
  shows,
  pending: undefined,
  faults: (message) => {
    const next = then(message)
    return typeof next === "string" ? [next] : []
  },
  then: (message) => {
    const next = then(message)
    return typeof next === "string" ? [] : next
  }
})

/** Sends everything in one segment. */
export const send = (...parts: ReadonlyArray<Outgoing>): Step => ({ _tag: "Send", parts, size: 0 })

/** Sends bytes in one segment. They need not be valid. */
export const sendBytes = (bytes: Uint8Array | ReadonlyArray<number>): Step => send(Uint8Array.from(bytes))

/** Sends in segments of at most `size` bytes, cut at any place. */
export const sendSliced = (size: number, ...parts: ReadonlyArray<Outgoing>): Step => ({
  _tag: "Send",
  parts,
  size: Math.max(1, size)
})

/** Waits for an event. Nothing is read. */
export const until = (event: Event): Step => ({ _tag: "Await", event })

/** Waits until a CancelRequest has come on another connection. */
export const cancelled: Step = until("cancel request")

/** Ends the stream in order. */
export const hangUp: Step = { _tag: "HangUp" }

/** Breaks the stream. The client gets the failure, `ECONNRESET` by default. */
export const reset = (failure?: TransportFailure): Step => ({ _tag: "Reset", failure })

/** Waits until the client has ended the stream or hung up, without another message. */
export const expectEnd: Step = { _tag: "ExpectEnd" }

/** Runs any effect, such as a pause on the clock or a check of the brake. */
export const run = (name: string, effect: (server: ServerEnd) => Effect.Effect<void>): Step => ({
  _tag: "Run",
  name,
  effect
})

/** Repeats the steps until the client ends the stream where the first step would begin again. Terminate is an end too. */
export const repeat = (...script: Script): Step => ({ _tag: "Repeat", script })

/** The script begins in the middle of a session: the client sends messages with tags and no startup packet. */
export const established: Step = { _tag: "Established" }

/** A frame with any tag and body. `length` sets a wrong length word. */
export const rawFrame = (
  tag: string,
  body: Uint8Array | ReadonlyArray<number> = [],
  length: number = body.length + 4
): Uint8Array => {
  const frame = new Uint8Array(5 + body.length)
  frame[0] = tag.charCodeAt(0)
  new DataView(frame.buffer).setInt32(1, length)
  frame.set(body, 5)
  return frame
}
