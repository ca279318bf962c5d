import { assert, describe, it } from "@effect/vitest"
import { nodes, table } from "../../src/protocol/ExtendedQuery.js"
import { lines, ofNodes, ofTable } from "./arrows.js"

const expected = lines(`
  Closing CloseComplete -> Next closed
  Parsing ParseComplete -> Next parsed
  Describing ParameterDescription -> DescribingColumns parameters
  DescribingColumns RowDescription -> Next columns
  DescribingColumns NoData -> Next noColumns
  DescribingPortal RowDescription -> Next columns
  DescribingPortal NoData -> Next noColumns
  Binding BindComplete -> Next bound

  Fetching DataRow -> Fetching rows
  Fetching CommandComplete -> Next complete
  Fetching EmptyQueryResponse -> Next empty
  Fetching PortalSuspended -> Next suspended
  Fetching CopyInResponse -> CopyIn copyIn
  Fetching CopyOutResponse -> CopyOut copyOut

  CopyIn send CopyDone -> CopyInEnding none
  CopyIn send CopyFail -> CopyInFailing none
  CopyInEnding CommandComplete -> Next complete
  CopyOut CopyData -> CopyOut copyData
  CopyOut CopyDone -> CopyOutEnding copyDone
  CopyOutEnding CommandComplete -> Next complete

  Syncing ReadyForQuery -> Done ready
`)

const from = (state: string): ReadonlyArray<string> =>
  ofNodes(nodes).filter((line) => line.startsWith(`${state} `))

describe("an extended query", () => {
  it("takes these messages in these states and no other (MSG-038)", () => {
    assert.deepStrictEqual(ofNodes(nodes), expected)
  })

  it("prints the table it runs", () => {
    assert.deepStrictEqual(ofTable(table), expected)
  })

  it.each([
    ["Parsing", "Parse is answered by ParseComplete alone (MSG-027)", ["ParseComplete"]],
    ["Binding", "Bind is answered by BindComplete alone (MSG-028)", ["BindComplete"]],
    ["Describing", "the parameters of a statement come first (MSG-029)", ["ParameterDescription"]],
    ["DescribingColumns", "its columns, or none, come second (MSG-029)", ["NoData", "RowDescription"]],
    ["DescribingPortal", "a portal has columns or none (MSG-030)", ["NoData", "RowDescription"]],
    ["Closing", "Close is answered by CloseComplete alone (MSG-032)", ["CloseComplete"]],
    ["Syncing", "Sync is answered by ReadyForQuery alone (MSG-034)", ["ReadyForQuery"]]
  ])("%s: %s", (state, _title, messages) => {
    assert.deepStrictEqual(
      from(state).map((line) => line.split(" ")[1]),
      messages
    )
  })

  it("never takes a row description from Execute (MSG-031)", () => {
    assert.strictEqual(
      from("Fetching").some((line) => line.includes("RowDescription")),
      false
    )
    assert.lengthOf(from("Fetching"), 6)
  })
})
