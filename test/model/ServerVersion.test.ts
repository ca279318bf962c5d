import { assert, describe, it } from "@effect/vitest"
import { parse } from "../../src/model/ServerVersion.js"

describe("the server's version", () => {
  it.each([
    ["18.4", 180004],
    ["15.20 (Debian 15.20-1)", 150020],
    ["19beta3", 190000],
    ["20devel", 200000],
    ["9.6.24", 90624],
    ["17", 170000],
    ["16.14 - some fork 3.2", 160014],
    ["unknown", undefined],
    ["", undefined]
  ])("is read from %j whatever follows the numbers (CON-085, TRP-017)", (text, number) => {
    assert.strictEqual(parse(text), number)
  })
})
