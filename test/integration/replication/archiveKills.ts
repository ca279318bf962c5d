/** An archiving process that is killed again and again: after each kill everything that was reported as flushed is there. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodeFs from "node:fs"
import * as Lsn from "../../../src/model/Lsn.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import * as WalSegment from "../../../src/wire/replication/WalSegment.js"
import { eventually } from "../support/Eventually.js"
import { runScript } from "../support/Processes.js"
import { rawRows } from "../support/RawSession.js"
import { flushed, MiB, write } from "./physicalSupport.js"

export interface Randomness {
  /** A whole number from `least` to `most`. */
  readonly whole: (least: number, most: number) => number
}

const segmentSize = 16 * MiB
const slot = "archive"

const reported = (server: EmbeddedServer) =>
  Effect.map(
    rawRows(server, `select restart_lsn::text from pg_replication_slots where slot_name = '${slot}'`),
    (rows) => Option.getOrThrow(Lsn.fromText(rows[0]![0]!))
  )

/** Where the archive first differs from the server's own files between two positions; `undefined` when it has every byte. */
export const firstMissing = (
  server: EmbeddedServer,
  folder: string,
  from: Lsn.Lsn,
  to: Lsn.Lsn
): Lsn.Lsn | undefined => {
  for (let at = from; at < to;) {
    const segment = WalSegment.at(1, at, segmentSize)
    const begin = WalSegment.startOf(segment, segmentSize)
    const end = begin + BigInt(segmentSize) < to ? begin + BigInt(segmentSize) : to
    const name = WalSegment.fileName(segment, segmentSize)
    const path = [`${folder}/${name}`, `${folder}/${name}.partial`].find((path) => NodeFs.existsSync(path))
    if (path === undefined) return at
    const [low, high] = [Number(at - begin), Number(end - begin)]
    const ours = NodeFs.readFileSync(path).subarray(low, high)
    const own = NodeFs.readFileSync(`${server.dataFolder}/pg_wal/${name}`).subarray(low, high)
    if (!ours.equals(own)) return at
    at = end
  }
  return undefined
}

/** Kills the process so many times, at moments that differ, and looks after each. `folder` is empty. */
export const killing = (folder: string, kills: number, random: Randomness) =>
  Effect.gen(function* () {
    const server = yield* start({ listen: "tcp", settings: { wal_keep_size: "8GB", max_wal_size: "8GB" } })
    let begin: Lsn.Lsn | undefined
    for (let kill = 1; kill <= kills; kill++) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const options = { folder, slot, create: {}, synchronous: random.whole(0, 1) === 1 }
          const child = yield* runScript("keepArchive.ts", [server.uri, JSON.stringify(options)])
          const { start: from } = JSON.parse(yield* child.firstLine) as { readonly start: string }
          begin ??= BigInt(from)
          assert.isTrue(BigInt(from) >= begin, "it goes on where it was")
          const writing = write(server, random.whole(100, 20_000))
          yield* random.whole(0, 3) === 0
            ? Effect.zipRight(writing, rawRows(server, "select pg_switch_wal()"))
            : writing
          yield* Effect.sleep(random.whole(0, 40))
          yield* child.kill("SIGKILL")
          yield* child.ended
        })
      )
      const safe = yield* reported(server)
      const missing = firstMissing(server, folder, begin!, safe)
      assert.isUndefined(missing, `kill ${kill}: reported up to ${Lsn.toText(safe)}`)
    }
    const end = yield* flushed(server)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const options = { folder, slot, synchronous: true }
        const child = yield* runScript("keepArchive.ts", [server.uri, JSON.stringify(options)])
        yield* child.firstLine
        yield* eventually(reported(server), (safe) => safe >= end)
      })
    )
    assert.isUndefined(firstMissing(server, folder, begin!, end))
  })
