import { assert, describe, it } from "@effect/vitest"
import * as Startup from "../../src/protocol/Startup.js"
import { lines, ofTable } from "./arrows.js"

const challenges = (state: string): string => `
  ${state} AuthenticationOk -> Initializing authenticated
  ${state} AuthenticationCleartextPassword -> PasswordSent answerCleartext
  ${state} AuthenticationMD5Password -> PasswordSent answerMd5
  ${state} AuthenticationSASL -> SaslStarted beginSasl
  ${state} AuthenticationGSS -> GssStarted beginGss
  ${state} AuthenticationSSPI -> GssStarted beginGss`

const expected = lines(`
  ${challenges("Opening")}
  Opening NegotiateProtocolVersion -> Negotiated checkVersion
  ${challenges("Negotiated")}

  PasswordSent AuthenticationOk -> Initializing authenticated

  SaslStarted AuthenticationSASLContinue -> SaslAnswered continueSasl
  SaslAnswered AuthenticationSASLFinal -> SaslProven verifySasl
  SaslProven AuthenticationOk -> Initializing authenticated

  GssStarted AuthenticationGSSContinue -> GssStarted continueGss
  GssStarted AuthenticationOk -> Initializing authenticated

  Initializing BackendKeyData -> Initializing rememberKey
  Initializing ParameterStatus -> Initializing rememberParameter
  Initializing ReadyForQuery -> Done ready
`)

/** Every message a server has, by name. */
const messages = `
  AuthenticationOk AuthenticationKerberosV5 AuthenticationCleartextPassword AuthenticationMD5Password
  AuthenticationGSS AuthenticationGSSContinue AuthenticationSSPI AuthenticationSASL AuthenticationSASLContinue
  AuthenticationSASLFinal AuthenticationOther NegotiateProtocolVersion
  BackendKeyData NotificationResponse ParameterStatus ReadyForQuery CopyBothResponse CopyData CopyDone CopyInResponse
  CopyOutResponse BindComplete CloseComplete NoData ParameterDescription ParseComplete PortalSuspended
  FunctionCallResponse ErrorResponse NoticeResponse CommandComplete DataRow RowDescription EmptyQueryResponse`
  .trim()
  .split(/\s+/)

const states = [
  "Opening",
  "Negotiated",
  "PasswordSent",
  "SaslStarted",
  "SaslAnswered",
  "SaslProven",
  "GssStarted",
  "Initializing",
  "Done"
] as const satisfies ReadonlyArray<Startup.StartupState>

/** The states passed through, up to the message that is not allowed. */
const walk = (...names: ReadonlyArray<string>): string => {
  let state = Startup.initial
  for (const name of names) {
    const arrow = Startup.step(state, name)
    if (arrow === undefined) return `${state} refuses ${name}`
    state = arrow.to
  }
  return state
}

describe("the startup phase", () => {
  it("takes these messages in these states and no other (CON-074, CON-076, AUT-005)", () => {
    const accepted = states.flatMap((state) =>
      messages.flatMap((message) => {
        const arrow = Startup.step(state, message)
        return arrow === undefined ? [] : [`${state} ${message} -> ${arrow.to} ${arrow.emit}`]
      })
    )
    assert.deepStrictEqual(accepted.sort(), expected)
  })

  it("prints the table it runs", () => {
    assert.deepStrictEqual(ofTable(Startup.table), expected)
    assert.strictEqual(Startup.initial, "Opening")
  })

  it("asks for an answer at every challenge, and exactly one (AUT-003)", () => {
    const answers = expected.filter((line) => /answer|begin|continue/.test(line.split(" -> ")[1]!))
    const challenged = expected.filter((line) =>
      /Cleartext|MD5|SASL |SASLContinue|GSS |GSSContinue|SSPI/.test(line.split(" -> ")[0]! + " ")
    )
    assert.deepStrictEqual(answers, challenged)
  })

  it.each([
    [
      "a second password request after the first was answered",
      ["AuthenticationCleartextPassword"],
      "AuthenticationCleartextPassword"
    ],
    [
      "MD5 after a cleartext password was sent",
      ["AuthenticationCleartextPassword"],
      "AuthenticationMD5Password"
    ],
    ["SASL after MD5 was answered", ["AuthenticationMD5Password"], "AuthenticationSASL"],
    ["a cleartext password once SASL has begun", ["AuthenticationSASL"], "AuthenticationCleartextPassword"],
    ["MD5 amid SASL", ["AuthenticationSASL", "AuthenticationSASLContinue"], "AuthenticationMD5Password"],
    ["SASL begun twice", ["AuthenticationSASL"], "AuthenticationSASL"],
    ["a continuation of SASL that has not begun", [], "AuthenticationSASLContinue"],
    ["the end of SASL that has not begun", [], "AuthenticationSASLFinal"],
    ["a continuation of GSS that has not begun", [], "AuthenticationGSSContinue"],
    ["any challenge after AuthenticationOk", ["AuthenticationOk"], "AuthenticationCleartextPassword"]
  ])("refuses %s (AUT-005)", (_name, before, message) => {
    assert.match(walk(...before, message), / refuses /)
    assert.notMatch(walk(...before), / refuses /)
  })

  it.each([
    ["right after our first message", ["AuthenticationSASL"]],
    ["after our proof", ["AuthenticationSASL", "AuthenticationSASLContinue"]]
  ])(
    "does not believe AuthenticationOk %s: the server has proved nothing (AUT-026, TRP-029)",
    (_name, before) => {
      assert.match(walk(...before, "AuthenticationOk"), /^Sasl\w+ refuses AuthenticationOk$/)
    }
  )

  it("refuses the server's signature before our proof, and a challenge after it (AUT-026, AUT-027)", () => {
    assert.strictEqual(
      walk("AuthenticationSASL", "AuthenticationSASLFinal"),
      "SaslStarted refuses AuthenticationSASLFinal"
    )
    assert.strictEqual(
      walk("AuthenticationSASL", "AuthenticationSASLContinue", "AuthenticationSASLContinue"),
      "SaslAnswered refuses AuthenticationSASLContinue"
    )
  })

  it("accepts AuthenticationOk as the first answer (AUT-006)", () => {
    assert.strictEqual(walk("AuthenticationOk", "ReadyForQuery"), "Done")
  })

  it("takes a version once, before authentication", () => {
    assert.strictEqual(walk("NegotiateProtocolVersion", "AuthenticationOk"), "Initializing")
    assert.match(walk("NegotiateProtocolVersion", "NegotiateProtocolVersion"), /refuses/)
    assert.match(walk("AuthenticationSASL", "NegotiateProtocolVersion"), /refuses/)
    assert.match(walk("AuthenticationOk", "NegotiateProtocolVersion"), /refuses/)
  })

  it("needs no key, and takes keys and parameters in any order (CON-076, CON-077, MSG-024)", () => {
    assert.strictEqual(walk("AuthenticationOk", "ReadyForQuery"), "Done")
    assert.strictEqual(
      walk(
        "AuthenticationOk",
        "ParameterStatus",
        "BackendKeyData",
        "ParameterStatus",
        "BackendKeyData",
        "ReadyForQuery"
      ),
      "Done"
    )
  })

  it("is over at ReadyForQuery and not before: AuthenticationOk alone is no session (CON-079)", () => {
    assert.strictEqual(walk("ReadyForQuery"), "Opening refuses ReadyForQuery")
    assert.strictEqual(walk("AuthenticationOk"), "Initializing")
    assert.deepStrictEqual(
      messages.filter((message) => Startup.step("Done", message) !== undefined),
      []
    )
  })
})
