/** The history of `test/fixtures/wal2json` as plugins send it, in a form in which they can be compared. */
import { assert } from "@effect/vitest"
import type { LogicalEvent, Relation, Update } from "../../src/replication/changes/LogicalEvent.js"
import type { PluginChange, PluginColumns } from "../../src/replication/plugins/PluginChange.js"
import { row as rowOf } from "../../src/replication/plugins/PluginChange.js"
import { Unchanged } from "../../src/replication/changes/Unchanged.js"
import type { ObjectRow } from "../../src/types/RowShape.js"
import * as Registry from "../../src/types/Registry.js"
import { payloads } from "../wire/replication/captures.js"
import { Consumer } from "./payloads.js"

/** A change, with its rows decoded; schema and table empty of what has none. */
export interface Told {
  readonly tag: string
  readonly schema: string
  readonly table: string
  readonly old?: unknown
  readonly new?: unknown
}

const decode = (columns: PluginColumns | undefined): unknown =>
  columns === undefined ? undefined : rowOf(columns, Registry.lossless)

export const toldBy = (change: PluginChange): Told => {
  switch (change._tag) {
    case "Insert":
      return { tag: "Insert", schema: change.schema, table: change.table, new: decode(change.new) }
    case "Update":
      return {
        tag: "Update",
        schema: change.schema,
        table: change.table,
        old: decode(change.old),
        new: decode(change.new)
      }
    case "Delete":
      return { tag: "Delete", schema: change.schema, table: change.table, old: decode(change.old) }
    case "Truncate":
      return { tag: "Truncate", schema: change.tables[0]!.schema, table: change.tables[0]!.table }
    case "Message":
      return {
        tag: "Message",
        schema: "",
        table: "",
        new: [change.transactional, change.prefix, change.content]
      }
    default:
      return { tag: change._tag, schema: "", table: "" }
  }
}

/** Without transactions in which nothing is left. */
export const dense = (told: ReadonlyArray<Told>): ReadonlyArray<Told> =>
  told.filter(
    ({ tag }, at) =>
      !(tag === "Begin" && told[at + 1]?.tag === "Commit") &&
      !(tag === "Commit" && told[at - 1]?.tag === "Begin")
  )

/** What `pgoutput` sent: positions and payloads as hexadecimal digits. */
export const eventsOf = (
  messages: ReadonlyArray<readonly [lsn: string, data: string]>
): ReadonlyArray<LogicalEvent> => {
  const consumer = new Consumer()
  for (const each of payloads({ version: 0, scene: "plain", options: {}, messages })) {
    assert.isNull(consumer.take(each))
  }
  return consumer.events
}

/** pgoutput leaves out generated columns. */
export const generated = (relation: Relation): ObjectRow => (relation.name === "types" ? { g: 2 } : {})

/** Values of domains, as text where their base type is not sent. */
export const ofDomain: Readonly<Record<string, string>> = { bl: "\\x00ff", k: "5", fl: "f" }

/** The new row of an update as it was sent: what is the same in the old row, and stored apart, is not in it. */
export const asSent = ({ new: row, old }: Update): ObjectRow =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "string" && value.length > 2000 && old?.[name] === value ? Unchanged : value
    ])
  )

export const present = (row: ObjectRow): ObjectRow =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))

/** Tables whose updates and deletes cannot be sent, which are not published either. */
export const untold = new Set(["silent", "keyless"])
