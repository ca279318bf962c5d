import * as Session from "../../src/protocol/Session.js"
import { tags } from "../../src/protocol/SessionMessage.js"
import * as SimpleQuery from "../../src/protocol/SimpleQuery.js"
import { assert, describe, it } from "@effect/vitest"
import * as Copy from "../../src/protocol/Copy.js"
import { to } from "../../src/protocol/Transition.js"
import { lines, ofTable } from "./arrows.js"

describe("COPY from us", () => {
  it("receives nothing until the client ends the copy, and a count only after CopyDone (FLW-067)", () => {
    assert.deepStrictEqual(
      ofTable(Copy.copyIn("After")),
      lines(`
        CopyIn send CopyDone -> CopyInEnding none
        CopyIn send CopyFail -> CopyInFailing none
        CopyInEnding CommandComplete -> After complete
      `)
    )
  })

  it("has only the error to wait for after CopyFail (FLW-067)", () => {
    assert.deepStrictEqual(Copy.copyIn("After").CopyInFailing, {})
  })
})

describe("COPY to us", () => {
  it("takes data until the server's end, then goes on (FLW-080)", () => {
    assert.deepStrictEqual(
      ofTable(Copy.copyOut("After")),
      lines(`
        CopyOut CopyData -> CopyOut copyData
        CopyOut CopyDone -> After copyDone
      `)
    )
  })
})

describe("COPY both ways", () => {
  it("goes on when both sides have ended, in either order (FLW-087)", () => {
    assert.deepStrictEqual(
      ofTable(Copy.copyBoth("After", { ReadyForQuery: to("Done", "ready") })),
      lines(`
        CopyBoth CopyData -> CopyBoth copyData
        CopyBoth CopyDone -> CopyBothServerDone copyDone
        CopyBoth CommandComplete -> After complete
        CopyBoth send CopyDone -> CopyBothClientDone none
        CopyBothServerDone send CopyDone -> After none
        CopyBothClientDone CopyData -> CopyBothClientDone copyData
        CopyBothClientDone CopyDone -> CopyBothDone copyDone
        CopyBothClientDone CommandComplete -> After complete
        CopyBothDone CopyData -> CopyBothDone copyData
        CopyBothDone ReadyForQuery -> Done ready
      `)
    )
  })

  it("knows no CopyFail (FLW-089)", () => {
    assert.deepStrictEqual(
      ofTable(Copy.copyBoth("After", {})).filter((line) => line.includes("CopyFail")),
      []
    )
  })
})

describe("an error in copy-both", () => {
  it.each([
    ["while both sides send", []],
    ["after we have closed our side", ["send CopyDone"]]
  ] as const)("ends both directions, %s: nothing but ReadyForQuery may follow (FLW-088)", (_, moves) => {
    let session = Session.sent(Session.make<string>(), "stream", SimpleQuery.script)
    session = Session.advance(session, Session.expects(session, tags.CopyBothResponse)!)
    for (const move of moves) session = Session.moved(session, move)!
    session = Session.failed(session)!
    assert.isUndefined(Session.moved(session, "send CopyDone"))
    assert.isUndefined(Session.expects(session, tags.CopyData))
    assert.isUndefined(Session.expects(session, tags.CopyDone))
    assert.isDefined(Session.expects(session, tags.ReadyForQuery))
  })
})
