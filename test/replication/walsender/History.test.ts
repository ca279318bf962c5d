/** The history that real servers sent, as events: the same from every version, however it was sent. */
import { assert, describe, it } from "@effect/vitest"
import type { LogicalEvent } from "../../../src/replication/changes/LogicalEvent.js"
import * as Registry from "../../../src/types/Registry.js"
import * as Texts from "../../../src/types/Texts.js"
import type { StreamingMode } from "../../../src/wire/replication/PgOutput.js"
import { ofPgOutput, payloads } from "../../wire/replication/captures.js"
import { Consumer } from "../payloads.js"

/** Events in short: tags, and of inserts the new row. */
const short = (events: ReadonlyArray<LogicalEvent>): ReadonlyArray<unknown> =>
  events.map((event) => (event._tag === "Insert" ? event.new : event._tag))

/** What the history of the captures leaves in the tables `many` and `later`, whichever way it was sent. */
const streamedRows = (events: ReadonlyArray<LogicalEvent>, table: string) =>
  events.flatMap((event) =>
    event._tag === "Insert" && event.relation.name === table ? [event.new["id"]] : []
  )

describe("the history that real servers sent", () => {
  const told = (version: number, scene: string) => {
    const capture = [...ofPgOutput(false), ...ofPgOutput(true)].find(
      (each) => each.version === version && each.scene === scene
    )!
    const consumer = new Consumer((capture.options["streaming"] ?? "off") as StreamingMode)
    // Types of that database, which are gone: what they are does not matter here.
    consumer.onDescribed = (oids) =>
      consumer.decoder.relations.use(
        Registry.lossless.withAll(oids.map((oid) => Texts.make("other", oid, 0)))
      )
    for (const each of payloads(capture)) {
      const failure = consumer.take(each)
      if (failure !== null) throw new Error(JSON.stringify(failure))
    }
    return consumer
  }
  const find = <T extends LogicalEvent["_tag"]>(events: ReadonlyArray<LogicalEvent>, tag: T, name: string) =>
    events.flatMap((event) =>
      event._tag === tag && "relation" in event && event.relation.name === name
        ? [event as Extract<LogicalEvent, { readonly _tag: T }>]
        : []
    )

  for (const version of [14, 15, 16, 17, 18]) {
    for (const scene of ["plain", "binary"]) {
      it(`has plain transactions: ${scene} of ${version} (L12, L13, L25, LOG-019, LOG-024, LOG-031)`, () => {
        const { demands, events } = told(version, scene)
        const kinds = (name: string) => [
          ...find(events, "Update", name).map(({ oldKind }) => oldKind),
          ...find(events, "Delete", name).map(({ oldKind }) => oldKind)
        ]
        assert.deepStrictEqual(kinds("plain"), ["none", "key", "key"])
        assert.deepStrictEqual(kinds("whole"), ["full", "full"])
        assert.deepStrictEqual(kinds("by_index"), ["none", "key", "key"])
        assert.typeOf(find(events, "Update", "plain")[0]!.new["big"], "symbol")
        assert.strictEqual(find(events, "Update", "whole")[0]!.new["big"], "y".repeat(2100))
        assert.deepStrictEqual(find(events, "Delete", "by_index")[0]!.old, { a: 1, b: "kk" })
        assert.deepStrictEqual(
          find(events, "Insert", "plain").map(({ new: row }) => Object.keys(row).length),
          [3, 3, 3, 3, 4, 3, 3]
        )
        const [types] = find(events, "Insert", "types")
        const row = types!.new
        assert.deepStrictEqual(
          [
            row["id"],
            row["s"],
            row["l"],
            String(row["n"]),
            row["f"],
            String(row["t"]),
            row["b"],
            row["j"],
            row["a"]
          ],
          [
            -1n,
            "short",
            [1, 2],
            "12.50",
            1.5,
            "2026-01-02 03:04:05.678901+00",
            true,
            { a: [1] },
            ["a", null, "b c"]
          ]
        )
        assert.notProperty(row, "dropped")
        if (scene === "plain") assert.deepStrictEqual([row["m"], row["p"]], ["so so", '(1,"a b")'])
        assert.deepStrictEqual(types!.relation.schema, "shop")
        assert.deepStrictEqual(demands, ["Described"])
        const cut = events.flatMap((event) => (event._tag === "Truncate" ? [event] : []))
        assert.deepStrictEqual(
          cut.map(({ cascade, relations, restartIdentity }) => [
            relations.map(({ name }) => name),
            cascade,
            restartIdentity
          ]),
          [
            [["parent", "child"], true, true],
            [["plain"], false, false]
          ]
        )
        const messages = events.flatMap((event) => (event._tag === "LogicalMessage" ? [event] : []))
        assert.deepStrictEqual(
          messages.map(({ prefix, transaction }) => [prefix, transaction !== undefined]),
          [
            ["inside", true],
            ["outside", false],
            ["early", false]
          ]
        )
        const origins = events.flatMap((event) => (event._tag === "Begin" ? [event.transaction.origin] : []))
        assert.deepStrictEqual(
          origins.filter((origin) => origin !== undefined),
          [{ name: "elsewhere", commitLsn: 0xabcdefn }]
        )
      })
    }

    it(`has transactions in chunks of ${version} (L10, L25, LOG-049)`, () => {
      const { blocks, events } = told(version, "stream")
      assert.deepStrictEqual(
        streamedRows(events, "many").filter((id) => (id as number) < 20_000),
        [...[0, 1, 2, 1000, 1001, 1002], ...[3000, 3001, 3002]]
      )
      assert.deepStrictEqual(streamedRows(events, "later"), [2, 3])
      assert.strictEqual(blocks.size, 0)
    })

    it(`has parts that were taken back while ${version} was already streaming them (L10, TRP-103)`, () => {
      for (const scene of version >= 16 ? ["live", "liveParallel"] : ["live"]) {
        const { blocks, events } = told(version, scene)
        assert.deepStrictEqual(streamedRows(events, "many"), [40_000, 40_001, 40_002, 42_000, 42_001, 42_002])
        assert.deepStrictEqual(streamedRows(events, "first_in_part"), [2])
        assert.strictEqual(blocks.size, 0)
      }
    })
  }

  for (const version of [15, 16, 17, 18]) {
    it(`has prepared transactions of ${version} (LOG-005, LOG-039, L11)`, () => {
      for (const scene of ["prepared", "prepared1"]) {
        const { events } = told(version, scene)
        assert.deepStrictEqual(
          events.flatMap((event): ReadonlyArray<ReadonlyArray<unknown>> =>
            event._tag === "Prepare"
              ? [["prepared", event.transaction.gid]]
              : event._tag === "CommitPrepared" || event._tag === "RollbackPrepared"
                ? [[event._tag, event.gid, event.seen]]
                : []
          ),
          [
            ["prepared", "kept 'one'"],
            ["prepared", "not kept"],
            ["CommitPrepared", "kept 'one'", true],
            ["RollbackPrepared", "not kept", true]
          ]
        )
      }
    })
  }

  it("is the same whether it was streamed in parallel or not", () => {
    for (const version of [16, 17, 18]) {
      assert.deepStrictEqual(short(told(version, "parallel").events), short(told(version, "stream").events))
    }
  })
})
