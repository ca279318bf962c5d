import { assert, describe, it } from "@effect/vitest"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SpillStore from "../../../src/replication/feed/SpillStore.js"

const block = (text: string) => new TextEncoder().encode(text)

const content = (store: SpillStore.SpillStore, xid: number) =>
  Effect.map(Stream.runCollect(store.read(xid)), (blocks) =>
    Chunk.toReadonlyArray(blocks).map((bytes) => new TextDecoder().decode(bytes))
  )

/** What holds for every store. */
const keeps = (store: SpillStore.SpillStore) =>
  Effect.gen(function* () {
    for (const part of ["one", "two", "three"]) {
      yield* store.append(1, block(part))
      yield* store.append(2, block(`${part} of another`))
    }
    assert.deepStrictEqual(yield* content(store, 2), ["one of another", "two of another", "three of another"])
    assert.deepStrictEqual(yield* content(store, 1), ["one", "two", "three"])
    assert.deepStrictEqual(yield* content(store, 3), [])
    yield* store.drop(1)
    yield* store.drop(3)
    assert.deepStrictEqual(yield* content(store, 1), [])
    yield* store.append(1, block("anew"))
    assert.deepStrictEqual(yield* content(store, 1), ["anew"])
    yield* store.clear
    assert.deepStrictEqual([yield* content(store, 1), yield* content(store, 2)], [[], []])
  })

/** The files of every folder for temporary files that a store has made, by a file system that writes them down. */
const watched = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folders: Array<string> = []
  const open: Array<{
    readonly path: string
    readonly mode: number | undefined
    readonly flag: string | undefined
  }> = []
  const watching: FileSystem.FileSystem = {
    ...fs,
    makeTempDirectoryScoped: (options) =>
      Effect.tap(fs.makeTempDirectoryScoped(options), (folder) => Effect.sync(() => folders.push(folder))),
    open: (path, options) => {
      open.push({ path, mode: options?.mode, flag: options?.flag })
      return fs.open(path, options)
    }
  }
  const listed = Effect.suspend(() => Effect.forEach(folders, (folder) => fs.readDirectory(folder)))
  return { watching, folders, open, listed, exists: fs.exists }
})

describe("a store in memory", () => {
  it.effect("keeps blocks by transaction and in order", () => keeps(SpillStore.inMemory()))

  it.effect("fails beyond its bound, and has room again for what is dropped (LOG-047)", () =>
    Effect.gen(function* () {
      const store = SpillStore.inMemory(10)
      yield* store.append(1, block("123456"))
      const error = yield* Effect.flip(store.append(2, block("12345")))
      assert.deepInclude(error, { _tag: "PgLimitError", limit: "memoryBytes", max: 10, nothingSent: false })
      yield* store.drop(1)
      yield* store.append(2, block("1234567890"))
    })
  )
})

describe("a store in files", () => {
  const withFiles = Effect.provide(NodeFileSystem.layer)

  it.scoped("keeps blocks by transaction and in order, from the first byte and after some", () =>
    Effect.gen(function* () {
      for (const memoryBytes of [0, 10, 30, 1000]) yield* keeps(yield* SpillStore.inFiles({ memoryBytes }))
    }).pipe(withFiles)
  )

  it.scoped("makes no file while memory is enough, then private ones, and leaves none", () =>
    Effect.gen(function* () {
      const { exists, folders, listed, open, watching } = yield* watched
      const scope = yield* Scope.make()
      const store = yield* SpillStore.inFiles({ memoryBytes: 10 }).pipe(
        Effect.provideService(FileSystem.FileSystem, watching),
        Scope.extend(scope)
      )
      yield* store.append(1, block("12345"))
      yield* store.append(2, block("1234"))
      assert.deepStrictEqual([folders, open], [[], []])
      yield* store.append(1, block("67"))
      assert.lengthOf(folders, 1)
      assert.deepStrictEqual(open, [{ path: `${folders[0]}/1-1`, mode: 0o600, flag: "wx+" }])
      // The rest of the transaction is in the file too, so that memory is free for others.
      yield* store.append(2, block("567890"))
      assert.lengthOf(open, 1)
      assert.deepStrictEqual(yield* content(store, 1), ["12345", "67"])
      assert.deepStrictEqual(yield* listed, [["1-1"]])
      yield* store.drop(1)
      assert.deepStrictEqual(yield* listed, [[]])
      yield* store.append(3, block("x"))
      assert.deepStrictEqual(yield* listed, [["3-2"]])
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* exists(folders[0]!))
    }).pipe(withFiles)
  )

  it.scoped("is whole after an interruption while it makes a file or takes one away", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const begun = yield* Queue.unbounded<string>()
      const gate = yield* Effect.makeSemaphore(0)
      /** Reports that it has begun, and ends when it may. */
      const slow = <A, E, R>(what: string, done: Effect.Effect<A, E, R>) =>
        Effect.zipLeft(done, Effect.zipRight(begun.offer(what), gate.take(1)))
      const folders: Array<string> = []
      const store = yield* SpillStore.inFiles({ memoryBytes: 0 }).pipe(
        Effect.provideService(FileSystem.FileSystem, {
          ...fs,
          makeTempDirectoryScoped: (options) =>
            slow(
              "folder",
              Effect.tap(fs.makeTempDirectoryScoped(options), (folder) =>
                Effect.sync(() => folders.push(folder))
              )
            ),
          open: (path, options) => slow("open", fs.open(path, options)),
          remove: (path, options) => slow("remove", fs.remove(path, options))
        })
      )
      /** Interrupted before it ends, whatever it waits for. */
      const interruptedAt = (what: string, effect: Effect.Effect<void, unknown>) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(effect)
          assert.strictEqual(yield* begun.take, what)
          const end = yield* Effect.fork(Fiber.interrupt(fiber))
          yield* Effect.yieldNow()
          yield* gate.release(1)
          yield* Fiber.join(end)
        })
      const first = yield* Effect.fork(store.append(1, block("left behind")))
      for (const what of ["folder", "open"]) {
        assert.strictEqual(yield* begun.take, what)
        yield* Fiber.interruptFork(first)
        yield* Effect.yieldNow()
        yield* gate.release(1)
      }
      yield* Fiber.await(first)
      yield* gate.release(10)
      yield* store.clear
      yield* store.append(1, block("anew"))
      assert.deepStrictEqual(yield* content(store, 1), ["anew"])
      assert.lengthOf(folders, 1)
      yield* gate.take(8)
      yield* begun.takeAll
      yield* interruptedAt("remove", store.drop(1))
      yield* gate.release(10)
      assert.deepStrictEqual(yield* fs.readDirectory(folders[0]!), [])
      yield* store.append(1, block("once more"))
      assert.deepStrictEqual(yield* content(store, 1), ["once more"])
    }).pipe(withFiles)
  )

  it.scoped("fails beyond the bound of its files, and when there can be none", () =>
    Effect.gen(function* () {
      const store = yield* SpillStore.inFiles({ memoryBytes: 0, fileBytes: 10 })
      yield* store.append(1, block("1234567890"))
      assert.deepInclude(yield* Effect.flip(store.append(1, block("1"))), {
        _tag: "PgLimitError",
        limit: "fileBytes",
        max: 10
      })
      yield* store.drop(1)
      yield* store.append(2, block("1"))

      const { watching } = yield* watched
      const full = yield* SpillStore.inFiles({ memoryBytes: 0 }).pipe(
        Effect.provideService(FileSystem.FileSystem, {
          ...watching,
          makeTempDirectoryScoped: (options) =>
            watching.makeTempDirectoryScoped({ ...options, directory: "/nowhere at all" })
        })
      )
      const error = yield* Effect.flip(full.append(1, block("1")))
      assert.deepInclude(error, { _tag: "PgLimitError", limit: "disk", max: undefined })
    }).pipe(withFiles)
  )
})
