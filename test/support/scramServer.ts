/**
 * The server's side of SCRAM-SHA-256 for scripts, written from RFC 5802 and not from our client, so that both cannot
 * be wrong in the same way. Every part of it can be bent.
 */
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto"
import type { SaslReply, SaslServer } from "../../src/testing/ScriptedServer.js"

export interface ScramOptions {
  readonly password: string
  readonly salt?: Uint8Array
  readonly iterations?: number
  /** What the server adds to the client's nonce. */
  readonly nonce?: string
  readonly mechanisms?: ReadonlyArray<string>
  /** Hash of the certificate for `SCRAM-SHA-256-PLUS`, as `tls-server-end-point` has it. */
  readonly endPoint?: Uint8Array
  /** Changes the text of the challenge, or of the final message, on its way. */
  readonly bend?: (kind: "challenge" | "final", text: string) => string
}

const hmac = (key: Uint8Array, text: string): Buffer => createHmac("sha256", key).update(text).digest()
const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest()
const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((byte, index) => byte ^ b[index]!))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8")

const attribute = (message: string, name: string): string | undefined =>
  message
    .split(",")
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(2)

/** A factory for `ScriptedServer.sasl`. */
export const scramServer =
  (options: ScramOptions): (() => SaslServer) =>
  () => {
    const salt = Buffer.from(options.salt ?? Buffer.from("0123456789abcdef"))
    const iterations = options.iterations ?? 4096
    const bend = options.bend ?? ((_kind, message) => message)
    let gs2 = ""
    let bare = ""
    let challenge = ""
    let nonce = ""
    let plus = false

    const first = (message: string, mechanism: string): SaslReply => {
      plus = mechanism === "SCRAM-SHA-256-PLUS"
      const parts = message.split(",")
      gs2 = `${parts[0]},${parts[1]},`
      bare = message.slice(gs2.length)
      const clientNonce = attribute(bare, "r")
      const flag = parts[0] ?? ""
      if (clientNonce === undefined || plus !== flag.startsWith("p=")) return { _tag: "Reject" }
      nonce = clientNonce + (options.nonce ?? "server-nonce")
      challenge = `r=${nonce},s=${salt.toString("base64")},i=${iterations}`
      return { _tag: "Continue", data: Buffer.from(bend("challenge", challenge)) }
    }

    const last = (message: string): SaslReply => {
      const proof = Buffer.from(attribute(message, "p") ?? "", "base64")
      const withoutProof = message.slice(0, message.lastIndexOf(",p="))
      const binding = Buffer.concat([
        Buffer.from(gs2),
        plus ? Buffer.from(options.endPoint ?? new Uint8Array(0)) : Buffer.alloc(0)
      ])
      const salted = pbkdf2Sync(options.password.normalize("NFKC"), salt, iterations, 32, "sha256")
      const clientKey = hmac(salted, "Client Key")
      const authMessage = `${bare},${challenge},${withoutProof}`
      const expected = xor(clientKey, hmac(sha256(clientKey), authMessage))
      const right =
        attribute(message, "r") === nonce &&
        attribute(message, "c") === binding.toString("base64") &&
        proof.length === expected.length &&
        timingSafeEqual(proof, expected)
      if (!right) return { _tag: "Reject" }
      const signature = hmac(hmac(salted, "Server Key"), authMessage)
      return { _tag: "Final", data: Buffer.from(bend("final", `v=${signature.toString("base64")}`)) }
    }

    return {
      mechanisms: options.mechanisms ?? ["SCRAM-SHA-256"],
      reply: (data, mechanism) => (mechanism === undefined ? last(text(data)) : first(text(data), mechanism))
    }
  }
