/** What a real `wal2json` sent for one history under many options, compared with what `pgoutput` sent for the same. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { readFileSync } from "node:fs"
import * as Oid from "../../src/model/Oid.js"
import type { LogicalEvent, Relation } from "../../src/replication/changes/LogicalEvent.js"
import type { PluginChange, PluginColumns } from "../../src/replication/plugins/PluginChange.js"
import { isUnchanged } from "../../src/replication/changes/Unchanged.js"
import * as Wal2Json from "../../src/replication/plugins/Wal2Json.js"
import type { ObjectRow } from "../../src/types/RowShape.js"
import type { Told } from "./pluginTold.js"
import { asSent, dense, eventsOf, generated, ofDomain, present, toldBy, untold } from "./pluginTold.js"

interface Scene {
  readonly name: string
  readonly options: Readonly<Record<string, string>>
  readonly messages: ReadonlyArray<readonly [lsn: string, text: string]>
}

const file = JSON.parse(
  readFileSync(new URL("../fixtures/wal2json/v15.json", import.meta.url), "utf8").replaceAll(
    /<2100 (\w+)>/g,
    (_, unit: string) => unit.repeat(2100)
  )
) as Readonly<{ pgoutput: Scene["messages"]; scenes: ReadonlyArray<Scene> }>

const scenes = file.scenes.filter(({ options }) => options["write-in-chunks"] === undefined)
const sceneOf = (version: number, name: string): Scene =>
  file.scenes.find((scene) => scene.name === name && scene.options["format-version"] === String(version))!

const changesOf = ({ messages, options }: Scene): ReadonlyArray<PluginChange> =>
  messages.flatMap(([, text]) =>
    options["format-version"] === "1"
      ? Either.getOrThrow(Wal2Json.parse1(text))
      : [Either.getOrThrow(Wal2Json.parse2(text))]
  )

// What pgoutput sent, as this plugin would have sent it.

const events = eventsOf(file.pgoutput)

const floats: ReadonlySet<number> = new Set([Oid.float4, Oid.float8, Oid.numeric])
const isSpecial = (value: unknown) => /^(?:NaN|-?Infinity)$/.test(String(value))

const expectedRow = (relation: Relation, row: ObjectRow, isBase: boolean): ObjectRow => ({
  ...generated(relation),
  ...Object.fromEntries(
    relation.columns.flatMap(({ name, typeOid }) => {
      const value = row[name]
      if (!Object.hasOwn(row, name) || isUnchanged(value)) return []
      if (floats.has(typeOid) && isSpecial(value)) return [[name, null]]
      return [[name, value !== null && !isBase && name in ofDomain ? ofDomain[name] : value]]
    })
  )
})

const expected = ({ options }: Scene): ReadonlyArray<Told> => {
  const isFirst = options["format-version"] === "1"
  const isBase = options["include-domain-data-type"] === "1"
  const place = ({ name, schema }: Relation) => ({
    schema: options["include-schemas"] === "0" ? "" : schema,
    table: name
  })
  const old = (relation: Relation, row: ObjectRow) => {
    const told = expectedRow(relation, row, isBase)
    return isFirst ? present(told) : told
  }
  const actions = options["actions"]?.split(",") ?? ["insert", "update", "delete", "truncate"]
  const counts = (event: LogicalEvent): boolean => {
    if (event._tag === "LogicalMessage") {
      return (options["add-msg-prefixes"] ?? event.prefix) === event.prefix
    }
    if (event._tag === "Truncate") return !isFirst && actions.includes("truncate")
    if (!("relation" in event)) return true
    const table = `${event.relation.schema}.${event.relation.name}`
    return (
      actions.includes(event._tag.toLowerCase()) &&
      (options["add-tables"] ?? table) === table &&
      options["filter-tables"] !== table
    )
  }
  const told = events.filter(counts).flatMap((event): ReadonlyArray<Told> => {
    switch (event._tag) {
      case "Begin":
      case "Commit":
        return options["include-transaction"] === "0" ? [] : [{ tag: event._tag, schema: "", table: "" }]
      case "Insert": {
        const { new: row, relation } = event
        return [{ tag: "Insert", ...place(relation), new: expectedRow(relation, row, isBase) }]
      }
      case "Update": {
        const { new: row, relation } = event
        // Where the key did not change the plugin takes it from the new row.
        const key = event.old ?? Object.fromEntries(relation.keys.map((name) => [name, row[name]]))
        return [
          {
            tag: "Update",
            ...place(relation),
            old: old(relation, key),
            new: expectedRow(relation, asSent(event), isBase)
          }
        ]
      }
      case "Delete":
        return [{ tag: "Delete", ...place(event.relation), old: old(event.relation, event.old) }]
      case "Truncate":
        return event.relations
          .filter(
            ({ name, schema }) => (options["add-tables"] ?? `${schema}.${name}`) === `${schema}.${name}`
          )
          .map((relation) => ({ tag: "Truncate", ...place(relation) }))
      case "LogicalMessage": {
        const content = new TextDecoder().decode(event.content)
        const isInside = event.transaction !== undefined
        return [{ tag: "Message", schema: "", table: "", new: [isInside, event.prefix, content] }]
      }
      default:
        return []
    }
  })
  return dense(told)
}

describe("the changes of a real wal2json", () => {
  for (const scene of scenes.filter(({ name }) => name !== "no types")) {
    const version = scene.options["format-version"]
    it(`are those of pgoutput, except what the plugin loses: ${scene.name}, version ${version} (REP-090)`, () => {
      const told = changesOf(scene).map(toldBy)
      const all = told.filter(({ table }) => !untold.has(table))
      assert.deepStrictEqual(dense(all), expected(scene))
      assert.isTrue(told.every(({ table, tag }) => !untold.has(table) || tag === "Insert"))
    })
  }

  for (const version of [1, 2]) {
    for (const name of ["transactions", "another time zone"]) {
      it(`has ids, times and positions of transactions: ${name}, version ${version} (REP-090)`, () => {
        const found = new Map<number, ReadonlyArray<unknown>>()
        for (const change of changesOf(sceneOf(version, name))) {
          if (change._tag === "Commit") found.set(change.xid!, [String(change.time), change.nextLsn])
        }
        let commits = 0
        for (const event of events) {
          if (event._tag !== "Commit") continue
          const { time, xid } = event.transaction
          assert.deepStrictEqual(found.get(xid), [String(time), event.endLsn])
          commits++
        }
        assert.isAbove(commits, 15)
      })
    }

    it(`have every value as text where no type is sent, version ${version} (REP-090)`, () => {
      const plain = changesOf(sceneOf(version, "nothing more"))
      const bare = changesOf(sceneOf(version, "no types"))
      const untyped = (columns: PluginColumns): PluginColumns =>
        columns.map((column) => ({
          ...column,
          type: "",
          value:
            column.type === "bytea" && typeof column.value === "string" ? column.value.slice(2) : column.value
        }))
      assert.deepStrictEqual(
        bare,
        plain.map((change): PluginChange =>
          change._tag === "Insert"
            ? { ...change, new: untyped(change.new) }
            : change._tag === "Update"
              ? { ...change, old: change.old && untyped(change.old), new: untyped(change.new) }
              : change._tag === "Delete"
                ? { ...change, old: change.old && untyped(change.old) }
                : change
        )
      )
    })
  }

  it("names types as the server does, also where it writes no JSON for it", () => {
    const typesIn = (version: number, name: string) =>
      changesOf(sceneOf(version, name)).flatMap((change) =>
        change._tag === "Insert" && change.table === 'Ta"b le' ? [change.new.map(({ type }) => type)] : []
      )[0]
    const names = ["integer", '"Odd"."Mo""od"', '"Odd"."Mo""od"[]']
    assert.deepStrictEqual(typesIn(1, "nothing more"), names)
    assert.deepStrictEqual(typesIn(2, "nothing more"), names)
    assert.deepStrictEqual(typesIn(1, "types by their short names"), ["int4", 'Mo"od', '_Mo"od'])
    assert.strictEqual(typesIn(2, "types by OID")?.[0], "int4")
  })

  for (const name of ["chunks", "pretty chunks"]) {
    it(`is refused by the piece, and read once its pieces are joined: ${name}`, () => {
      const { messages, options } = sceneOf(1, name)
      const joined: Array<string> = []
      let open: string | undefined
      for (const [, text] of messages) {
        if (open === undefined && text.trimEnd().endsWith("}")) {
          joined.push(text)
          continue
        }
        assert.isTrue(Either.isLeft(Wal2Json.parse1(text)))
        open = (open ?? "") + text
        if (!text.trimStart().startsWith("]")) continue
        joined.push(open)
        open = undefined
      }
      const whole = { name, options, messages: joined.map((text) => ["", text] as const) }
      const told = changesOf(whole).map(toldBy)
      assert.deepStrictEqual(dense(told.filter(({ table }) => !untold.has(table))), expected(whole))
    })
  }
})
