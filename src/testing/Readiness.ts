/**
 * Whether a server accepts sessions, found out by asking for one. Raw bytes on a plain socket: the connection code is
 * what the server is started to test.
 */
import * as Effect from "effect/Effect"
import * as NodeNet from "node:net"

/** Where to ask. */
export type ServerAddress = { readonly host: string; readonly port: number } | { readonly path: string }

/** `detail`: what came in place of an answer. */
export type Readiness = { readonly _tag: "Ready" } | { readonly _tag: "NotYet"; readonly detail: string }

const ready: Readiness = { _tag: "Ready" }
const notYet = (detail: string): Readiness => ({ _tag: "NotYet", detail })

/** StartupMessage, protocol 3.0. Both names exist in every cluster, and if not, the refusal is an answer as well. */
const startupMessage = (): Buffer => {
  const parameters = Buffer.from("user\0postgres\0database\0postgres\0\0", "latin1")
  const header = Buffer.alloc(8)
  header.writeInt32BE(8 + parameters.length, 0)
  header.writeInt32BE(0x00030000, 4)
  return Buffer.concat([header, parameters])
}

/** Terminate, so that a session that was let in ends in order. */
const terminate = Buffer.from([0x58, 0, 0, 0, 4])

/** AuthenticationOk. Where a password is asked for, hanging up is what the server takes without a word in its log. */
const isLetIn = (answer: Buffer): boolean => answer[0] === 0x52 && answer.readInt32BE(5) === 0

/**
 * The server's first message, or `undefined` while it is incomplete. Any Authentication request and any refusal but `57P03`
 * (starting up, shutting down, recovering) comes from a server that is up; a standby that must not serve sessions answers
 * `57P03` for good and is as ready as it will be.
 */
const judge = (answer: Buffer): Readiness | undefined => {
  if (answer.length < 5 || answer.length < 1 + answer.readInt32BE(1)) return undefined
  if (answer[0] !== 0x45) return ready
  const fields = answer.toString("latin1", 5).split("\0")
  if (!fields.includes("C57P03") || answer.includes("Hot standby mode is disabled")) return ready
  return notYet(fields.find((field) => field.startsWith("M"))?.slice(1) ?? "57P03")
}

/** Asks once. Interrupting hangs up. */
export const ask = (target: ServerAddress): Effect.Effect<Readiness> =>
  Effect.async((resume) => {
    const socket = NodeNet.connect(target)
    let answer = Buffer.alloc(0)
    const done = (readiness: Readiness) => {
      resume(Effect.succeed(readiness))
      socket.destroy()
    }
    socket.on("connect", () => socket.write(startupMessage()))
    socket.on("data", (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk])
      const readiness = judge(answer)
      if (readiness === undefined) return
      if (isLetIn(answer)) socket.write(terminate, () => done(readiness))
      else done(readiness)
    })
    socket.on("error", (error) => done(notYet(error.message)))
    socket.on("close", () => done(notYet("the server hung up")))
    return Effect.sync(() => socket.destroy())
  })
