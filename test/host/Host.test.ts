import * as Error from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { pbkdf2Sync } from "node:crypto"
import * as Host from "../../src/host/Host.js"

const salt = Uint8Array.of(1, 2, 3)

describe("Host", () => {
  describe("live", () => {
    it.effect("derives what PBKDF2 is (RFC 7914 §11) and takes text as UTF-8 (AUT-022)", () =>
      Effect.gen(function* () {
        const host = yield* Host.Host
        const key = yield* host.pbkdf2Sha256("passwd", Buffer.from("salt"), 1)
        assert.strictEqual(
          Buffer.from(key).toString("hex"),
          "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        )
        const text = yield* host.pbkdf2Sha256("pässwörd", salt, 10)
        assert.deepStrictEqual(text, yield* host.pbkdf2Sha256(Buffer.from("pässwörd"), salt, 10))
        assert.deepStrictEqual(text, new Uint8Array(pbkdf2Sync("pässwörd", salt, 10, 32, "sha256")))
      }).pipe(Effect.provide(Host.layer))
    )

    it.effect("derives off the event loop: others run on meanwhile (AUT-021, AUT-075, A05)", () =>
      Effect.gen(function* () {
        const host = yield* Host.Host
        // So long that no scheduler of a busy machine lets it end before this thread has had a few turns.
        const derivation = yield* Effect.fork(host.pbkdf2Sha256("password", salt, 3_000_000))
        let turns = 0
        while (Option.isNone(yield* Fiber.poll(derivation))) {
          turns++
          yield* Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
        }
        assert.isAbove(turns, 10)
        assert.strictEqual((yield* Fiber.join(derivation)).length, 32)
      }).pipe(Effect.provide(Host.layer))
    )

    it.effect("gives up a derivation at once when interrupted (AUT-075)", () =>
      Effect.gen(function* () {
        const host = yield* Host.Host
        const derive = host.pbkdf2Sha256("password", salt, 300_000)
        const witness = yield* Effect.fork(derive)
        const abandoned = yield* Effect.fork(derive)
        yield* Effect.yieldNow()
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(abandoned)))
        // The same work, begun earlier, is still going on.
        assert.isTrue(Option.isNone(yield* Fiber.poll(witness)))
      }).pipe(Effect.provide(Host.layer))
    )

    it.effect("fails as a value when the runtime cannot count the iterations", () =>
      Effect.gen(function* () {
        const host = yield* Host.Host
        for (const iterations of [0, -1, 2 ** 31, 1.5]) {
          const failure = yield* Effect.flip(host.pbkdf2Sha256("secret", salt, iterations))
          assert.strictEqual(failure.subject, "derivation")
          assert.notMatch(failure.reason, /secret/)
        }
      }).pipe(Effect.provide(Host.layer))
    )

    it.effect("gives as many fresh random bytes as asked for (AUT-017)", () =>
      Effect.gen(function* () {
        const host = yield* Host.Host
        const [one, other] = yield* Effect.all([host.randomBytes(18), host.randomBytes(18)])
        assert.strictEqual(one.length, 18)
        assert.notDeepEqual(one, other)
      }).pipe(Effect.provide(Host.layer))
    )

    it.scoped("reads a file with its permission bits and owner", () =>
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const path = `${folder}/.pgpass`
        yield* files.writeFileString(path, "a:b:c:d:ü\n", { mode: 0o600 })
        const host = yield* Host.Host
        const file = Option.getOrThrow(yield* host.readFile(path))
        assert.strictEqual(file.text, "a:b:c:d:ü\n")
        assert.strictEqual(file.bytes.length, 11)
        assert.strictEqual(file.mode, 0o600)
        assert.deepStrictEqual(file.owner, yield* host.userId)
        yield* files.chmod(path, 0o644)
        assert.strictEqual(Option.getOrThrow(yield* host.readFile(path)).mode, 0o644)
      }).pipe(Effect.provide(Layer.merge(Host.layer, NodeFileSystem.layer)))
    )

    it.scoped(
      "returns nothing for a missing file, fails for a folder and distinguishes a folder from a file",
      () =>
        Effect.gen(function* () {
          const files = yield* FileSystem.FileSystem
          const folder = yield* files.makeTempDirectoryScoped()
          const host = yield* Host.Host
          assert.isTrue(Option.isNone(yield* host.readFile(`${folder}/missing`)))
          assert.isTrue(Option.isNone(yield* host.readFile(`${folder}/no/such/folder`)))
          assert.isTrue(yield* host.isFolder(folder))
          assert.isFalse(yield* host.isFolder(`${folder}/missing`))
          const failure = yield* Effect.flip(host.readFile(folder))
          assert.deepStrictEqual([failure.subject, failure.path], ["file", folder])
        }).pipe(Effect.provide(Layer.merge(Host.layer, NodeFileSystem.layer)))
    )

    it.scoped("lists a folder by name, and answers none for a missing one", () =>
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const host = yield* Host.Host
        yield* files.writeFileString(`${folder}/b`, "")
        yield* files.makeDirectory(`${folder}/a`)
        assert.deepStrictEqual(yield* host.listFolder(folder), Option.some(["a", "b"]))
        assert.isTrue(Option.isNone(yield* host.listFolder(`${folder}/missing`)))
        assert.strictEqual((yield* Effect.flip(host.listFolder(`${folder}/b`))).path, `${folder}/b`)
      }).pipe(Effect.provide(Layer.merge(Host.layer, NodeFileSystem.layer)))
    )

    it.scoped("adds to a file, which it makes for its owner alone, and to nothing but a file (CON-061)", () =>
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const host = yield* Host.Host
        const path = `${folder}/keys`
        for (const line of ["one\n", "two\n"]) yield* host.appendFile(path, Buffer.from(line))
        const file = Option.getOrThrow(yield* host.readFile(path))
        assert.deepStrictEqual([file.text, file.mode], ["one\ntwo\n", 0o600])
        for (const wrong of [folder, `${folder}/no/such/folder`]) {
          const failure = yield* Effect.flip(host.appendFile(wrong, Buffer.from("x")))
          assert.deepStrictEqual([failure.subject, failure.path], ["file", wrong])
        }
      }).pipe(Effect.provide(Layer.merge(Host.layer, NodeFileSystem.layer)))
    )

    it.effect("sees the environment as it is now", () =>
      Effect.gen(function* () {
        const host = yield* Host.Host
        process.env["EFFECT_POSTGRES_HOST_TEST"] = "one"
        assert.strictEqual((yield* host.environment)["EFFECT_POSTGRES_HOST_TEST"], "one")
        delete process.env["EFFECT_POSTGRES_HOST_TEST"]
        assert.isUndefined((yield* host.environment)["EFFECT_POSTGRES_HOST_TEST"])
      }).pipe(Effect.provide(Host.layer))
    )

    it.effect("knows the user and the home folder", () =>
      Effect.gen(function* () {
        const host = yield* Host.Host
        assert.isNotEmpty(yield* host.osUser)
        assert.isNotEmpty(yield* host.homeFolder)
      }).pipe(Effect.provide(Host.layer))
    )
  })

  describe("with files of another making", () => {
    const denied = (method: string) =>
      new Error.SystemError({
        module: "FileSystem",
        method,
        reason: "PermissionDenied",
        pathOrDescriptor: "/secret"
      })
    const readWith = (files: Partial<FileSystem.FileSystem>) =>
      Effect.flatMap(Host.Host, (host) => host.readFile("/secret")).pipe(
        Effect.provide(Layer.provide(Host.layerFileSystem, FileSystem.layerNoop(files)))
      )
    const info = {
      type: "File",
      mode: 0o100644,
      size: FileSystem.Size(3),
      uid: Option.none()
    } as FileSystem.File.Info

    it.effect("fails with the system's reason when a file may not be read", () =>
      Effect.gen(function* () {
        const failure = yield* Effect.flip(readWith({ stat: () => Effect.fail(denied("stat")) }))
        assert.deepStrictEqual(failure, {
          _tag: "HostFailure",
          subject: "file",
          path: "/secret",
          reason: "PermissionDenied"
        })
        const later = yield* Effect.flip(
          readWith({ stat: () => Effect.succeed(info), readFile: () => Effect.fail(denied("open")) })
        )
        assert.strictEqual(later.reason, "PermissionDenied")
      })
    )

    it.effect("opens neither a pipe nor a file beyond measure", () =>
      Effect.gen(function* () {
        for (const odd of [{ type: "FIFO" } as const, { size: FileSystem.Size(1n << 30n) }]) {
          const readFile = () => Effect.die("must not be opened")
          const failure = yield* Effect.flip(
            readWith({ stat: () => Effect.succeed({ ...info, ...odd }), readFile })
          )
          assert.strictEqual(failure.subject, "file")
        }
      })
    )
  })

  describe("for tests", () => {
    it.effect("has nothing on it, except what it is given", () =>
      Effect.gen(function* () {
        const bare = yield* Host.Host
        assert.isTrue(Option.isNone(yield* bare.readFile("/etc/passwd")))
        assert.deepStrictEqual(yield* bare.environment, { PGHOST: "db" })
        assert.strictEqual(yield* bare.osUser, "postgres")
      }).pipe(Effect.provide(Host.layerTest({ environment: Effect.succeed({ PGHOST: "db" }) })))
    )
  })
})
