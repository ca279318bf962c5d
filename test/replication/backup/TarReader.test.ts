import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as MemberPath from "../../../src/replication/backup/MemberPath.js"
import * as TarReader from "../../../src/replication/backup/TarReader.js"
import { archiveOf, ending, folder, gnuName, member, pax } from "./tar.js"

const load = TarReader.load

/** The members as words, or what is wrong. */
const readWith = (makeTar: () => TarReader.TarReader, pieces: Iterable<Uint8Array>) => {
  const reader = makeTar()
  const found: Array<string> = []
  for (const piece of pieces) {
    const read = reader.read(Buffer.from(piece))
    if (Either.isLeft(read)) return Either.left(read.left)
    for (const part of read.right) {
      if (part._tag === "TarMember") {
        found.push(`${part.type} ${part.path} ${part.mode.toString(8)} ${part.size} ${part.target}|`)
      } else if (part._tag === "TarData") found.push(`${found.pop()}${Buffer.from(part.data).toString()}`)
      else found.push(`${found.pop()}.`)
    }
  }
  return Either.map(reader.finish(), () => found)
}

const small = archiveOf(
  { name: "backup_label", content: "START" },
  folder("base"),
  { name: "base/1", content: "x".repeat(600), mode: 0o640 },
  { name: "empty" },
  { name: "pg_tblspc/16384/", type: "2", target: "/srv/fast" }
)
const words = [
  "file backup_label 600 5 |START.",
  "folder base/ 700 0 |.",
  `file base/1 640 600 |${"x".repeat(600)}.`,
  "file empty 600 0 |.",
  "link pg_tblspc/16384/ 777 0 /srv/fast|."
]

describe("a tar archive", () => {
  it.effect("is read member by member, however it is cut (REP-073, W06)", () =>
    Effect.gen(function* () {
      const makeTar = yield* load
      const expected = words.map((word) =>
        word.replace("link pg_tblspc/16384/ 777", "link pg_tblspc/16384/ 600")
      )
      const read = (pieces: Iterable<Uint8Array>) => Either.getOrThrow(readWith(makeTar, pieces))
      assert.deepStrictEqual(read([small]), expected)
      assert.deepStrictEqual(read([...small].map((byte) => Uint8Array.of(byte))), expected)
      fc.assert(
        fc.property(fc.array(fc.nat(small.length), { maxLength: 8 }), (cuts) => {
          const at = [0, ...cuts.sort((a, b) => a - b), small.length]
          assert.deepStrictEqual(
            read(at.slice(1).map((end, index) => small.subarray(at[index], end))),
            expected
          )
        })
      )
    })
  )

  it.effect("is refused when it is cut anywhere, or has no end (REP-069, W07)", () =>
    Effect.gen(function* () {
      const makeTar = yield* load
      for (let length = 0; length < small.length; length += length % 512 === 0 ? 1 : 100) {
        assert.isTrue(Either.isLeft(readWith(makeTar, [small.subarray(0, length)])), `${length} bytes`)
      }
    })
  )

  it.effect("is refused with a size that is not that of the member, or is invalid (W07)", () =>
    Effect.gen(function* () {
      const makeTar = yield* load
      const lies = (size: number) =>
        readWith(makeTar, [
          member({ name: "a", content: "x".repeat(2000), size }),
          member({ name: "b" }),
          ending
        ])
      for (const size of [-1, 10, 1_000_000, 9 * 2 ** 30])
        assert.isTrue(Either.isLeft(lies(size)), String(size))
      const broken = member({ name: "a", content: "x" })
      broken[0]! ^= 1
      assert.match(String(readWith(makeTar, [broken, ending])), /checksum/)
    })
  )

  it.effect("reads sizes of more than eight gibibytes (REP-073)", () =>
    Effect.gen(function* () {
      const makeTar = yield* load
      const parts = Either.getOrThrow(makeTar().read(member({ name: "a", size: 9 * 2 ** 30 })))
      assert.deepInclude(parts[0], { path: "a", size: 9 * 2 ** 30 })
    })
  )

  it.effect("may have names of a hundred bytes and more, up to a bound (REP-073, W07)", () =>
    Effect.gen(function* () {
      const makeTar = yield* load
      for (const length of [99, 100]) {
        const name = "n".repeat(length)
        const [only] = Either.getOrThrow(readWith(makeTar, [archiveOf({ name })]))
        assert.strictEqual(only, `file ${name} 600 0 |.`)
      }
      const long = `${"d/".repeat(100)}file`
      for (const before of [gnuName(long), pax("path", long)]) {
        const [only] = Either.getOrThrow(readWith(makeTar, [before, archiveOf({ name: "short" })]))
        assert.strictEqual(only, `file ${long} 600 0 |.`)
      }
      for (const before of [gnuName("x".repeat(70_000)), pax("path", "x".repeat(70_000))]) {
        assert.match(
          String(readWith(makeTar, [before, archiveOf({ name: "short" })])),
          /a header has .* bytes, more than/
        )
      }
    })
  )

  it.effect("names the kind of devices, pipes and hard links (W07)", () =>
    Effect.gen(function* () {
      const makeTar = yield* load
      for (const [type, kind] of [
        ["1", "Link"],
        ["3", "CharacterDevice"],
        ["4", "BlockDevice"],
        ["6", "FIFO"]
      ] as const) {
        const target = type === "1" ? "/etc/passwd" : ""
        const [part] = Either.getOrThrow(makeTar().read(archiveOf({ name: "a", type, target })))
        assert.deepInclude(part, { type: "other", kind })
      }
      assert.match(
        String(readWith(makeTar, [archiveOf({ name: "a", type: "Z" })])),
        /unknown type|Unsupported/
      )
    })
  )

  it.effect("is not taken for a compressed one, whatever its first bytes are", () =>
    Effect.gen(function* () {
      const makeTar = yield* load
      assert.match(
        String(readWith(makeTar, [Buffer.from([0x1f, 0x8b, 8, 0]), ending])),
        /is compressed by gzip/
      )
      assert.isTrue(Either.isLeft(readWith(makeTar, [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), ending])))
    })
  )
})

describe("the name of a member", () => {
  it("becomes a path only when it stays inside (REP-068, W07)", () => {
    for (const name of ["a", "base/1", "./pg_wal/", "pg_tblspc/1/", "a..b", "..a", "a b", "ü"]) {
      assert.strictEqual(MemberPath.refusal(name), undefined, name)
    }
    for (const name of [
      "",
      "/",
      "./",
      "../x",
      "a/../../x",
      "a/..",
      "..",
      ".",
      "a/./b",
      "/etc/passwd",
      "a//b",
      "//a",
      "a\0b",
      "a\nb",
      "./../x",
      "././x",
      "\ufffd",
      `${"d/".repeat(3000)}x`,
      "n".repeat(256)
    ]) {
      assert.isString(MemberPath.refusal(name), JSON.stringify(name))
    }
  })
})
