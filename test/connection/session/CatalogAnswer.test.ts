import { assert, describe, it } from "@effect/vitest"
import { CatalogRequest } from "../../../src/connection/session/Catalog.js"
import type { PgType } from "../../../src/model/PgType.js"
import type { BackendMessage as Message } from "../../../src/wire/BackendMessage.js"
import { bound, complete, type Harness, harness, parsed, ready, row } from "../core.js"

const finding = (): Harness => {
  const pg = harness()
  pg.core.findsTypes = true
  return pg
}

const done = (...rows: ReadonlyArray<Message>): ReadonlyArray<Message> => [
  parsed,
  bound,
  ...rows,
  complete(`SELECT ${rows.length}`),
  ready()
]

describe("the answer of the catalogue", () => {
  const learn = (pg: Harness, asked: ReadonlyArray<number>) =>
    pg.submit<ReadonlyArray<PgType>>((outcome) => new CatalogRequest(asked, outcome))

  /** A type of the kind and with the attributes given, at this place of the question. */
  const type = (
    oid: number,
    at: string,
    kind = "e",
    names: string | null = null,
    types: string | null = null
  ) =>
    row(`${oid}`, "0", "public", `t${oid}`, ",", kind, null, null, "{}", names, types, names && "{7,8,9}", at)

  it("returns the fields of a composite without dropped ones, and the transaction that changed each", async () => {
    const pg = finding()
    const asked = learn(pg, [80_000])
    await pg.sent()
    pg.say(...done(type(80_000, "{1}", "c", "{a,NULL,b}", "{23,0,25}")))
    const [found] = asked.value ?? []
    assert.deepStrictEqual(found?.shape, {
      _tag: "Composite",
      fields: [
        { name: "a", type: 23 },
        { name: "b", type: 25 }
      ],
      attributes: [
        { field: 0, changedBy: 7 },
        { field: -1, changedBy: 8 },
        { field: 1, changedBy: 9 }
      ]
    })
  })

  it("gives types in the order of the question, each as often as it was asked for, then what they are made of", async () => {
    const pg = finding()
    const asked = learn(pg, [80_002, 80_001, 80_002])
    await pg.sent()
    pg.say(...done(type(80_003, "{}"), type(80_001, "{2}"), type(80_002, "{3,1}")))
    assert.deepStrictEqual(
      asked.value?.map(({ oid }) => oid),
      [80_002, 80_001, 80_002, 80_003]
    )
  })
})
