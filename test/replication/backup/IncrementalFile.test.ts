import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Label from "../../../src/replication/backup/BackupLabel.js"
import type { BlockSource } from "../../../src/replication/backup/IncrementalFile.js"
import * as IncrementalFile from "../../../src/replication/backup/IncrementalFile.js"

const changed = (truncation: number, ...numbers: ReadonlyArray<number>): BlockSource => ({
  _tag: "ChangedBlocks",
  truncation,
  numbers: Uint32Array.from(numbers)
})
const whole = (blocks: number): BlockSource => ({ _tag: "WholeFile", blocks, bytes: blocks * 8192 })

/** Each block as its source and its place there; `-` for zeros. */
const planned = (...sources: ReadonlyArray<BlockSource>) => {
  const { copy, index, length, source } = IncrementalFile.plan(sources)
  const blocks = Array.from({ length }, (_, at) => (source[at] === -1 ? "-" : `${source[at]}:${index[at]}`))
  return { blocks: blocks.join(" "), copy }
}

describe("a file of an increment", () => {
  it("takes each block from the newest backup that has it (REP-079)", () => {
    assert.deepStrictEqual(planned(changed(4, 1), changed(4, 1, 3), whole(4)), {
      blocks: "2:0 0:0 2:2 1:1",
      copy: undefined
    })
  })

  it("is as long as the newest knows, with zeros where no backup has a block (REP-079)", () => {
    assert.strictEqual(planned(changed(5), whole(3)).blocks, "1:0 1:1 1:2 - -")
    assert.strictEqual(planned(changed(1, 3), whole(4)).blocks, "1:0 - - 0:0")
  })

  it("takes nothing from older backups behind the end that the newest knows (REP-079)", () => {
    assert.strictEqual(planned(changed(2, 4), changed(6, 2, 3, 5), whole(6)).blocks, "2:0 2:1 - - 0:0")
  })

  it("is copied when nothing of it has changed, and only then", () => {
    assert.strictEqual(planned(changed(3), changed(5), whole(3)).copy, 2)
    assert.isUndefined(planned(changed(2), whole(3)).copy)
    assert.isUndefined(planned(changed(3, 0), whole(3)).copy)
    assert.isUndefined(planned(changed(3), changed(3, 1), whole(3)).copy)
  })

  it("is what a reader of one block after another makes of it", () => {
    const some = fc.uniqueArray(fc.nat(30), { maxLength: 20 })
    const sources = fc.tuple(
      fc.nat(30),
      some,
      fc.array(fc.tuple(fc.nat(30), some), { maxLength: 3 }),
      fc.nat(30)
    )
    fc.assert(
      fc.property(sources, ([truncation, numbers, older, blocks]) => {
        const all = [
          changed(truncation, ...numbers),
          ...older.map(([end, some]) => changed(end, ...some)),
          whole(blocks)
        ]
        const { index, length, source } = IncrementalFile.plan(all)
        assert.strictEqual(length, Math.max(truncation, ...numbers.map((number) => number + 1)))
        for (let block = 0; block < length; block++) {
          const from = all.findIndex(
            (one, at) =>
              (at === 0 || block < truncation) &&
              (one._tag === "WholeFile" ? block < one.blocks : one.numbers.includes(block))
          )
          assert.strictEqual(source[block], from)
          const one = all[from]
          if (one !== undefined) {
            assert.strictEqual(index[block], one._tag === "WholeFile" ? block : one.numbers.indexOf(block))
          }
        }
      })
    )
  })

  it("has a head that is checked before it is believed (W09)", () => {
    const head = (magic: number, blocks: number, truncation: number) => {
      const bytes = Buffer.alloc(12)
      bytes.writeUInt32LE(magic, 0)
      bytes.writeUInt32LE(blocks, 4)
      bytes.writeUInt32LE(truncation, 8)
      return IncrementalFile.head(bytes)
    }
    assert.deepStrictEqual(head(0xd3ae1f0d, 2, 9), Either.right({ blocks: 2, truncation: 9 }))
    assert.isTrue(Either.isLeft(head(0xd3ae1f0e, 2, 9)))
    assert.isTrue(Either.isLeft(head(0xd3ae1f0d, 131_073, 9)))
    assert.isTrue(Either.isLeft(head(0xd3ae1f0d, 2, 0xffff_ffff)))
    assert.isTrue(Either.isLeft(IncrementalFile.head(Buffer.alloc(11))))
    assert.isTrue(Either.isLeft(IncrementalFile.numbers(Buffer.from([0, 0, 2, 0]), 1)))
    assert.strictEqual(IncrementalFile.dataOffset(0), 12)
    assert.strictEqual(IncrementalFile.dataOffset(1), 8192)
    assert.strictEqual(IncrementalFile.dataOffset(2045), 8192)
    assert.strictEqual(IncrementalFile.dataOffset(2046), 16_384)
  })
})

describe("a backup label", () => {
  const full = "START WAL LOCATION: 0/A000028 (file 00000001000000000000000A)\nSTART TIMELINE: 2\n"
  const from = "INCREMENTAL FROM LSN: 0/9000028\nINCREMENTAL FROM TLI: 1\n"

  it("has the position where the backup begins, and the backup that it is an increment to (REP-079)", () => {
    const start = { position: 0xa000028n, timeline: 2 }
    assert.deepStrictEqual(Label.parse(full), Either.right({ start, from: undefined }))
    assert.deepStrictEqual(
      Label.parse(full + from),
      Either.right({ start, from: { position: 0x9000028n, timeline: 1 } })
    )
    assert.strictEqual(Label.withoutFrom(`${full}${from}LABEL: x\n`), `${full}LABEL: x\n`)
  })

  it("is refused when it cannot be read", () => {
    for (const text of [
      "",
      "START TIMELINE: 1\n",
      `${full}INCREMENTAL FROM TLI: 1\n`,
      full.replace("2", "x")
    ]) {
      assert.isTrue(Either.isLeft(Label.parse(text)), text)
    }
  })
})
