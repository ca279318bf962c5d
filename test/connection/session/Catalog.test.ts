import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import * as Cancel from "../../../src/connection/session/Cancel.js"
import { CatalogRequest } from "../../../src/connection/session/Catalog.js"
import * as Exchange from "../../../src/connection/session/Exchange.js"
import { PipelineRequest } from "../../../src/connection/statement/ExplicitPipeline.js"
import type { PipelineResult } from "../../../src/connection/statement/PipelineSteps.js"
import type { PgType } from "../../../src/model/PgType.js"
import type { Column } from "../../../src/model/Column.js"
import * as Statement from "../../../src/model/Statement.js"
import type { BackendMessage as Message } from "../../../src/wire/BackendMessage.js"
import {
  bound,
  column,
  columns,
  complete,
  described,
  error,
  type Harness,
  harness,
  int4,
  notice,
  parsed,
  ready,
  row,
  tick
} from "../core.js"

const mood = 70_000
const moodArray = 70_001
const known = "Bind Execute Sync"
const question = "Parse Bind Execute Sync"
const x = column("x", moodArray)

/** `{sad}` in binary. */
const oneSad = "\0\0\0\x01\0\0\0\0\0\x01\x11\x70\0\0\0\x01\0\0\0\x01\0\0\0\x03sad"

/** The catalogue's answer: an enum and the array over it. */
const enums = [
  row(`${moodArray}`, "0", "public", "_mood", ",", "a", `${mood}`, null, "{}", null, null, null, "{1}"),
  row(
    `${mood}`,
    `${moodArray}`,
    "public",
    "mood",
    ",",
    "e",
    null,
    null,
    "{sad,glad}",
    null,
    null,
    null,
    "{2}"
  )
]
const told = (...rows: ReadonlyArray<Message>): ReadonlyArray<Message> => [
  parsed,
  bound,
  ...rows,
  complete(`SELECT ${rows.length}`)
]
const done = (...rows: ReadonlyArray<Message>): ReadonlyArray<Message> => [...told(...rows), ready()]
const answer = (text: string, status: "I" | "T" = "I"): ReadonlyArray<Message> => [
  bound,
  row(text),
  complete("SELECT 1"),
  ready(status)
]

const finding = (options: Parameters<typeof harness>[0] = {}): Harness => {
  const pg = harness(options)
  pg.core.findsTypes = true
  return pg
}

/** A harness whose session is inside a transaction block. */
const within = async (options: Parameters<typeof harness>[0] = {}): Promise<Harness> => {
  const pg = finding(options)
  pg.query("begin")
  pg.say(...described([], []), bound, complete("BEGIN"), ready("T"))
  await pg.sent()
  return pg
}

describe("types that a statement meets", () => {
  it("are asked for before it runs, in its turn, and read it then", async () => {
    const pg = finding()
    const first = pg.query("select moods")
    const other = pg.query("select 1")
    assert.deepStrictEqual(await pg.sent(), ["Parse Describe Flush"])
    pg.say(...described([], [x]))
    assert.deepStrictEqual(await pg.sent(), ["Sync"])
    pg.say(ready())
    assert.deepStrictEqual(await pg.sent(), [question])
    pg.say(...done(...enums))
    // What was issued behind it runs behind it.
    assert.deepStrictEqual(await pg.sent(), [`${known} Parse Describe Flush`])
    pg.say(bound, row(oneSad), complete("SELECT 1"), ready())
    assert.deepStrictEqual(first.value?.rows, [{ x: ["sad"] }])
    assert.strictEqual(first.count, 1)
    pg.say(...described([], [int4("x")]), bound, row(1), complete("SELECT 1"), ready())
    assert.deepStrictEqual(other.value?.rows, [{ x: 1 }])
  })

  it("are asked for by the OIDs of parameters and columns, each once", async () => {
    const pg = finding()
    pg.query("select $1", [["sad"]])
    pg.say(...described([moodArray], [x, column("y", mood), int4("z")]))
    pg.say(ready())
    const messages = await pg.messages()
    const bind = messages.filter(({ _tag }) => _tag === "Bind")[0]
    assertSubset(bind, { parameterFormats: [1, 1] })
    const oids = (bind as { parameters: ReadonlyArray<Uint8Array> }).parameters[0]!
    assert.strictEqual(
      Buffer.from(oids).toString("hex"),
      ["00000001 00000000 0000001a 00000002 00000001", "00000004 00011171", "00000004 00011170"]
        .join("")
        .replaceAll(" ", "")
    )
  })

  it("that the catalogue does not know are text, and are asked for when another statement meets them", async () => {
    const pg = finding()
    for (const sql of ["select a", "select b"]) {
      const told = pg.query(sql)
      pg.say(...described([], [x]), ready())
      assert.include((await pg.sent()).at(-1), `Sync ${question}`)
      pg.say(...done())
      await tick()
      pg.say(...answer("{sad}"))
      assert.deepStrictEqual(told.value?.rows, [{ x: "{sad}" }])
      await pg.sent()
    }
    // The transaction that makes them may end later; a statement that is known already asks no more.
    const again = pg.query("select a")
    assert.deepStrictEqual(await pg.sent(), ["Bind Execute Sync"])
    pg.say(...answer("{sad}"))
    assert.deepStrictEqual(again.value?.rows, [{ x: "{sad}" }])
  })

  it("that another connection has found need no question, and no new description", async () => {
    const pg = finding()
    pg.core.findsTypes = false
    const first = pg.query("select moods")
    pg.say(...described([], [x]), ...answer("{sad}"))
    assert.deepStrictEqual(first.value?.rows, [{ x: "{sad}" }])
    await pg.sent()
    const type: PgType = {
      oid: mood,
      arrayOid: moodArray,
      schema: "public",
      name: "mood",
      delimiter: ",",
      shape: { _tag: "Enum", labels: [] }
    }
    pg.core.types.learn([type], [mood])
    pg.query("select moods")
    const [bind] = await pg.messages()
    assertSubset(bind, { _tag: "Bind", resultFormats: [1] })
  })

  it("that were forgotten are described and asked for anew, and the old description is closed", async () => {
    const pg = finding()
    pg.query("select moods")
    pg.say(...described([], [x]))
    pg.say(ready())
    pg.say(...done(...enums))
    pg.say(bound, complete("SELECT 0"), ready())
    await pg.sent()
    pg.core.types.forget()
    const again = pg.query("select moods")
    assert.deepStrictEqual(await pg.sent(), ["Parse Describe Flush"])
    pg.say(...described([], [x]))
    assert.deepStrictEqual(await pg.sent(), ["Sync"])
    pg.say(ready())
    assert.deepStrictEqual(await pg.sent(), [question])
    pg.say(...done(...enums))
    assert.deepStrictEqual(await pg.sent(), [`Close ${known}`])
    assert.strictEqual(again.count, 0)
  })

  it("of a statement described without a look-up are looked up before it runs again", async () => {
    const pg = finding()
    pg.core.findsTypes = false
    pg.query("select moods")
    pg.say(...described([], [x]), ...answer("{sad}"))
    await pg.sent()
    pg.core.findsTypes = true
    pg.query("select moods")
    assert.deepStrictEqual(await pg.sent(), ["Sync"])
    pg.say(ready())
    assert.deepStrictEqual(await pg.sent(), [question])
    pg.say(...done(...enums))
    assert.deepStrictEqual(await pg.sent(), [known])
  })

  it("are text when the catalogue may not be asked, and it is not asked again", async () => {
    const pg = finding()
    const first = pg.query("select moods")
    pg.say(...described([], [x]), ready())
    assert.include((await pg.sent()).at(-1), question)
    pg.say(error("42501"), ready())
    await tick()
    pg.say(...answer("{sad}"))
    assert.deepStrictEqual(first.value?.rows, [{ x: "{sad}" }])
    pg.query("select others")
    pg.say(...described([], [column("x", 71_000)]))
    await pg.sent()
    assert.strictEqual(pg.core.findsTypes, false)
    assert.strictEqual(pg.core.session.script.length, 3)
  })

  it.each([
    ["an invalid number", row("x", "0", "public", "m", ",", "e", null, null, "{}", null, null, null, "{}")],
    [
      "labels that are no array",
      row("9", "0", "public", "m", ",", "e", null, null, "{", null, null, null, "{}")
    ]
  ])("are text when the answer cannot be read: %s", async (_, wrong) => {
    const pg = finding()
    const first = pg.query("select moods")
    pg.say(...described([], [x]), ready())
    await pg.sent()
    pg.say(...done(wrong))
    await tick()
    pg.say(...answer("{sad}"))
    assert.deepStrictEqual(first.value?.rows, [{ x: "{sad}" }])
    assert.strictEqual(pg.core.findsTypes, false)
  })

  it("stay as they are read when the catalogue answers with unknown kinds", async () => {
    const pg = finding()
    const first = pg.query("select moods")
    pg.say(...described([], [x]), ready())
    await pg.sent()
    pg.say(
      ...done(row(`${moodArray}`, "0", "public", "m", ",", "z", null, null, "{}", null, null, null, "{1}"))
    )
    await tick()
    pg.say(...answer("{sad}"))
    assert.deepStrictEqual(first.value?.rows, [{ x: "{sad}" }])
  })

  it("are asked for behind a savepoint inside a transaction block, which is released", async () => {
    const pg = await within()
    pg.query("select moods")
    pg.say(...described([], [x]))
    await pg.sent()
    pg.say(ready("T"))
    const messages = await pg.messages()
    assert.strictEqual(
      messages.map(({ _tag }) => _tag).join(" "),
      "Parse Bind Execute Parse Bind Execute Parse Bind Execute Sync"
    )
    assert.deepStrictEqual(
      messages.flatMap((message) => (message._tag === "Parse" ? [message.sql.slice(0, 17)] : [])),
      ["savepoint effect_", "with recursive as", "release savepoint"]
    )
    pg.say(
      parsed,
      bound,
      complete("SAVEPOINT"),
      ...told(...enums),
      parsed,
      bound,
      complete("RELEASE"),
      ready("T")
    )
    assert.deepStrictEqual(await pg.sent(), [known])
    assert.strictEqual(pg.core.registry.nameOf(moodArray), "mood[]")
  })

  it("do not fail the transaction when the question is refused", async () => {
    const pg = await within()
    const first = pg.query("select moods")
    pg.say(...described([], [x]))
    pg.say(ready("T"))
    await pg.sent()
    pg.say(parsed, bound, complete("SAVEPOINT"), error("42501"), ready("E"))
    const messages = await pg.messages()
    assert.deepStrictEqual(
      messages.flatMap((message) => (message._tag === "Parse" ? [message.sql] : [])),
      ["rollback to savepoint effect_postgres_types", "release savepoint effect_postgres_types"]
    )
    pg.say(parsed, bound, complete("ROLLBACK"), parsed, bound, complete("RELEASE"), ready("T"))
    assert.deepStrictEqual(await pg.sent(), [known])
    pg.say(...answer("{sad}", "T"))
    assert.deepStrictEqual(first.value?.rows, [{ x: "{sad}" }])
    assert.deepStrictEqual([pg.core.findsTypes, pg.core.session.status], [false, "T"])
  })

  it("are not asked for in a failed transaction", async () => {
    const pg = await within()
    pg.query("select 1 / 0")
    pg.say(error("22012"), ready("E"))
    await pg.sent()
    const rolled = pg.query("rollback and chain returning moods")
    pg.say(...described([], [x]))
    await tick()
    pg.say(...answer("{sad}", "T"))
    assert.deepStrictEqual(rolled.value?.rows, [{ x: "{sad}" }])
  })

  it("let an interrupted statement go while they are asked for, and the question is cancelled", async () => {
    let cancels = 0
    const pg = finding({ cancelKey: new Uint8Array(4), sendCancel: () => Effect.sync(() => void cancels++) })
    const told = pg.query("select moods")
    pg.say(...described([], [x]))
    pg.say(ready())
    assert.include((await pg.sent()).at(-1), question)
    const fiber = Effect.runFork(Cancel.abandon(pg.core, told.request))
    await tick()
    assert.deepStrictEqual([cancels, told.request.state], [1, "settled"])
    pg.say(error("57014"), ready())
    await Effect.runPromise(Fiber.join(fiber))
    assert.deepStrictEqual(await pg.sent(), [])
    assert.deepStrictEqual(
      [pg.core.findsTypes, pg.core.waiting, pg.core.cancels, told.count],
      [true, 0, 0, 0]
    )
  })

  it("are not looked up when the caller is interrupted before the look-up is sent, and nothing is repeated", async () => {
    const pg = finding({ cancelKey: new Uint8Array(4) })
    const told = pg.query("select moods")
    pg.say(...described([], [x]))
    await pg.sent()
    const fiber = Effect.runFork(Cancel.abandon(pg.core, told.request))
    pg.say(ready())
    await Effect.runPromise(Fiber.join(fiber))
    assert.deepStrictEqual(await pg.sent(), [])
    assert.deepStrictEqual([told.request.state, pg.core.waiting, pg.core.ended], ["settled", 0, undefined])
  })

  it("leave a transaction failed when the look-up is cancelled: the interrupted caller rolls back", async () => {
    const pg = await within({ cancelKey: new Uint8Array(4) })
    const told = pg.query("select moods")
    pg.say(...described([], [x]))
    pg.say(ready("T"))
    await pg.sent()
    const fiber = Effect.runFork(Cancel.abandon(pg.core, told.request))
    await tick()
    pg.say(parsed, bound, complete("SAVEPOINT"), error("57014"), ready("E"))
    await Effect.runPromise(Fiber.join(fiber))
    assert.deepStrictEqual(await pg.sent(), [])
    assert.deepStrictEqual(
      [pg.core.session.status, pg.core.waiting, pg.core.findsTypes, pg.core.ended],
      ["E", 0, true, undefined]
    )
  })

  it("are not looked up when the caller was interrupted before the description came", async () => {
    const pg = finding({ cancelKey: new Uint8Array(4) })
    const told = pg.query("select moods")
    await pg.sent()
    const fiber = Effect.runFork(Cancel.abandon(pg.core, told.request))
    await tick()
    pg.say(...described([], [x]))
    assert.deepStrictEqual(await pg.sent(), ["Sync"])
    pg.say(ready())
    await Effect.runPromise(Fiber.join(fiber))
    assert.deepStrictEqual(await pg.sent(), [])
  })

  it.each([100, 0])(
    "of a pipeline are asked for together, before its first step (%i named)",
    async (statements) => {
      const pg = finding({ statements })
      const told = pg.submit<PipelineResult>(
        (outcome) =>
          new PipelineRequest(
            ["select moods", "select others", "select 1"].map((sql) => ({ statement: Statement.make(sql) })),
            "object",
            outcome
          )
      )
      const describe = () =>
        pg.say(...described([], [x]), ...described([], [column("x", 75_000)]), ...described([], [int4("x")]))
      await pg.sent()
      describe()
      assert.deepStrictEqual(await pg.sent(), ["Sync"])
      pg.say(ready())
      assert.deepStrictEqual(await pg.sent(), [question])
      pg.say(...done(...enums))
      const named = statements > 0
      const one = named ? "Bind Execute" : "Parse Bind Describe Execute"
      assert.deepStrictEqual(await pg.sent(), [`${one} ${one} ${one} Sync`])
      const begun = (column: Column) => (named ? [bound] : [parsed, bound, columns(column)])
      pg.say(
        ...[...begun(column("x", moodArray, 1)), complete("SELECT 0")],
        ...[...begun(column("x", 75_000)), row("text"), complete("SELECT 1")],
        ...[...begun(column("x", 23, 1)), row(1), complete("SELECT 1")],
        ready()
      )
      assert.deepStrictEqual(
        told.value?.steps.map((step) => (step._tag === "Completed" ? step.result.rows : step._tag)),
        [[], [{ x: "text" }], [{ x: 1 }]]
      )
    }
  )

  it("fail with the connection, for every statement that waits", async () => {
    const pg = finding()
    const told = pg.query("select moods")
    pg.say(...described([], [x]), ready())
    await pg.sent()
    pg.say(notice("57P01", { severity: "WARNING" }), error("57P01", { severity: "FATAL" }))
    assert.deepStrictEqual([told.failure?._tag, told.count], ["PgClosedError", 1])
  })
})

describe("types asked for by name", () => {
  it("come in their order, and what they are made of behind", async () => {
    const pg = harness()
    const types = Effect.runFork(
      Exchange.run<ReadonlyArray<PgType>>(
        pg.core,
        (outcome) => new CatalogRequest([moodArray, "mood"], outcome),
        undefined
      )
    )
    await tick()
    pg.say(...done(...enums))
    const found = await Effect.runPromise(Fiber.join(types))
    assert.deepStrictEqual(found, [
      {
        oid: moodArray,
        arrayOid: 0,
        schema: "public",
        name: "_mood",
        delimiter: ",",
        shape: { _tag: "Array", element: mood }
      },
      {
        oid: mood,
        arrayOid: moodArray,
        schema: "public",
        name: "mood",
        delimiter: ",",
        shape: { _tag: "Enum", labels: ["sad", "glad"] }
      }
    ])
  })

  it("fail with the server's word, and leave no mark on the connection", async () => {
    const pg = finding()
    const told = pg.submit<ReadonlyArray<PgType>>((outcome) => new CatalogRequest(["nix"], outcome))
    pg.say(error("42704"), ready())
    assertSubset(told.failure, { code: "42704" })
    assert.strictEqual(pg.core.findsTypes, true)
    const wrong = pg.submit<ReadonlyArray<PgType>>((outcome) => new CatalogRequest(["a\0"], outcome))
    assertSubset(wrong.failure, { _tag: "PgUsageError", argument: "types" })
    await pg.sent()
    assert.strictEqual(pg.core.writer.offset, 0)
  })

  it("fail a transaction no more than any refused question", async () => {
    const pg = await within()
    const told = pg.submit<ReadonlyArray<PgType>>((outcome) => new CatalogRequest(["nix"], outcome))
    pg.say(parsed, bound, complete("SAVEPOINT"), error("42704"), ready("E"))
    await pg.sent()
    pg.say(parsed, bound, complete("ROLLBACK"), parsed, bound, complete("RELEASE"), ready("T"))
    assertSubset(told.failure, { code: "42704" })
    assert.strictEqual(told.count, 1)
  })
})
