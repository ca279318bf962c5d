import { assert, describe, it } from "@effect/vitest"
import { assess, count } from "./assess.js"
import { checklist } from "./checklist.js"
import { later, parseItem, settled } from "./item.js"
import { page } from "./page.js"
import { listed, namedIn, reported } from "./reports.js"

describe("a line of the data", () => {
  it("is an id, a text and perhaps a mark", () => {
    assert.deepStrictEqual(parseItem("MSG-001 One thing: another."), {
      id: "MSG-001",
      text: "One thing: another.",
      mark: undefined
    })
    assert.deepStrictEqual(parseItem("MSG-001 A. :: fact").mark, { _tag: "Fact" })
    assert.deepStrictEqual(parseItem("MSG-001 A. :: waits for TLS").mark, { _tag: "WaitsFor", part: "TLS" })
    assert.deepStrictEqual(parseItem("MSG-001 A. :: not applicable, no cache").mark, {
      _tag: "NotApplicable",
      reason: "no cache"
    })
  })

  it.each([
    "MSG-1 A.",
    "MSG-001",
    "MSG-001 A. :: waits for ever",
    "MSG-001 A. :: facts",
    "MSG-001 A. :: not applicable"
  ])("is refused when it reads %j", (line) => {
    assert.throws(() => parseItem(line), line)
  })
})

describe("the titles of tests", () => {
  const entries = (named: ReadonlyMap<string, ReadonlySet<string>>) =>
    [...named].map(([file, ids]) => [file, [...ids]])

  it("are those of the tests that passed, with the groups around them", () => {
    const result = (fullName: string, status: string) => ({ fullName, status })
    const report = {
      testResults: [
        {
          name: "/p/test/b.test.ts",
          assertionResults: [
            result("a group (CON-001) of rows (CON-002, CON-003)", "passed"),
            result("another row (CON-003)", "passed"),
            result("skipped (CON-004)", "skipped"),
            result("failed (CON-005)", "failed"),
            result("planned (CON-006)", "todo")
          ]
        },
        { name: "/p/test/a.test.ts", assertionResults: [result("(GEN-001)", "passed")] },
        { name: "/p/test/c.test.ts", assertionResults: [result("nothing", "passed")] }
      ]
    }
    assert.deepStrictEqual(entries(namedIn(reported(JSON.stringify(report)), "/p")), [
      ["test/a.test.ts", ["GEN-001"]],
      ["test/b.test.ts", ["CON-001", "CON-002", "CON-003"]]
    ])
  })

  it("are those that vitest lists, where nothing was run", () => {
    const list = [{ name: "a group > a test (CON-001)", file: "/p/test/a.test.ts", projectName: "unit" }]
    assert.deepStrictEqual(entries(namedIn(listed(JSON.stringify(list)), "/p")), [
      ["test/a.test.ts", ["CON-001"]]
    ])
  })

  it("name whole ids only, and none in this folder, where they are examples", () => {
    const titles = [
      { file: "/p/test/a.test.ts", text: "XCON-001 CON-0012 CON-02 con-003" },
      { file: "/p/test/conformance/Conformance.test.ts", text: "CON-001" }
    ]
    assert.deepStrictEqual(entries(namedIn(titles, "/p")), [])
  })
})

describe("the assessment", () => {
  const sections = [
    settled(
      "1",
      "Now",
      "a.html",
      "GEN-001 A.\nGEN-002 B. :: fact\nGEN-003 C. :: waits for pools\nGEN-004 D."
    ),
    later(
      "2",
      "Then",
      "b.html",
      "TLS",
      "CON-001 E.\nCON-002 F.\nCON-003 G. :: not applicable, why\nCON-004 H. :: waits for pools"
    )
  ]
  const shownBy = (...shown: ReadonlyArray<string>) =>
    assess(sections, new Map([["test/x.test.ts", new Set(shown)]]))

  it("gives every item one state", () => {
    const { sections } = shownBy("GEN-001", "CON-001")
    assert.deepStrictEqual(
      sections.map(({ items }) => items.map(({ because, state }) => `${state}: ${because}`)),
      [
        [
          "shown: `test/x.test.ts`",
          "fact: the server's own behaviour",
          "not yet: waits for pools",
          "not yet: no test names it"
        ],
        [
          "shown: `test/x.test.ts`",
          "not yet: waits for TLS",
          "not applicable: why",
          "not yet: waits for pools"
        ]
      ]
    )
    assert.deepStrictEqual(
      sections.map(({ items }) => count(items)),
      [
        [1, 1, 0, 2],
        [1, 0, 1, 2]
      ]
    )
  })

  it("finds nothing wrong when settled items are shown or marked", () => {
    assert.deepStrictEqual(shownBy("GEN-001", "GEN-004").faults, [])
  })

  it("finds nothing wrong when an item that waits is shown early, in a section that is not settled", () => {
    assert.deepStrictEqual(shownBy("GEN-001", "GEN-004", "CON-004").faults, [])
  })

  it.each([
    ["an item that no test shows", ["GEN-001"], "GEN-004 belongs to a settled section"],
    ["an id that does not exist", ["GEN-001", "GEN-004", "GEN-999"], "GEN-999, named in test/x.test.ts"],
    ["a wait that is over", ["GEN-001", "GEN-004", "GEN-003"], "GEN-003 is shown by test/x.test.ts"],
    ["a fact that is shown: a client can break it", ["GEN-001", "GEN-004", "GEN-002"], "GEN-002 is shown by"],
    ["an exemption that is shown", ["GEN-001", "GEN-004", "CON-003"], "CON-003 is shown by"]
  ])("finds %s", (_, shown, fault) => {
    const { faults } = shownBy(...shown)
    assert.lengthOf(faults, 1)
    assert.include(faults[0], fault)
  })

  it("finds an item that stands there twice", () => {
    const twice = [...sections, later("3", "Again", "c.html", "TLS", "GEN-002 B.")]
    assert.deepStrictEqual(assess(twice, new Map([["t", new Set(["GEN-001", "GEN-004"])]])).faults, [
      "GEN-002 stands in the checklist twice"
    ])
  })

  it("is printed with counts, states and links into the manual", () => {
    const text = page(shownBy("GEN-001"))
    assert.include(text, "| [1 Now](#1-now) | yes | 4 | 1 | 1 | 0 | 2 |")
    assert.include(text, "| **all** |  | 8 | 1 | 1 | 1 | 5 |")
    assert.include(text, "| GEN-001 | A. | `test/x.test.ts` |")
    assert.include(text, "| CON-003 | G. | not applicable: why |")
    assert.include(text, "(https://www.postgresql.org/docs/current/a.html)")
  })
})

describe("the checklist", () => {
  it("holds each item once, in sections that name a page of the manual", () => {
    assert.deepStrictEqual(
      assess(checklist, new Map()).faults.filter((fault) => fault.includes("twice")),
      []
    )
    assert.deepStrictEqual(
      checklist.filter(({ manual }) => !/^[a-z-]+\.html(#[A-Z0-9-]+)?$/.test(manual)),
      []
    )
  })

  it("numbers the items of each family without gaps", () => {
    const ids = checklist.flatMap(({ items }) => items.map(({ id }) => id))
    const families = [...new Set(ids.map((id) => id.slice(0, 3)))]
    const numbered = families.flatMap((family) =>
      ids.filter((id) => id.startsWith(family)).map((_, at) => `${family}-${String(at + 1).padStart(3, "0")}`)
    )
    assert.deepStrictEqual([...ids].sort(), numbered.sort())
    assert.strictEqual(ids.length, 748)
  })
})
