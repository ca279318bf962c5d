import { assert, describe, it } from "@effect/vitest"
import * as ProtocolVersion from "../../src/protocol/ProtocolVersion.js"

const v30 = 0x00030000
const v32 = 0x00030002
const grease = 0x0003270f
const option = "_pq_.compression"

const judge = (
  version: number,
  unsupported: ReadonlyArray<string> = [],
  asked: Partial<ProtocolVersion.RequestedVersion> = {}
): number | string =>
  ProtocolVersion.negotiated(
    { version: v32, least: v30, options: [option], ...asked },
    { version, unsupported }
  )

describe("a version", () => {
  it("has a word and a name; the latest is 3.2", () => {
    assert.deepStrictEqual(
      [
        ProtocolVersion.wordOf("3.0"),
        ProtocolVersion.wordOf("3.2"),
        ProtocolVersion.wordOf("latest"),
        ProtocolVersion.wordOf("grease")
      ],
      [v30, v32, v32, grease]
    )
    assert.deepStrictEqual([v30, v32, 0x0003270f].map(ProtocolVersion.nameOf), ["3.0", "3.2", "3.9999"])
  })
})

describe("the version a server offers", () => {
  it.each([
    ["a lower one", v30, [], v30],
    ["a lower one and a refused option", v30, [option], v30],
    ["the same one without an option that was sent", v32, [option], v32]
  ] as const)("is taken when it is %s", (_name, version, unsupported, expected) => {
    assert.strictEqual(judge(version, unsupported), expected)
  })

  it.each([
    ["newer than asked", () => judge(0x00030003), "newer than the 3.2"],
    ["of a greater major version", () => judge(0x00040000), "newer than the 3.2"],
    ["3.9999", () => judge(0x0003270f), "newer"],
    ["older than 3.0", () => judge(0x00020000), "older than 3.0"],
    ["a minor number alone", () => judge(2), "older than 3.0"],
    ["3.1", () => judge(0x00030001), "reserved"],
    ["below our least", () => judge(v30, [], { least: v32 }), "min_protocol_version asks for 3.2"],
    ["the one asked for, with nothing refused", () => judge(v32), "without a change"],
    ["with an option that was not sent", () => judge(v30, ["_pq_.other"]), "_pq_.other, which was not sent"],
    ["with an invalid option", () => judge(v30, ["compression"]), "compression, which was not sent"],
    [
      "with an option that was sent without the prefix",
      () => judge(v30, ["x"], { options: ["x"] }),
      "the option x"
    ],
    ["with a strange option behind a known one", () => judge(v30, [option, "_pq_.b"]), "_pq_.b"],
    ["newer than any we speak", () => judge(0x00030003, [option], { version: grease }), "newer than any"],
    ["3.0 when 3.0 was asked for", () => judge(v30, [], { version: v30 }), "without a change"]
  ])("is refused when it is %s", (_name, verdict, reason) => {
    assert.include(String(verdict()), reason)
  })
})

describe("a version and an option that do not exist (CON-072)", () => {
  const asked = {
    version: ProtocolVersion.wordOf("grease"),
    least: v30,
    options: ProtocolVersion.optionsOf("grease")
  }
  const answer = (version: number, unsupported: ReadonlyArray<string>) =>
    ProtocolVersion.negotiated(asked, { version, unsupported })

  it("are both refused by a server that negotiates, whichever version it has (CON-066)", () => {
    assert.deepStrictEqual(asked.options, ["_pq_.test_protocol_negotiation"])
    for (const version of [v30, v32]) assert.strictEqual(answer(version, asked.options), version)
  })

  it.each([
    ["taken for granted", () => ProtocolVersion.unnegotiated(asked), "cannot negotiate"],
    ["offered in turn", () => answer(grease, asked.options), "3.9999"],
    ["refused by halves, the version alone", () => answer(v30, []), "_pq_.test_protocol_negotiation"],
    ["refused with an option that was not sent", () => answer(v30, [...asked.options, "_pq_.x"]), "_pq_.x"]
  ])("may not be %s (CON-066)", (_name, verdict, reason) => {
    assert.include(String(verdict()), reason)
  })

  it("are no reason to suspect a server that was asked for another", () => {
    assert.isUndefined(ProtocolVersion.unnegotiated({ ...asked, version: v32 }))
  })
})
