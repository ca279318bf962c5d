/**
 * Authentication requests, all with byte `R` and a code, and their answers, all with byte `p` and no code: what
 * an answer means depends on the request it answers.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
import type { ByteReader } from "../../bytes/ByteReader.js"
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import * as Field from "../Field.js"
import { largeMessage } from "../FrameLimits.js"
import * as Message from "../Message.js"

/** Code 0: no more is asked. Not yet a successful login. */
export interface AuthenticationOk {
  readonly _tag: "AuthenticationOk"
}
/** Code 2. Obsolete. */
export interface AuthenticationKerberosV5 {
  readonly _tag: "AuthenticationKerberosV5"
}
/** Code 3. */
export interface AuthenticationCleartextPassword {
  readonly _tag: "AuthenticationCleartextPassword"
}
/** Code 5. */
export interface AuthenticationMD5Password {
  readonly _tag: "AuthenticationMD5Password"
  /** Four bytes. */
  readonly salt: Uint8Array
}
/** Code 7. */
export interface AuthenticationGSS {
  readonly _tag: "AuthenticationGSS"
}
/** Code 8: a token for GSS or SSPI. */
export interface AuthenticationGSSContinue {
  readonly _tag: "AuthenticationGSSContinue"
  readonly data: Uint8Array
}
/** Code 9. */
export interface AuthenticationSSPI {
  readonly _tag: "AuthenticationSSPI"
}
/** Code 10. */
export interface AuthenticationSASL {
  readonly _tag: "AuthenticationSASL"
  /** In the server's order of preference. */
  readonly mechanisms: ReadonlyArray<string>
}
/** Code 11: a challenge. */
export interface AuthenticationSASLContinue {
  readonly _tag: "AuthenticationSASLContinue"
  readonly data: Uint8Array
}
/** Code 12: the outcome, with the server's own proof. */
export interface AuthenticationSASLFinal {
  readonly _tag: "AuthenticationSASLFinal"
  readonly data: Uint8Array
}
/** Any other code: obsolete methods, and those to come. */
export interface AuthenticationOther {
  readonly _tag: "AuthenticationOther"
  readonly code: number
  readonly data: Uint8Array
}

export type Authentication =
  | AuthenticationOk
  | AuthenticationKerberosV5
  | AuthenticationCleartextPassword
  | AuthenticationMD5Password
  | AuthenticationGSS
  | AuthenticationGSSContinue
  | AuthenticationSSPI
  | AuthenticationSASL
  | AuthenticationSASLContinue
  | AuthenticationSASLFinal
  | AuthenticationOther

/** The code of each request. */
export const codes: { readonly [K in Exclude<Authentication["_tag"], "AuthenticationOther">]: number } = {
  AuthenticationOk: 0,
  AuthenticationKerberosV5: 2,
  AuthenticationCleartextPassword: 3,
  AuthenticationMD5Password: 5,
  AuthenticationGSS: 7,
  AuthenticationGSSContinue: 8,
  AuthenticationSSPI: 9,
  AuthenticationSASL: 10,
  AuthenticationSASLContinue: 11,
  AuthenticationSASLFinal: 12
}

const salt = Field.restBetween(4, 4)

const read = (reader: ByteReader): Authentication => {
  const code = reader.int32()
  switch (code) {
    case 0:
      return { _tag: "AuthenticationOk" }
    case 2:
      return { _tag: "AuthenticationKerberosV5" }
    case 3:
      return { _tag: "AuthenticationCleartextPassword" }
    case 5:
      return { _tag: "AuthenticationMD5Password", salt: salt.read(reader) }
    case 7:
      return { _tag: "AuthenticationGSS" }
    case 8:
      return { _tag: "AuthenticationGSSContinue", data: Field.rest.read(reader) }
    case 9:
      return { _tag: "AuthenticationSSPI" }
    case 10:
      return { _tag: "AuthenticationSASL", mechanisms: Field.cstrings.read(reader) }
    case 11:
      return { _tag: "AuthenticationSASLContinue", data: Field.rest.read(reader) }
    case 12:
      return { _tag: "AuthenticationSASLFinal", data: Field.rest.read(reader) }
    default:
      return { _tag: "AuthenticationOther", code, data: Field.rest.read(reader) }
  }
}

const write = (writer: ByteWriter, message: Authentication): void => {
  Field.int32.write(writer, message._tag === "AuthenticationOther" ? message.code : codes[message._tag])
  switch (message._tag) {
    case "AuthenticationMD5Password":
      return salt.write(writer, message.salt)
    case "AuthenticationSASL":
      return Field.cstrings.write(writer, message.mechanisms)
    case "AuthenticationGSSContinue":
    case "AuthenticationSASLContinue":
    case "AuthenticationSASLFinal":
    case "AuthenticationOther":
      return Field.rest.write(writer, message.data)
  }
}

/** Backend, byte `R`: every request by its code. */
export const Authentication: Message.Message<Authentication> = Message.custom<Authentication>(
  "Authentication",
  "R",
  largeMessage,
  read,
  write
)

/** Frontend, byte `p`: a password, or its MD5 digest as text. */
export interface PasswordMessage {
  readonly _tag: "PasswordMessage"
  readonly password: string
}
export const PasswordMessage = Message.frontend<PasswordMessage>("PasswordMessage", "p", {
  password: Field.cstring
})

/** Frontend, byte `p`: the chosen mechanism and its first data, `null` when it has none. */
export interface SASLInitialResponse {
  readonly _tag: "SASLInitialResponse"
  readonly mechanism: string
  readonly data: Uint8Array | null
}
export const SASLInitialResponse = Message.frontend<SASLInitialResponse>("SASLInitialResponse", "p", {
  mechanism: Field.cstring,
  data: Field.value
})

/** Frontend, byte `p`: an answer to AuthenticationSASLContinue. */
export interface SASLResponse {
  readonly _tag: "SASLResponse"
  readonly data: Uint8Array
}
export const SASLResponse = Message.frontend<SASLResponse>("SASLResponse", "p", { data: Field.rest })

/** Frontend, byte `p`: a GSS or SSPI token. */
export interface GSSResponse {
  readonly _tag: "GSSResponse"
  readonly data: Uint8Array
}
export const GSSResponse = Message.frontend<GSSResponse>("GSSResponse", "p", { data: Field.rest })

/** What a server that reads `p` is waiting for. */
export type PendingAnswer = "password" | "sasl-initial" | "sasl" | "gss"
