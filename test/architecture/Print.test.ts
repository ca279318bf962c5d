import { assert, describe, it } from "@effect/vitest"
import { diagram, exceptionTable, partTable, replaceBetween, roomTable } from "./print.js"

describe("the printed rooms", () => {
  it("show neighbours, effects and built-ins, and a dash where a room has no built-ins", () => {
    const text = roomTable([
      { name: "a", holds: "nouns", mayImport: [], builtins: [], effect: [] },
      { name: "b", holds: "verbs", mayImport: ["a"], builtins: ["net", "tls"], builtinsNote: "and more" },
      { name: "c", holds: "all", mayImport: ["facade"], builtins: [] }
    ])
    assert.deepStrictEqual(text.split("\n").slice(2), [
      "| `a` | nouns | – |  | – |",
      "| `b` | verbs | a | yes | net, tls; and more |",
      "| `c` | all | everything public | yes | – |"
    ])
  })

  it("show the parts of those that have some, and the files beside them", () => {
    const text = partTable([
      { name: "a", holds: "nouns", mayImport: [], builtins: [] },
      {
        name: "b",
        holds: "verbs",
        mayImport: [],
        builtins: [],
        parts: [
          { name: "low", holds: "stems" },
          { name: ".", holds: "words" }
        ]
      }
    ])
    assert.deepStrictEqual(text.split("\n").slice(2), ["| `b/low` | stems |", "| `b/*.ts` | words |"])
  })

  it("list each exception with its reason", () => {
    assert.include(
      exceptionTable([{ file: "a/A.ts", builtins: ["os"], reason: "names" }]),
      "| `a/A.ts` | os | names |"
    )
  })
})

describe("a printed machine", () => {
  it("has its states, the messages on the arrows, and what is emitted", () => {
    const text = diagram({
      name: "Query",
      initial: "Waiting",
      transitions: {
        Waiting: {
          RowDescription: { to: "Rows", emit: "columns" },
          CommandComplete: { to: "Done", emit: "none" }
        },
        Rows: {
          DataRow: { to: "Rows", emit: "rows" },
          CommandComplete: { to: "Next", emit: "none" },
          EmptyQueryResponse: { to: "Next", emit: "none" }
        },
        Paused: {}
      }
    })
    assert.deepStrictEqual(text.split("\n").slice(2), [
      "```mermaid",
      "stateDiagram-v2",
      "  [*] --> Waiting",
      "  Waiting --> Rows: RowDescription / columns",
      "  Waiting --> [*]: CommandComplete",
      "  Rows --> Rows: DataRow / rows",
      "  Rows --> [*]: CommandComplete<br/>EmptyQueryResponse (next step)",
      "  Paused",
      "```"
    ])
  })
})

describe("what is printed between markers", () => {
  const page = "a\n<!-- x: printed by test/tools/architecture.ts -->\nold\n<!-- end of x -->\nb\n"

  it("replaces what was there, and again gives the same", () => {
    const once = replaceBetween(page, "x", "new")
    assert.strictEqual(
      once,
      "a\n<!-- x: printed by test/tools/architecture.ts -->\n\nnew\n\n<!-- end of x -->\nb\n"
    )
    assert.strictEqual(replaceBetween(once, "x", "new"), once)
  })

  it("is refused where the markers are missing", () => {
    assert.throws(() => replaceBetween("a", "x", "new"), "no markers")
  })
})
