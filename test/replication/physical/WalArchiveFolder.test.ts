import { assert, describe, it } from "@effect/vitest"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Signal } from "../../../src/replication/link/Signal.js"
import * as ArchiveFolder from "../../../src/replication/physical/ArchiveFolder.js"
import { SegmentWriter } from "../../../src/replication/physical/SegmentWriter.js"
import * as WalPageHeader from "../../../src/wire/replication/WalPageHeader.js"
import { logBytes } from "../physicalServer.js"

const size = 1 << 20
const MiB = BigInt(size)

const inFolder = <A, E>(
  body: (
    folder: string,
    fs: FileSystem.FileSystem
  ) => Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    return yield* body(folder, fs)
  }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

const writerOf = (fs: FileSystem.FileSystem, folder: string, minFreeBytes = 0, onSafe?: () => void) =>
  new SegmentWriter(fs, {
    ...(onSafe === undefined ? {} : { onSafe }),
    folder,
    segmentSize: size,
    compression: undefined,
    fileMode: 0o600,
    minFreeBytes
  })

/** A file system that refuses one kind of operation. */
const failing = (fs: FileSystem.FileSystem, operation: "sync" | "rename"): FileSystem.FileSystem => ({
  ...fs,
  rename: operation === "rename" ? (from) => fs.rename(`${from}/nowhere`, "/nowhere/at/all") : fs.rename,
  open: (path, options) =>
    Effect.map(fs.open(path, options), (file) =>
      operation !== "sync" || !path.includes(".partial")
        ? file
        : {
            ...file,
            [FileSystem.FileTypeId]: FileSystem.FileTypeId,
            seek: file.seek.bind(file),
            read: file.read.bind(file),
            readAlloc: file.readAlloc.bind(file),
            truncate: file.truncate.bind(file),
            write: file.write.bind(file),
            writeAll: file.writeAll.bind(file),
            sync: fs.readFile("/nowhere/at/all") as unknown as typeof file.sync
          }
    )
})

describe("a segment file", () => {
  it.scoped(
    "is partial and of full size until it is complete, and safe only once it is synced (REP-081, W04)",
    () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const writer = writerOf(fs, folder)
          assert.deepStrictEqual(yield* writer.write(1, MiB, logBytes(MiB, 1000)), [])
          assert.deepStrictEqual(yield* fs.readDirectory(folder), ["000000010000000000000001.partial"])
          assert.strictEqual(
            (yield* fs.stat(`${folder}/000000010000000000000001.partial`)).size,
            FileSystem.Size(size)
          )
          assert.isUndefined(writer.flushed)
          yield* writer.sync
          assert.strictEqual(writer.flushed, MiB + 1000n)
          const rest = logBytes(MiB + 1000n, 2 * size)
          const complete = yield* writer.write(1, MiB + 1000n, rest)
          assert.deepStrictEqual(complete, [
            { name: "000000010000000000000001", end: 2n * MiB },
            { name: "000000010000000000000002", end: 3n * MiB }
          ])
          assert.strictEqual(writer.flushed, 3n * MiB)
          assert.deepStrictEqual((yield* fs.readDirectory(folder)).sort(), [
            "000000010000000000000001",
            "000000010000000000000002",
            "000000010000000000000003.partial"
          ])
          const whole = yield* fs.readFile(`${folder}/000000010000000000000002`)
          assert.isTrue(Buffer.from(logBytes(2n * MiB, size)).equals(whole))
          yield* writer.close
        })
      )
  )

  it.scoped("of a synchronous archive is written side by side, each piece at its place (W04)", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const arrived = new Signal()
        const onSafe = (): void => arrived.notify()
        const writer = writerOf(fs, folder, 0, onSafe)
        const settled: Array<number> = []
        const piece = (from: number, bytes: number): boolean =>
          writer.begin(logBytes(MiB + BigInt(from), bytes), () => void settled.push(from))
        assert.isFalse(piece(0, 100), "the segment is not open")
        yield* writer.write(1, MiB, logBytes(MiB, 1000))
        assert.isFalse(piece(1000, 100), "what was written before is not synced")
        yield* writer.sync
        assert.isTrue(piece(1000, 5000))
        assert.isTrue(piece(6000, 3000))
        assert.isTrue(piece(9000, 1))
        assert.strictEqual(writer.written, MiB + 1000n)
        while (writer.flushed !== MiB + 9001n) yield* arrived.wait
        assert.deepStrictEqual(settled, [1000, 6000, 9000])
        assert.isTrue(piece(9001, 999))
        // What completes the segment waits for what is on its way, and comes behind it.
        const rest = logBytes(MiB + 10_000n, size - 10_000)
        assert.isFalse(writer.begin(rest, () => {}))
        assert.deepStrictEqual(yield* writer.write(1, MiB + 10_000n, rest), [
          { name: "000000010000000000000001", end: 2n * MiB }
        ])
        assert.deepStrictEqual(settled, [1000, 6000, 9000, 9001])
        const whole = yield* fs.readFile(`${folder}/000000010000000000000001`)
        assert.isTrue(Buffer.from(logBytes(MiB, size)).equals(whole))
        yield* writer.close
      })
    )
  )

  it.scoped("that cannot be synced or renamed is not reported as safe, and the error names it (W04)", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        for (const operation of ["sync", "rename"] as const) {
          const writer = writerOf(failing(fs, operation), folder)
          const error = yield* Effect.flip(writer.write(1, 0n, logBytes(0n, size)))
          assert.deepInclude(error, {
            _tag: "PgWalArchiveError",
            reason: "file",
            path: `${folder}/000000010000000000000000.partial`
          })
          assert.isUndefined(writer.flushed)
          yield* writer.close
        }
      })
    )
  )

  it.scoped("is not begun where too little space is left", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(writerOf(fs, folder, 2 ** 60).write(1, 0n, logBytes(0n, 10)))
        assert.deepInclude(error, { _tag: "PgWalArchiveError", reason: "disk-full" })
        assert.deepStrictEqual(yield* fs.readDirectory(folder), [])
      })
    )
  )

  it.scoped("keeps its bytes when it is begun again (W04)", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const first = writerOf(fs, folder)
        yield* first.write(1, 0n, logBytes(0n, 5000))
        yield* first.leave
        const second = writerOf(fs, folder)
        yield* second.write(1, 0n, logBytes(0n, 10))
        yield* second.close
        const bytes = yield* fs.readFile(`${folder}/000000010000000000000000.partial`)
        assert.isTrue(Buffer.from(logBytes(0n, 5000)).equals(bytes.subarray(0, 5000)))
      })
    )
  )

  it.scoped("of a history has its name and its bytes, and is written once (REP-084)", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const writer = writerOf(fs, folder)
        const content = Uint8Array.of(1, 255, 10)
        const file = { timeline: 2, name: "00000002.history", content, entries: [] }
        yield* writer.keepHistory(file)
        yield* writer.keepHistory({ ...file, content: Uint8Array.of(0) })
        assert.deepStrictEqual(yield* fs.readDirectory(folder), ["00000002.history"])
        assert.deepStrictEqual(new Uint8Array(yield* fs.readFile(`${folder}/00000002.history`)), content)
        assert.deepStrictEqual(yield* ArchiveFolder.histories(folder), [2])
      })
    )
  )
})

describe("an archive's folder", () => {
  const put = (fs: FileSystem.FileSystem, folder: string, name: string, bytes = size) =>
    fs.writeFile(`${folder}/${name}`, new Uint8Array(bytes))

  const resumed = (names: ReadonlyArray<readonly [name: string, bytes?: number]>) =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        for (const [name, bytes] of names) yield* put(fs, folder, name, bytes)
        return ArchiveFolder.resumeAt(yield* ArchiveFolder.list(folder, size), size)
      })
    )

  it.scoped("reports where to go on (REP-082)", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* resumed([]))
      assert.isUndefined(yield* resumed([["notes.txt"], ["00000002.history"], ["000000010000000000001000"]]))
      assert.deepStrictEqual(yield* resumed([["000000010000000000000001"], ["000000010000000000000002"]]), {
        timeline: 1,
        position: 3n * MiB
      })
      assert.deepStrictEqual(
        yield* resumed([["000000010000000000000001"], ["000000010000000000000002.partial"]]),
        {
          timeline: 1,
          position: 2n * MiB
        }
      )
      // A file that was cut is ignored, and of one segment the newer timeline counts, and the complete file.
      assert.deepStrictEqual(
        yield* resumed([["000000010000000000000001"], ["000000010000000000000002", 10]]),
        {
          timeline: 1,
          position: 2n * MiB
        }
      )
      assert.deepStrictEqual(
        yield* resumed([["000000010000000000000002.partial"], ["000000020000000000000002.partial"]]),
        { timeline: 2, position: 2n * MiB }
      )
      assert.deepStrictEqual(
        yield* resumed([["000000010000000000000002.partial"], ["000000010000000000000002.gz", 99]]),
        {
          timeline: 1,
          position: 3n * MiB
        }
      )
    })
  )

  it.scoped("is refused when it is another cluster's, or has segments of another size (REP-083)", () =>
    inFolder((folder, fs) =>
      Effect.gen(function* () {
        const header = WalPageHeader.encode({
          magic: 0xd118,
          timeline: 1,
          position: MiB,
          systemId: "7000000000000000001",
          segmentSize: size,
          blockSize: 8192,
          littleEndian: true
        })
        const bytes = new Uint8Array(size)
        bytes.set(header)
        yield* fs.writeFile(`${folder}/000000010000000000000001`, bytes)
        // One that was just begun shows nothing.
        yield* put(fs, folder, "000000010000000000000002.partial")
        const segments = yield* ArchiveFolder.list(folder, size)
        const checked = (systemId: string, segmentSize: number) =>
          Effect.flip(ArchiveFolder.check(folder, segments, systemId, segmentSize))
        yield* ArchiveFolder.check(folder, segments, "7000000000000000001", size)
        assert.strictEqual((yield* checked("7000000000000000002", size)).reason, "other-system")
        assert.strictEqual((yield* checked("7000000000000000001", 2 * size)).reason, "segment-size")
      })
    )
  )

  it.scoped(
    "lists files that no backup needs, and missing ones that a backup needs, and removes nothing",
    () =>
      inFolder((folder, fs) =>
        Effect.gen(function* () {
          const names = [
            "000000010000000000000001",
            "000000020000000000000002",
            "000000020000000000000003",
            "000000020000000000000005"
          ]
          for (const name of names) yield* put(fs, folder, name)
          const kept = yield* ArchiveFolder.retention(folder, 2n * MiB + 5n, size)
          assert.deepStrictEqual(
            kept.removable.map(({ name }) => name),
            [names[0]]
          )
          assert.strictEqual(kept.removableBytes, size)
          assert.strictEqual(kept.missing, 4n * MiB)
          assert.lengthOf(yield* fs.readDirectory(folder), 4)
          assert.strictEqual((yield* ArchiveFolder.retention(folder, 9n * MiB, size)).missing, 9n * MiB)
          assert.isUndefined((yield* ArchiveFolder.retention(folder, 5n * MiB, size)).missing)
        })
      )
  )
})
