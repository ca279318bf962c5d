import { describe, expect, it } from "vitest"
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
    expect(accepted.sort()).toEqual(expected)
  })

  it("prints the table it runs", () => {
    expect(ofTable(Startup.table)).toEqual(expected)
    expect(Startup.initial).toBe("Opening")
  })

  it("asks for an answer at every challenge, and exactly one (AUT-003)", () => {
    const answers = expected.filter((line) => /answer|begin|continue/.test(line.split(" -> ")[1]!))
    const challenged = expected.filter((line) =>
      /Cleartext|MD5|SASL |SASLContinue|GSS |GSSContinue|SSPI/.test(line.split(" -> ")[0]! + " ")
    )
    expect(answers).toEqual(challenged)
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
    expect(walk(...before, message)).toMatch(/ refuses /)
    expect(walk(...before)).not.toMatch(/ refuses /)
  })

  it.each([
    ["right after our first message", ["AuthenticationSASL"]],
    ["after our proof", ["AuthenticationSASL", "AuthenticationSASLContinue"]]
  ])(
    "does not believe AuthenticationOk %s: the server has proved nothing (AUT-026, TRP-029)",
    (_name, before) => {
      expect(walk(...before, "AuthenticationOk")).toMatch(/^Sasl\w+ refuses AuthenticationOk$/)
    }
  )

  it("refuses the server's signature before our proof, and a challenge after it (AUT-026, AUT-027)", () => {
    expect(walk("AuthenticationSASL", "AuthenticationSASLFinal")).toBe(
      "SaslStarted refuses AuthenticationSASLFinal"
    )
    expect(walk("AuthenticationSASL", "AuthenticationSASLContinue", "AuthenticationSASLContinue")).toBe(
      "SaslAnswered refuses AuthenticationSASLContinue"
    )
  })

  it("lets a server say Ok at once (AUT-006)", () => {
    expect(walk("AuthenticationOk", "ReadyForQuery")).toBe("Done")
  })

  it("takes a version once, before authentication", () => {
    expect(walk("NegotiateProtocolVersion", "AuthenticationOk")).toBe("Initializing")
    expect(walk("NegotiateProtocolVersion", "NegotiateProtocolVersion")).toMatch(/refuses/)
    expect(walk("AuthenticationSASL", "NegotiateProtocolVersion")).toMatch(/refuses/)
    expect(walk("AuthenticationOk", "NegotiateProtocolVersion")).toMatch(/refuses/)
  })

  it("needs no key, and takes keys and parameters in any order (CON-076, CON-077, MSG-024)", () => {
    expect(walk("AuthenticationOk", "ReadyForQuery")).toBe("Done")
    expect(
      walk(
        "AuthenticationOk",
        "ParameterStatus",
        "BackendKeyData",
        "ParameterStatus",
        "BackendKeyData",
        "ReadyForQuery"
      )
    ).toBe("Done")
  })

  it("is over at ReadyForQuery and not before: AuthenticationOk alone is no session (CON-079)", () => {
    expect(walk("ReadyForQuery")).toBe("Opening refuses ReadyForQuery")
    expect(walk("AuthenticationOk")).toBe("Initializing")
    expect(messages.filter((message) => Startup.step("Done", message) !== undefined)).toEqual([])
  })
})
