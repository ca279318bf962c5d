/** What real servers print through `test_decoding`, compared with what `pgoutput` sends for the same. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Relation } from "../../../src/replication/changes/LogicalEvent.js"
import type { PluginChange } from "../../../src/replication/plugins/PluginChange.js"
import * as TestDecoding from "../../../src/replication/plugins/TestDecoding.js"
import type { ObjectRow } from "../../../src/types/RowShape.js"
import { history, schema } from "../../fixtures/wal2json/history.js"
import type { Told } from "../../replication/pluginTold.js"
import {
  asSent,
  dense,
  eventsOf,
  generated,
  ofDomain,
  present,
  toldBy,
  untold
} from "../../replication/pluginTold.js"
import type { Target } from "../connection/sessions.js"
import { open } from "../connection/sessions.js"
import { rawRows } from "../support/rawSession.js"
import { describeWithServer } from "../support/server.js"

const read = (line: string): PluginChange => Either.getOrThrow(TestDecoding.parse(line))

const slotOf = (server: Target, name: string, plugin: string, twoPhase = false) =>
  rawRows(
    server,
    `select pg_create_logical_replication_slot('${name}', '${plugin}'${twoPhase ? ", false, true" : ""})`
  )

const linesOf = (server: Target, slot: string, options: string) =>
  Effect.map(
    rawRows(server, `select data from pg_logical_slot_get_changes('${slot}', null, null, ${options})`),
    (rows) => rows.map(([line]) => line!)
  )

const expectedRow = (relation: Relation, row: ObjectRow): ObjectRow => ({
  ...generated(relation),
  ...Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value === null ? null : (ofDomain[name] ?? value)])
  )
})

const expected = (messages: ReadonlyArray<readonly [string, string]>): ReadonlyArray<Told> =>
  dense(
    eventsOf(messages).flatMap((event): ReadonlyArray<Told> => {
      if (event._tag === "Begin" || event._tag === "Commit")
        return [{ tag: event._tag, schema: "", table: "" }]
      if (event._tag === "LogicalMessage") {
        const content = new TextDecoder().decode(event.content)
        const told = [event.transaction !== undefined, event.prefix, content]
        return [{ tag: "Message", schema: "", table: "", new: told }]
      }
      if (event._tag === "Truncate") {
        const [relation] = event.relations
        return [{ tag: "Truncate", schema: relation!.schema, table: relation!.name }]
      }
      if (!("relation" in event)) return []
      const { relation } = event
      const place = { tag: event._tag, schema: relation.schema, table: relation.name }
      const old = (row: ObjectRow | undefined) =>
        row === undefined ? undefined : present(expectedRow(relation, row))
      switch (event._tag) {
        case "Insert":
          return [{ ...place, new: expectedRow(relation, event.new) }]
        case "Update":
          return [{ ...place, old: old(event.old), new: expectedRow(relation, asSent(event)) }]
        case "Delete":
          return [{ ...place, old: old(event.old) }]
      }
    })
  )

for (const version of [14, 18] as const) {
  describeWithServer(`test_decoding of ${version}`, { version }, (server) => {
    it.scopedLive("prints the changes that pgoutput sends, except NULLs of old rows (REP-090)", () =>
      Effect.gen(function* () {
        for (const sql of schema) yield* rawRows(server(), sql)
        yield* slotOf(server(), "lines", "test_decoding")
        yield* slotOf(server(), "twin", "pgoutput")
        const session = yield* open({ target: server() })
        for (const sql of history) yield* session.simple(sql)
        const messages = yield* rawRows(
          server(),
          `select lsn::text, encode(data, 'hex') from pg_logical_slot_get_binary_changes('twin', null, null,
             'proto_version', '1', 'publication_names', 'told', 'messages', 'true')`
        )
        const changes = (yield* linesOf(server(), "lines", "'include-timestamp', '1'")).map(read)
        const told = changes.map(toldBy).filter(({ table }) => !untold.has(table))
        assert.deepStrictEqual(dense(told), expected(messages.map(([lsn, data]) => [lsn!, data!])))
        const cut = changes.flatMap((change) => (change._tag === "Truncate" ? [change] : []))
        assert.deepStrictEqual(
          cut.map(({ cascade, restartIdentity, tables }) => [
            tables.map(({ table }) => table),
            cascade,
            restartIdentity
          ]),
          [
            [["parent", "child"], true, true],
            [["plain"], false, false]
          ]
        )
        const unknown = changes.flatMap((change) =>
          change._tag === "Delete" && untold.has(change.table) ? [change.old] : []
        )
        assert.deepStrictEqual(unknown, [undefined, undefined])
      })
    )
  })
}

describeWithServer(
  "test_decoding that streams",
  {
    settings: {
      max_prepared_transactions: "10",
      logical_decoding_work_mem: "64kB",
      debug_logical_replication_streaming: "immediate"
    }
  },
  (server) => {
    it.scopedLive("prints every kind of line, and each is read (REP-090)", () =>
      Effect.gen(function* () {
        yield* rawRows(server(), "create table rows (id int primary key, note text)")
        yield* slotOf(server(), "streamed", "test_decoding", true)
        yield* slotOf(server(), "prepared", "test_decoding", true)
        const session = yield* open({ target: server() })
        const gid = "it''s a \\ name"
        for (const sql of [
          "begin; insert into rows values (1, 'a'); select pg_logical_emit_message(true, 'p, sz: 1', 'x'); truncate rows; commit",
          "begin; insert into rows values (2, 'b'); savepoint s; insert into rows values (3, 'c'); rollback to s; commit",
          `begin; insert into rows values (4, 'd'); prepare transaction '${gid}'`,
          `commit prepared '${gid}'`,
          "begin; insert into rows values (5, 'e'); prepare transaction 'not kept'",
          "rollback prepared 'not kept'"
        ]) {
          for (const each of sql.split(";")) yield* session.simple(each)
        }
        const tell = (changes: ReadonlyArray<PluginChange>) =>
          new Set(changes.map((change) => ("gid" in change ? `${change._tag} ${change.gid}` : change._tag)))
        const whole = yield* linesOf(server(), "prepared", "'include-timestamp', '1'")
        const name = "it's a \\ name"
        assert.deepStrictEqual(
          [...tell(whole.map(read))].sort(),
          [
            "Begin",
            "Commit",
            `CommitPrepared ${name}`,
            "Insert",
            "Message",
            `Prepare ${name}`,
            "Prepare not kept",
            "RollbackPrepared not kept",
            "Truncate"
          ].sort()
        )
        const streamed = (yield* linesOf(
          server(),
          "streamed",
          "'include-timestamp', '1', 'stream-changes', '1'"
        )).map(read)
        const kinds = tell(streamed)
        for (const kind of [
          "StreamStart",
          "StreamChange",
          "StreamTruncate",
          "StreamStop",
          "StreamCommit",
          "Message",
          `StreamPrepare ${name}`,
          `CommitPrepared ${name}`
        ]) {
          assert.include([...kinds], kind)
        }
        for (const change of streamed) {
          if ("time" in change) assert.isDefined(change.time, change._tag)
          if ("xid" in change) assert.isDefined(change.xid, change._tag)
        }
      })
    )
  }
)
