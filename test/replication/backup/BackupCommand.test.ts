import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { baseBackup } from "../../../src/replication/backup/BackupCommand.js"
import type { BackupOptions } from "../../../src/replication/backup/BackupOptions.js"

const text = (options: BackupOptions, version: number | undefined = 180_000) =>
  Either.getOrThrow(baseBackup(options, version))

const refusal = (options: BackupOptions, version: number | undefined = 180_000) => {
  const refused = Either.getOrThrow(Either.flip(baseBackup(options, version)))
  return `${refused.argument} ${refused.reason}`
}

const everything: BackupOptions = {
  label: "it's nightly",
  progress: true,
  checkpoint: "fast",
  wal: true,
  wait: false,
  maxRate: 32,
  tablespaceMap: true,
  verifyChecksums: false,
  manifest: "force-encode",
  manifestChecksums: "SHA256"
}

describe("BASE_BACKUP", () => {
  it("is words without parentheses for PostgreSQL 14 (REP-065)", () => {
    assert.strictEqual(
      text(everything, 140_005),
      "BASE_BACKUP LABEL 'it''s nightly' PROGRESS FAST WAL NOWAIT MAX_RATE 32 TABLESPACE_MAP " +
        "NOVERIFY_CHECKSUMS MANIFEST 'force-encode' MANIFEST_CHECKSUMS 'SHA256'"
    )
    const defaults = { progress: false, wal: false, wait: true, tablespaceMap: false, verifyChecksums: true }
    assert.strictEqual(text({ ...defaults, checkpoint: "spread", manifest: false }, 140_005), "BASE_BACKUP")
  })

  it("is a list in parentheses from PostgreSQL 15 on, and where the version is unknown (REP-063, REP-064)", () => {
    for (const version of [150_000, 180_000, undefined]) {
      assert.strictEqual(
        text(everything, version),
        "BASE_BACKUP (LABEL 'it''s nightly', PROGRESS true, CHECKPOINT 'fast', WAL true, WAIT false, MAX_RATE 32, " +
          "TABLESPACE_MAP true, VERIFY_CHECKSUMS false, MANIFEST 'force-encode', MANIFEST_CHECKSUMS 'SHA256')"
      )
    }
    assert.strictEqual(text({}), "BASE_BACKUP")
    assert.strictEqual(text({ manifest: true }), "BASE_BACKUP (MANIFEST 'yes')")
  })

  it("has no rate unless one is given, and refuses one out of range by name (REP-063, TRP-116)", () => {
    assert.notInclude(text({ ...everything, maxRate: undefined } as never), "MAX_RATE")
    for (const maxRate of [0, 31, 1_048_577, 64.5, Number.NaN]) {
      assert.strictEqual(
        refusal({ maxRate }),
        `maxRate must be a whole number from 32 to 1048576, got ${maxRate}`
      )
    }
  })

  it("has compression, targets and increments where the server knows them (REP-063, REP-071)", () => {
    assert.strictEqual(
      text({ compression: { method: "zstd", level: 3, workers: 2, long: true } }),
      "BASE_BACKUP (COMPRESSION 'zstd', COMPRESSION_DETAIL 'level=3,workers=2,long')"
    )
    assert.strictEqual(text({ compression: { method: "gzip" } }), "BASE_BACKUP (COMPRESSION 'gzip')")
    assert.strictEqual(
      text({ target: { server: "/srv/it's" } }),
      "BASE_BACKUP (TARGET 'server', TARGET_DETAIL '/srv/it''s')"
    )
    assert.strictEqual(text({ target: "blackhole" }), "BASE_BACKUP (TARGET 'blackhole')")
    assert.strictEqual(
      text({ target: { name: "shell", detail: "x" } }),
      "BASE_BACKUP (TARGET 'shell', TARGET_DETAIL 'x')"
    )
    assert.strictEqual(
      text({ manifest: true, incrementalFrom: "/m" }, 170_000),
      "BASE_BACKUP (MANIFEST 'yes', INCREMENTAL)"
    )
  })

  it("refuses by name what the server's version does not know (REP-063)", () => {
    const needs = (version: number) => `needs PostgreSQL ${version}, and the server is`
    assert.strictEqual(refusal({ compression: { method: "gzip" } }, 140_000), `compression ${needs(15)} 14`)
    assert.strictEqual(refusal({ target: "blackhole" }, 140_000), `target ${needs(15)} 14`)
    assert.strictEqual(
      refusal({ compression: { method: "zstd", long: true } }, 150_000),
      `compression.long ${needs(16)} 15`
    )
    assert.strictEqual(
      refusal({ manifest: true, incrementalFrom: "/m" }, 160_000),
      `incrementalFrom ${needs(17)} 16`
    )
  })

  it("refuses by name what needs another option or goes with no other (REP-064)", () => {
    assert.strictEqual(refusal({ manifestChecksums: "NONE" }), "manifestChecksums needs manifest: true")
    assert.strictEqual(
      refusal({ manifestChecksums: "NONE", manifest: false }),
      "manifestChecksums needs manifest: true"
    )
    assert.strictEqual(refusal({ incrementalFrom: "/m" }), "incrementalFrom needs manifest: true")
    assert.strictEqual(
      refusal({ compression: { method: "gzip", workers: 1 } }),
      "compression.workers is an option of the method zstd, got gzip"
    )
    assert.match(refusal({ target: { server: "relative" } }), /^target must be an absolute folder/)
    assert.match(refusal({ target: { name: "client", detail: "x" } }), /^target must not have a detail/)
  })

  it("refuses values that callers without types may give", () => {
    assert.match(
      refusal({ compression: { method: "bzip2" as "gzip" } }),
      /^compression.method must be one of/
    )
    assert.match(
      refusal({ compression: { method: "gzip", level: 10 } }),
      /^compression.level must be .* 1 to 9/
    )
    assert.match(refusal({ manifest: "no" as "force-encode" }), /^manifest must be one of/)
    assert.match(
      refusal({ manifest: true, manifestChecksums: "MD5" as "NONE" }),
      /^manifestChecksums must be one of/
    )
    assert.match(refusal({ wal: "WAL) , (" as never }), /^wal must be one of/)
    assert.match(refusal({ checkpoint: "slow" as "fast" }), /^checkpoint must be one of/)
    assert.match(refusal({ label: "two\nlines" }), /^label must be a single line/)
    assert.match(refusal({ label: "é".repeat(513) }), /^label must have at most 1024 bytes, got 1026/)
    assert.match(refusal({ label: "a\0b" }), /^label must not contain a zero byte/)
  })
})
