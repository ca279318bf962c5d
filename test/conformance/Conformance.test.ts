import { describe, expect, it } from "vitest"
import { assess, count } from "./assess.js"
import { checklist } from "./checklist.js"
import { later, parseItem, settled } from "./Item.js"
import { page } from "./page.js"
import { idsInTitles } from "./titles.js"

const ids = (source: string) => [...idsInTitles("x.test.ts", source)]

describe("a line of the data", () => {
  it("is an id, a text and perhaps a mark", () => {
    expect(parseItem("MSG-001 One thing: another.")).toEqual({
      id: "MSG-001",
      text: "One thing: another.",
      mark: undefined
    })
    expect(parseItem("MSG-001 A. :: fact").mark).toEqual({ _tag: "Fact" })
    expect(parseItem("MSG-001 A. :: waits for TLS").mark).toEqual({ _tag: "WaitsFor", part: "TLS" })
    expect(parseItem("MSG-001 A. :: not applicable, no cache").mark).toEqual({
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
    expect(() => parseItem(line)).toThrow(line)
  })
})

describe("the titles of tests", () => {
  it("are read from every way to declare a test", () => {
    const source = `
      describe("a CON-001", () => {
        it("b (CON-002, CON-003)", () => {})
        it.effect("c CON-004", () => {})
        it.effect.prop("d CON-005", [], () => {})
        it.each([1])("e %s CON-006", () => {})
        it.each\`a\`("f CON-007", () => {})
        test(\`g \${1} CON-008\`, () => {})
        it("h " + "CON-009", () => {})
      })
      layer(Live)("i CON-010", (it) => { it.scoped("j CON-011", () => {}) })`
    expect(ids(source).length).toBe(11)
  })

  it("count for nothing when the test does not run, or when only a comment or a body names the item", () => {
    const source = `
      it.skip("CON-001", () => {})
      it.todo("CON-002")
      describe.skip("x", () => { it("CON-003", () => {}) })
      it.fails("CON-004", () => {})
      // it("CON-005")
      it("y", () => { const id = "CON-006" })
      log("CON-007")`
    expect(ids(source)).toEqual([])
  })

  it("are put together from names, choices and rows of a table", () => {
    const source = `
      const name = "CON-001"
      const rows = [["CON-002", "SELECT 1"], { title: "CON-003" }] as const
      it(\`a \${name} \${odd ? "CON-004" : "CON-005"}\`, () => {})
      it.each(rows)("%s", () => {})
      it.effect.each(["CON-006"])("%s", () => {})
      it.skipIf(onWindows)("CON-007", () => {})
      const unused = "CON-008"
      const f = () => { const a = \`\${b}\`; it(a, () => {}) }
      const g = () => { const b = \`\${a}\`; it(b, () => {}) }
      it(unknown, () => {})`
    expect(ids(source)).toEqual(["CON-001", "CON-004", "CON-005", "CON-002", "CON-003", "CON-006", "CON-007"])
  })

  it("may be left to a helper that declares the tests, in a field of that name", () => {
    expect(ids(`golden(codec, { ids: "CON-001, CON-002", other: "CON-003" }, rows)`)).toEqual([
      "CON-001",
      "CON-002"
    ])
    expect(ids(`describe.skip("x", () => { golden(codec, { ids: "CON-001" }) })`)).toEqual([])
  })

  it("name whole ids only", () => {
    expect(ids(`it("XCON-001 CON-0012 CON-02 con-003", () => {})`)).toEqual([])
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
    expect(sections.map(({ items }) => items.map(({ because, state }) => `${state}: ${because}`))).toEqual([
      [
        "shown: `test/x.test.ts`",
        "fact: the server's own behaviour",
        "not yet: waits for pools",
        "not yet: no test names it"
      ],
      ["shown: `test/x.test.ts`", "not yet: waits for TLS", "not applicable: why", "not yet: waits for pools"]
    ])
    expect(sections.map(({ items }) => count(items))).toEqual([
      [1, 1, 0, 2],
      [1, 0, 1, 2]
    ])
  })

  it("finds nothing wrong when settled items are shown or marked, a fact that is shown included", () => {
    expect(shownBy("GEN-001", "GEN-002", "GEN-004").faults).toEqual([])
  })

  it("finds nothing wrong when an item that waits is shown early, in a section that is not settled", () => {
    expect(shownBy("GEN-001", "GEN-004", "CON-004").faults).toEqual([])
  })

  it.each([
    ["an item nobody shows", ["GEN-001"], "GEN-004 belongs to a settled section"],
    ["an id that does not exist", ["GEN-001", "GEN-004", "GEN-999"], "GEN-999, named in test/x.test.ts"],
    ["a wait that is over", ["GEN-001", "GEN-004", "GEN-003"], "GEN-003 is shown by test/x.test.ts"],
    ["an exemption that is shown", ["GEN-001", "GEN-004", "CON-003"], "CON-003 is shown by"]
  ])("finds %s", (_, shown, fault) => {
    expect(shownBy(...shown).faults).toEqual([expect.stringContaining(fault)])
  })

  it("finds an item that stands there twice", () => {
    const twice = [...sections, later("3", "Again", "c.html", "TLS", "GEN-002 B.")]
    expect(assess(twice, new Map([["t", new Set(["GEN-001", "GEN-004"])]])).faults).toEqual([
      "GEN-002 stands in the checklist twice"
    ])
  })

  it("is printed with counts, states and links into the manual", () => {
    const text = page(shownBy("GEN-001"))
    expect(text).toContain("| [1 Now](#1-now) | yes | 4 | 1 | 1 | 0 | 2 |")
    expect(text).toContain("| **all** |  | 8 | 1 | 1 | 1 | 5 |")
    expect(text).toContain("| GEN-001 | A. | `test/x.test.ts` |")
    expect(text).toContain("| CON-003 | G. | not applicable: why |")
    expect(text).toContain("(https://www.postgresql.org/docs/current/a.html)")
  })
})

describe("the checklist", () => {
  it("holds each item once, in sections that name a page of the manual", () => {
    expect(assess(checklist, new Map()).faults.filter((fault) => fault.includes("twice"))).toEqual([])
    expect(checklist.filter(({ manual }) => !/^[a-z-]+\.html(#[A-Z0-9-]+)?$/.test(manual))).toEqual([])
  })

  it("numbers the items of each family without gaps", () => {
    const ids = checklist.flatMap(({ items }) => items.map(({ id }) => id))
    const families = [...new Set(ids.map((id) => id.slice(0, 3)))]
    const numbered = families.flatMap((family) =>
      ids.filter((id) => id.startsWith(family)).map((_, at) => `${family}-${String(at + 1).padStart(3, "0")}`)
    )
    expect([...ids].sort()).toEqual(numbered.sort())
    expect(ids.length).toBe(748)
  })
})
