/**
 * An archiving process that is killed again and again, amid restarts of its server and links that are cut or stalled. After each kill
 * everything that was reported as flushed is there, byte for byte, and a server that has nothing but the archive replays it to the
 * state that the primary had.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodeFs from "node:fs"
import { join } from "node:path"
import * as NodeZlib from "node:zlib"
import * as Lsn from "../../../src/model/Lsn.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import * as WalSegment from "../../../src/wire/replication/WalSegment.js"
import { eventually } from "../support/eventually.js"
import { runScript } from "../support/processes.js"
import { rawRows } from "../support/rawSession.js"
import { MiB, position } from "./physicalSupport.js"

export interface Randomness {
  /** A whole number from `least` to `most`. */
  readonly whole: (least: number, most: number) => number
}

/** What happened, by kind: a campaign in which a kind is missing shows less than it claims. */
export interface KillCounts {
  readonly kills: number
  readonly restarts: number
  readonly cuts: number
  readonly stalls: number
  /** Kills after which the slot stood further than before. */
  readonly advanced: number
}

const segmentSize = 16 * MiB
const slot = "archive"

const reported = (server: EmbeddedServer) =>
  Effect.map(
    rawRows(server, `select restart_lsn::text from pg_replication_slots where slot_name = '${slot}'`),
    (rows) => Option.getOrThrow(Lsn.fromText(rows[0]![0]!))
  )

/** A segment as the archive has it; `undefined` when it is not there. */
const stored = (folder: string, name: string): Buffer | undefined => {
  const [plain, packed, partial] = ["", ".gz", ".partial"].map((suffix) => `${folder}/${name}${suffix}`)
  if (NodeFs.existsSync(plain!)) return NodeFs.readFileSync(plain!)
  if (NodeFs.existsSync(packed!)) return NodeZlib.gunzipSync(NodeFs.readFileSync(packed!))
  return NodeFs.existsSync(partial!) ? NodeFs.readFileSync(partial!) : undefined
}

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
    const [low, high] = [Number(at - begin), Number(end - begin)]
    const own = NodeFs.readFileSync(`${server.dataFolder}/pg_wal/${name}`).subarray(low, high)
    if (stored(folder, name)?.subarray(low, high).equals(own) !== true) return at
    at = end
  }
  return undefined
}

/** Has the server commit one row of so many bytes, and gives its number with the end of the log behind it. */
const commit = (server: EmbeddedServer, bytes: number) =>
  Effect.gen(function* () {
    const [row] = yield* rawRows(
      server,
      `insert into kept (filler) values (repeat('x', ${bytes}) || gen_random_uuid()) returning id`
    )
    return { id: Number(row![0]), end: yield* position(server, "pg_current_wal_flush_lsn()") }
  })

const stateUpTo = (server: EmbeddedServer, id: number) =>
  rawRows(
    server,
    `select count(*), md5(string_agg(id || filler, ',' order by id)) from kept where id <= ${id}`
  )

/**
 * Kills the process so many times, at moments that differ, and looks after each. `folder` is empty, and every user may read it, as
 * `base` is, in which the replaying server lives.
 */
export const killing = (folder: string, base: string, kills: number, random: Randomness) =>
  Effect.gen(function* () {
    const server = yield* start({
      listen: "tcp",
      settings: { wal_keep_size: "8GB", max_wal_size: "8GB", autovacuum: "off" }
    })
    yield* rawRows(server, "create table kept (id serial, filler text)")
    // From here on the replaying server has the log from the archive alone.
    yield* rawRows(server, "select pg_create_physical_replication_slot('archive', true)")
    yield* server.stop()
    NodeFs.cpSync(server.dataFolder, join(base, "data"), { recursive: true })
    yield* server.startAgain
    NodeFs.writeFileSync(join(base, "data", "standby.signal"), "")
    const fetch = [
      `cp ${folder}/%f %p`,
      `gunzip < ${folder}/%f.gz > %p`,
      // The newest segment is replayed as far as it goes, and read again.
      `cp ${folder}/%f.partial %p`
    ]
    const replaying = yield* start({
      listen: "tcp",
      dataFolder: join(base, "data"),
      inPlace: true,
      settings: {
        hot_standby: "on",
        restore_command: fetch.map((command) => `(${command} 2>/dev/null)`).join(" || "),
        wal_retrieve_retry_interval: "20ms",
        primary_conninfo: ""
      }
    })
    const proxy = yield* FaultProxy.make({ target: { host: server.host, port: server.port } })
    const uri = server.uri.replace(`:${server.port}`, `:${proxy.port}`)
    const counts = { kills: 0, restarts: 0, cuts: 0, stalls: 0, advanced: 0 }
    let begin: Lsn.Lsn | undefined
    let before = yield* reported(server)
    const done: Array<{ readonly id: number; readonly end: Lsn.Lsn }> = []
    const commits = (count: number) =>
      Effect.gen(function* () {
        for (let n = 0; n < count; n++) done.push(yield* commit(server, random.whole(10, 200_000)))
      })
    /** What happens between two kills beside the work. */
    const trouble = Effect.gen(function* () {
      switch (random.whole(0, 5)) {
        case 0:
          counts.restarts++
          // A server that stops waits for a consumer that has not acknowledged everything.
          return yield* server.restart("immediate")
        case 1:
          counts.cuts++
          yield* proxy.dropAll(random.whole(0, 1) === 0 ? "cut" : "reset")
          return
        case 2:
          counts.stalls++
          yield* proxy.setFault({ toClient: { stallAfter: random.whole(0, 200_000) } })
          return
        case 3:
          return yield* rawRows(server, "select pg_switch_wal()")
      }
    })
    const options = () => ({
      folder,
      slot,
      fileMode: 0o644,
      silenceLimit: "300 millis",
      synchronous: random.whole(0, 1) === 1,
      ...(random.whole(0, 2) === 0 ? { compression: "gzip" } : {})
    })
    /** The archive reaches the slot's position, and a server replays it. */
    const look = (when: string) =>
      Effect.gen(function* () {
        const safe = yield* reported(server)
        // A server that crashed knows of its slots what the last checkpoint wrote: they may stand further back.
        if (safe <= before) return
        counts.advanced++
        const missing = firstMissing(server, folder, begin!, safe)
        assert.isUndefined(missing, `${when}: reported up to ${Lsn.toText(safe)}`)
        before = safe
      })
    const replays = (when: string) =>
      Effect.gen(function* () {
        const last = done.findLast(({ end }) => end <= before)
        if (last === undefined) return
        yield* eventually(position(replaying, "pg_last_wal_replay_lsn()"), (replayed) => replayed >= last.end)
        const [theirs, ours] = [yield* stateUpTo(server, last.id), yield* stateUpTo(replaying, last.id)]
        assert.deepStrictEqual(ours, theirs, `${when}: the state that was replayed`)
      })
    for (let kill = 1; kill <= kills; kill++) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* runScript("keepArchive.ts", [uri, JSON.stringify(options())])
          const { start: from } = JSON.parse(yield* child.firstLine) as { readonly start: string }
          begin ??= BigInt(from)
          assert.isTrue(BigInt(from) >= begin, "it goes on where it was")
          yield* commits(random.whole(1, 12))
          yield* trouble
          yield* commits(random.whole(1, 12))
          yield* Effect.sleep(random.whole(0, 40))
          counts.kills++
          yield* child.kill("SIGKILL")
          yield* child.ended
        })
      )
      yield* proxy.setFault({})
      yield* look(`kill ${kill}`)
      yield* replays(`kill ${kill}`)
    }
    yield* commits(1)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const child = yield* runScript("keepArchive.ts", [
          uri,
          JSON.stringify({ ...options(), synchronous: true })
        ])
        yield* child.firstLine
        yield* eventually(reported(server), (safe) => safe >= done.at(-1)!.end)
      })
    )
    yield* look("the end")
    yield* replays("the end")
    return counts satisfies KillCounts
  })
