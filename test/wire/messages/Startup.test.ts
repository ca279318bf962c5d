import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Arbitraries from "../../../src/testing/Arbitraries.js"
import * as Startup from "../../../src/wire/messages/Startup.js"
import { bytes, int32, malformed, refused, written } from "../bytes.js"

const { StartupMessage } = Startup
const message = (...parameters: ReadonlyArray<Startup.StartupParameter>): Startup.StartupMessage => ({
  _tag: "StartupMessage",
  version: Startup.protocol30,
  parameters
})

describe("StartupMessage", () => {
  it("asks for the versions by their words (CON-001)", () => {
    for (const [version, word] of [
      [Startup.protocol30, [0, 3, 0, 0]],
      [Startup.protocol32, [0, 3, 0, 2]],
      [Startup.protocolGrease, [0, 3, 0x27, 0x0f]]
    ] as const) {
      const sent = written((writer) => StartupMessage.encode(writer, { ...message(), version }))
      assert.deepStrictEqual(sent, bytes(0, 0, 0, 9, ...word, 0))
    }
  })

  it("refuses more than 10,000 bytes of body before anything is sent (CON-002)", () => {
    // Version word, name, two terminators of a pair and the closing one.
    const room = 10_000 - 4 - "user".length - 3
    const sent = written((writer) => StartupMessage.encode(writer, message(["user", "u".repeat(room)])))
    assert.strictEqual(sent.length, 10_004)
    const failure = refused((writer) =>
      StartupMessage.encode(writer, message(["user", "u".repeat(room + 1)]))
    )
    assert.include(failure, "longer than")
  })

  it("refuses a parameter without a name, which would end the list (CON-004)", () => {
    assert.include(
      refused((writer) =>
        StartupMessage.encode(writer, message(["user", "u"], ["", "x"], ["role", "admin"]))
      ),
      "without a name"
    )
  })

  it("carries values beyond ASCII as UTF-8, and empty ones (CON-010)", () => {
    const sent = message(["user", "ёлка🎄"], ["options", ""])
    const read = StartupMessage.decode(written((writer) => StartupMessage.encode(writer, sent)))
    assert.deepStrictEqual(Either.getOrThrow(read), sent)
  })

  it("refuses a list that is not closed, and bytes after its end", () => {
    const body = bytes(0, 3, 0, 0, "user", 0, "u", 0)
    const packet = (...more: ReadonlyArray<number>) =>
      StartupMessage.decode(bytes(...int32(4 + body.length + more.length), body, ...more))
    assert.isTrue(Either.isRight(packet(0)))
    malformed(packet())
    malformed(packet(0, 0))
  })
})

describe("inUsualOrder", () => {
  it("puts parameters where libpq puts them (CON-007)", () => {
    const names = [
      "geqo",
      "_pq_.x",
      "client_encoding",
      "application_name",
      "options",
      "replication",
      "database",
      "user",
      "datestyle"
    ]
    assert.deepStrictEqual(
      Startup.inUsualOrder(names.map((name) => [name, ""] as const)).map(([name]) => name),
      [
        "user",
        "database",
        "replication",
        "options",
        "application_name",
        "client_encoding",
        "_pq_.x",
        "geqo",
        "datestyle"
      ]
    )
  })

  it.prop(
    "loses nothing and changes nothing when done twice",
    [fc.array(fc.tuple(Arbitraries.name, Arbitraries.text))],
    ([parameters]) => {
      const ordered = Startup.inUsualOrder(parameters)
      assert.sameDeepMembers([...ordered], parameters)
      assert.deepStrictEqual(Startup.inUsualOrder(ordered), ordered)
    }
  )
})
