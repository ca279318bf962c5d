import { assert, describe, it } from "@effect/vitest"
import { nodes, script, table } from "../../src/protocol/SimpleQuery.js"
import { lines, ofNodes, ofTable } from "./arrows.js"

const expected = lines(`
  Statement RowDescription -> Rows columns
  Statement CommandComplete -> Statement complete
  Statement EmptyQueryResponse -> Statement empty
  Statement CopyInResponse -> CopyIn copyIn
  Statement CopyOutResponse -> CopyOut copyOut
  Statement CopyBothResponse -> CopyBoth copyBoth
  Statement ReadyForQuery -> Done ready

  Rows DataRow -> Rows rows
  Rows CommandComplete -> Statement complete

  CopyIn send CopyDone -> CopyInEnding none
  CopyIn send CopyFail -> CopyInFailing none
  CopyInEnding CommandComplete -> Statement complete

  CopyOut CopyData -> CopyOut copyData
  CopyOut CopyDone -> Statement copyDone

  CopyBoth CopyData -> CopyBoth copyData
  CopyBoth CopyDone -> CopyBothServerDone copyDone
  CopyBoth CommandComplete -> Statement complete
  CopyBoth send CopyDone -> CopyBothClientDone none
  CopyBothServerDone send CopyDone -> Statement none
  CopyBothClientDone CopyData -> CopyBothClientDone copyData
  CopyBothClientDone CopyDone -> CopyBothDone copyDone
  CopyBothClientDone CommandComplete -> Statement complete
  CopyBothDone CopyData -> CopyBothDone copyData
  CopyBothDone RowDescription -> Rows columns
  CopyBothDone CommandComplete -> Statement complete
  CopyBothDone EmptyQueryResponse -> Statement empty
  CopyBothDone CopyInResponse -> CopyIn copyIn
  CopyBothDone CopyOutResponse -> CopyOut copyOut
  CopyBothDone CopyBothResponse -> CopyBoth copyBoth
  CopyBothDone ReadyForQuery -> Done ready
`)

describe("a simple query", () => {
  it("takes these messages in these states and no other (MSG-035, MSG-038)", () => {
    assert.deepStrictEqual(ofNodes(nodes), expected)
  })

  it("prints the table it runs", () => {
    assert.deepStrictEqual(ofTable(table), expected)
  })

  it("begins between statements", () => {
    assert.deepStrictEqual(script, [nodes.Statement])
  })

  it("ends in ReadyForQuery and nowhere else, and not amid rows or copies (MSG-035)", () => {
    assert.deepStrictEqual(
      ofNodes(nodes).filter((line) => line.includes("-> Done")),
      ["CopyBothDone ReadyForQuery -> Done ready", "Statement ReadyForQuery -> Done ready"]
    )
  })
})
