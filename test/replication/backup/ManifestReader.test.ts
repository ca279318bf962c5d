import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import type { ManifestFile } from "../../../src/replication/backup/Manifest.js"
import { ManifestReader } from "../../../src/replication/backup/ManifestReader.js"
import { ManifestWriter } from "../../../src/replication/backup/ManifestWriter.js"
import { crc, line, manifestOf, range, read, signed } from "./manifests.js"

const all = (text: string) => Either.getOrThrow(read([Buffer.from(text)]))
const refusal = (text: string): string => Either.getOrThrow(Either.flip(read([Buffer.from(text)])))

const head = `{ "PostgreSQL-Backup-Manifest-Version": 1,\n`
const tail = `],\n"WAL-Ranges": [\n${range}\n],\n`
const withFile = (file: string) => signed(`${head}"Files": [\n${file}\n${tail}`)

describe("a backup manifest", () => {
  it("has its version, the cluster's identifier with all digits, the files and the log (REP-074)", () => {
    const text = manifestOf([line("PG_VERSION", "18\n"), line(`base/5/a"b\\ü`, "x")], "18446744073709551615")
    const { facts, files } = all(text)
    assert.deepStrictEqual(facts, {
      version: 2,
      systemId: "18446744073709551615",
      walRanges: [{ timeline: 1, start: 0x2000028n, end: 0x2000100n }],
      files: 2
    })
    assert.deepStrictEqual(files[0], {
      path: "PG_VERSION",
      size: 3n,
      lastModified: "2026-11-30 09:00:00 GMT",
      algorithm: "CRC32C",
      checksum: crc("18\n")
    })
    assert.strictEqual(files[1]?.path, `base/5/a"b\\ü`)
    assert.strictEqual(all(manifestOf([line("a", "")], undefined as never)).facts.version, 2)
  })

  it("may be of version 1, without checksums, and with paths as hexadecimal (REP-074)", () => {
    const { facts, files } = all(withFile(`{ "Encoded-Path": "626173652f31", "Size": 9007199254740993 }`))
    assert.deepInclude(facts, { version: 1, systemId: undefined })
    assert.deepStrictEqual(files, [
      { path: "base/1", size: 9007199254740993n, lastModified: undefined, algorithm: "NONE", checksum: "" }
    ])
  })

  it("is read the same however it is cut", () => {
    const text = Buffer.from(manifestOf([line("a/ü", "1"), line("b\tc", "2"), line("d", "3")]))
    const whole = Either.getOrThrow(read([text]))
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, index) => text.subarray(at[index], end))
        assert.deepStrictEqual(Either.getOrThrow(read(pieces)), whole)
      })
    )
    assert.deepStrictEqual(Either.getOrThrow(read([...text].map((byte) => Uint8Array.of(byte)))), whole)
  })

  it("is refused when it is cut anywhere (W08)", () => {
    const text = Buffer.from(manifestOf([line("a", "1"), line("b", "2")]))
    for (let length = 0; length < text.length; length++) {
      assert.isTrue(Either.isLeft(read([text.subarray(0, length)])), `${length} bytes`)
    }
  })

  it("is refused when a bit of it has changed (REP-074, W08)", () => {
    const text = Buffer.from(manifestOf([line("a", "1")]))
    for (let at = 0; at < text.length; at++) {
      const changed = Buffer.from(text)
      changed[at]! ^= 1
      assert.isTrue(Either.isLeft(read([changed])), `byte ${at}`)
    }
  })

  it("is refused with keys that come twice, are unknown, or stand elsewhere (W08)", () => {
    const file = `"Path": "a", "Size": 1`
    const cases: ReadonlyArray<readonly [RegExp, string]> = [
      [/the key Path comes twice/, withFile(`{ ${file}, "Path": "b" }`)],
      [/the key Files comes twice/, signed(`${head}"Files": [], "Files": [\n${tail}`)],
      [/the key "__proto__" is unknown/, withFile(`{ ${file}, "__proto__": 1 }`)],
      [/the key "constructor" is unknown/, withFile(`{ ${file}, "constructor": 1 }`)],
      [/the key "Size" is unknown/, signed(`${head}"Size": 1,\n"Files": [\n${tail}`)],
      [/PostgreSQL-Backup-Manifest-Version must come first/, signed(`{ "Files": [\n${tail}`)],
      [/must have one path/, withFile(`{ "Size": 1 }`)],
      [/must have one path/, withFile(`{ ${file}, "Encoded-Path": "61" }`)],
      [/has no size/, withFile(`{ "Path": "a" }`)],
      [/an Encoded-Path must be hexadecimal/, withFile(`{ "Encoded-Path": "6", "Size": 1 }`)],
      [
        /a checksum of an unknown kind/,
        withFile(`{ ${file}, "Checksum-Algorithm": "MD5", "Checksum": "00" }`)
      ],
      [/a checksum and its algorithm, or neither/, withFile(`{ ${file}, "Checksum": "00" }`)],
      [
        /a checksum and its algorithm, or neither/,
        withFile(`{ ${file}, "Checksum-Algorithm": "CRC32C", "Checksum": "0g" }`)
      ],
      [/its version must be 1 or 2/, manifestOf([]).replace('Version": 2', 'Version": 3')],
      [/must be in version 2/, signed(`${head}"System-Identifier": 1,\n"Files": [\n${tail}`)],
      [
        /a timeline, a start and an end/,
        signed(
          `${head}"Files": [],\n"WAL-Ranges": [{ "Timeline": 0, "Start-LSN": "0/1", "End-LSN": "0/2" }],\n`
        )
      ],
      [
        /a timeline, a start and an end/,
        signed(
          `${head}"Files": [],\n"WAL-Ranges": [{ "Timeline": 1, "Start-LSN": "0/3", "End-LSN": "0/2" }],\n`
        )
      ],
      [/text follows its end/, `${manifestOf([])}{}\n`],
      [/its last line has no line feed at its end/, manifestOf([]).trimEnd()]
    ]
    for (const [pattern, text] of cases) assert.match(refusal(text), pattern)
  })

  it("is refused with values of another kind, and with invalid numbers (W08)", () => {
    for (const size of [
      '"1"',
      "1.5",
      "-1",
      "1e3",
      "true",
      "null",
      "01",
      "[]",
      "{}",
      "123456789012345678901"
    ]) {
      assert.isTrue(Either.isLeft(read([Buffer.from(withFile(`{ "Path": "a", "Size": ${size} }`))])), size)
    }
    assert.match(refusal(withFile(`{ "Path": 1, "Size": 1 }`)), /the value of Path must be a string/)
    assert.match(refusal(withFile(`{ "Path": "\\x", "Size": 1 }`)), /an invalid escape/)
    assert.match(refusal(withFile(`[]`)), /an item of a list must be an object/)
    assert.match(refusal("[]"), /it must be an object/)
    assert.match(refusal("backup"), /is no value|it must be an object/)
  })

  it("costs no memory by depth or length, and is refused at once (W08)", () => {
    const reader = new ManifestReader()
    assert.isTrue(Either.isLeft(reader.read(Buffer.from("[".repeat(1_000_000)))))
    assert.match(refusal(withFile(`{ "Path": "a", "Size": ${"[".repeat(1_000_000)}`)), /the value of Size/)
    assert.match(refusal(`{ "${"x".repeat(100_000)}": 1`), /more than 65536 bytes/)
    assert.match(
      refusal(withFile(`{ "Path": "a", "Size": ${"1".repeat(100_000)} }`)),
      /more than 65536 bytes/
    )
    const endless = new ManifestReader()
    const space = Buffer.alloc(1 << 16, 0x20)
    let refused = false
    for (let piece = 0; piece < 100 && !refused; piece++) refused = Either.isLeft(endless.read(space))
    assert.isTrue(refused)
  })

  it("is refused when its text is not UTF-8", () => {
    const text = Buffer.from(withFile(`{ "Path": "aXb", "Size": 1 }`))
    text[text.indexOf("X")] = 0xff
    assert.match(Either.getOrThrow(Either.flip(read([text]))), /not UTF-8/)
  })

  it("is written as it is read", () => {
    const files: ReadonlyArray<ManifestFile> = [
      { path: `a"\n`, size: 1n, lastModified: "x", algorithm: "SHA256", checksum: "00ff" },
      { path: "b", size: 2n ** 60n, lastModified: undefined, algorithm: "NONE", checksum: "" }
    ]
    const walRanges = [{ timeline: 3, start: 1n, end: 0xffff_ffff_0000_0000n }]
    for (const systemId of [undefined, "18446744073709551615"]) {
      const writer = new ManifestWriter()
      const text = [writer.head(systemId), ...files.map((file) => writer.file(file)), writer.end(walRanges)]
      const { facts, files: again } = all(text.join(""))
      assert.deepStrictEqual(again, files)
      assert.deepStrictEqual(facts, {
        version: systemId === undefined ? 1 : 2,
        systemId,
        walRanges,
        files: 2
      })
    }
  })
})
