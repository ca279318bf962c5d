import * as Either from "effect/Either"
import { assert, describe, it } from "@effect/vitest"
import type { PgOutputOptions } from "../../../src/replication/slots/PgOutputOptions.js"
import { resolve } from "../../../src/replication/slots/PgOutputOptions.js"

const publications = ["p"]
const listed = (options: Partial<PgOutputOptions>, version: number | undefined) =>
  Either.getOrThrow(resolve({ publications, ...options }, version)).options.map(
    ([name, value]) => `${name} ${value}`
  )
const refused = (options: Partial<PgOutputOptions>, version: number | undefined) =>
  Either.getOrThrow(Either.flip(resolve({ publications, ...options }, version))).argument

const names = `publication_names "p"`

describe("options of pgoutput", () => {
  it("ask for the highest version the server knows, and for nothing else unasked (LOG-001)", () => {
    assert.deepStrictEqual(listed({}, 130_000), ["proto_version 1", names])
    assert.deepStrictEqual(listed({}, 140_000), ["proto_version 2", names])
    assert.deepStrictEqual(listed({}, 150_000), ["proto_version 3", names])
    for (const version of [160_000, 180_004, undefined]) {
      assert.deepStrictEqual(listed({}, version), ["proto_version 4", names])
    }
    assert.deepStrictEqual(
      listed({ binary: false, messages: false, streaming: "off", twoPhase: false }, 140_000),
      ["proto_version 2", names]
    )
  })

  it("are all sent as texts (REP-032)", () => {
    assert.deepStrictEqual(
      listed(
        { binary: true, messages: true, streaming: "parallel", twoPhase: true, origin: "none" },
        180_000
      ),
      [
        "proto_version 4",
        names,
        "binary true",
        "messages true",
        "streaming parallel",
        "two_phase true",
        "origin none"
      ]
    )
    assert.include(listed({ streaming: "on" }, 140_000), "streaming on")
  })

  it.each([
    ["protoVersion", { protoVersion: 3 }, 140_000],
    ["protoVersion", { protoVersion: 4 }, 150_000],
    ["streaming", { streaming: "parallel" }, 150_000],
    ["streaming", { streaming: "parallel", protoVersion: 3 }, 180_000],
    ["streaming", { streaming: "on", protoVersion: 1 }, 180_000],
    ["twoPhase", { twoPhase: true }, 140_000],
    ["twoPhase", { twoPhase: true, protoVersion: 2 }, 180_000],
    ["origin", { origin: "none" }, 150_000],
    ["binary", { binary: true }, 130_000],
    ["messages", { messages: true }, 130_000],
    ["publications", { publications: [] }, 180_000]
  ] as const)(
    "are refused by name where the server cannot do %s: %j on %i (LOG-006)",
    (key, options, version) => {
      assert.strictEqual(refused(options, version), key)
    }
  )

  it("leave out what an older server does by itself", () => {
    assert.deepStrictEqual(listed({ origin: "any" }, 150_000), ["proto_version 3", names])
    assert.include(listed({ origin: "any" }, 160_000), "origin any")
  })
})
