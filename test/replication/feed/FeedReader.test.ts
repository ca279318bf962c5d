import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { PgSnapshot } from "../../../src/model/PgSnapshot.js"
import { PartitionTrees } from "../../../src/replication/changes/PartitionTree.js"
import { FeedReader } from "../../../src/replication/feed/FeedReader.js"
import type { ReaderOptions } from "../../../src/replication/feed/ReaderOptions.js"
import * as SpillStore from "../../../src/replication/feed/SpillStore.js"
import { Progress } from "../../../src/replication/link/Progress.js"
import { Signal } from "../../../src/replication/link/Signal.js"
import * as Registry from "../../../src/types/Registry.js"
import type { FrameRun } from "../../../src/wire/FrameRun.js"
import type { PgOutputMessage } from "../../../src/wire/replication/PgOutput.js"
import { bytes, int32 } from "../../wire/bytes.js"
import { item, itemOf } from "../composite.js"
import { begin, commit, insert, payload, relation, start, stop, streamCommit, text } from "../payloads.js"

const table = relation(7, [{ name: "i", typeOid: item }])

/** The messages in one piece, as they come off the socket. */
const runOf = (messages: ReadonlyArray<PgOutputMessage>): FrameRun => {
  const frames = messages.map((message) => {
    const data = payload(message)
    return bytes("d", ...int32(data.length + 4), data)
  })
  const starts: Array<number> = []
  let at = 0
  for (const frame of frames) {
    starts.push(at + 5)
    at += frame.length
  }
  return { tag: 0x64, bytes: bytes(...frames), starts: Int32Array.from(starts), count: frames.length }
}

/** The catalogue's definition of the composite, and the first transaction that it does not have yet. */
interface Catalogue {
  names: ReadonlyArray<string>
  xmax: bigint
}

/** The rows of a feed whose data comes in these pieces, before each of which the catalogue may change. */
const rowsOf = (...pieces: ReadonlyArray<readonly [Catalogue, ...ReadonlyArray<PgOutputMessage>]>) => {
  let state: Catalogue = { names: ["a", "b"], xmax: 10n }
  const known = new Map<string, Registry.Registry>()
  const registryNow = () => {
    const name = state.names.join()
    const registry = known.get(name) ?? Registry.lossless.withTypes([itemOf(...state.names)])
    known.set(name, registry)
    return registry
  }
  let next = 0
  const pull = Effect.suspend(() => {
    const piece = pieces[next++]
    if (piece === undefined) return Effect.fail(Option.none())
    const [catalogue, ...messages] = piece
    state = catalogue
    return Effect.succeed(Chunk.of(runOf(messages)))
  })
  const trees = new PartitionTrees()
  const reader = new FeedReader({
    link: {
      facts: { slot: "s", start: 0n },
      command: "",
      plugin: { streaming: "on" },
      copy: { pull, turnIfDue: Effect.void },
      isTemporary: false,
      isBinary: () => false,
      progress: new Progress(0n, undefined, false),
      due: new Signal(),
      reported: () => 0n
    } as unknown as ReaderOptions["link"],
    registry: Registry.lossless,
    store: SpillStore.inMemory(),
    learn: () => Effect.sync(registryNow),
    findsTypes: true,
    readDefinitions: () =>
      Effect.sync(() => ({
        snapshot: new PgSnapshot(state.xmax, state.xmax, []),
        text: state.names.join(),
        isSynchronous: false
      })),
    partitions: { trees, anyIdentity: false },
    learnTree: (id) => Effect.sync(() => trees.learn([id], [])),
    requireCatalogue: () => {},
    room: new Signal(),
    until: undefined
  })
  return Effect.map(Stream.runCollect(Stream.fromPull(Effect.succeed(reader.pull))), (events) =>
    [...events].flatMap((event) => (event._tag === "Insert" ? [event.new["i"]] : []))
  )
}

const before = { names: ["a", "b"], xmax: 11n }
/** The names have changed places. */
const swapped = { names: ["b", "a"], xmax: 12n }
const row = [text("(1,2)")]

describe("a composite that is altered behind the description of its table", () => {
  it.effect("is read by the definition that the transaction has written by", () =>
    Effect.gen(function* () {
      const seen = yield* rowsOf(
        [before, begin(10), table, insert(7, row), commit()],
        [swapped, begin(11), insert(7, row), commit()]
      )
      assert.deepStrictEqual(seen, [
        { a: 1, b: 2 },
        { b: 1, a: 2 }
      ])
    })
  )

  it.effect("is read by the definition behind the end of a transaction that is streamed before it", () =>
    Effect.gen(function* () {
      const seen = yield* rowsOf(
        [before, start(11), { ...table, xid: 11 }, insert(7, row, 11), stop],
        [swapped, streamCommit(11)]
      )
      assert.deepStrictEqual(seen, [{ b: 1, a: 2 }])
    })
  )
})
