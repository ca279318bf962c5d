import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { CopyPart } from "../../../src/connection/copy/CopyOutParts.js"
import type { BackupEvent } from "../../../src/replication/backup/BackupEvent.js"
import type { BackupFacts } from "../../../src/replication/backup/BackupReader.js"
import { bytes } from "../../wire/bytes.js"
import * as Parts from "./parts.js"
import {
  archive,
  begin,
  data,
  end,
  finish,
  folders,
  messages,
  noMembers,
  payloads,
  read,
  start
} from "./parts.js"

const events = (parts: ReadonlyArray<CopyPart>, facts: Partial<BackupFacts> = {}) =>
  Either.getOrThrow(read(parts, facts))

const refused = (parts: ReadonlyArray<CopyPart>, facts: Partial<BackupFacts> = {}) => {
  const error = Either.getOrThrow(Either.flip(read(parts, facts)))
  return `${error.state} ${error.tag}: ${error.reason}`
}

/** An event as a word. */
const shown = (event: BackupEvent): string => {
  switch (event._tag) {
    case "ArchiveStarted":
      return `${event.name} of ${event.tablespace.location}`
    case "ArchiveData":
    case "ManifestData":
      return `${event._tag} ${event.data.length}`
    case "BackupProgressed":
      return `at ${event.bytes} of ${event.estimatedBytes}`
    default:
      return event._tag
  }
}

const whole = [
  begin,
  messages(archive("16384.tar", "/srv/fast"), data(bytes("x".repeat(512))), data(noMembers)),
  messages(Parts.progress(10n), archive("base.tar"), data(noMembers), Parts.progress(20_000n)),
  messages(Parts.manifest, data(bytes("{}"))),
  end
]
const tablespace = folders([16_384, "/srv/fast"])

describe("a base backup of PostgreSQL 15 and later", () => {
  it("is read from one copy, whose messages name their kind (REP-066, REP-067)", () => {
    const all = events([start, tablespace, ...whole, finish, Parts.commandComplete], { hasManifest: true })
    assert.deepStrictEqual(all[0], {
      _tag: "BackupStarted",
      systemId: Parts.facts.systemId,
      serverVersion: 180_000,
      start: 0x2000028n,
      timeline: 1,
      tablespaces: [
        { oid: 16_384, location: "/srv/fast", estimatedBytes: undefined },
        { oid: undefined, location: undefined, estimatedBytes: 10_240n }
      ]
    })
    assert.deepStrictEqual(all.slice(1).map(shown), [
      "16384.tar of /srv/fast",
      "ArchiveData 512",
      "ArchiveData 1024",
      "at 10 of 10240",
      "ArchiveEnded",
      "base.tar of undefined",
      "ArchiveData 1024",
      "at 20000 of 20000",
      "ArchiveEnded",
      "ManifestStarted",
      "ManifestData 2",
      "BackupFinished"
    ])
    assert.deepStrictEqual(all.at(-1), { _tag: "BackupFinished", end: 0x2000100n, timeline: 1 })
  })

  it("has archives without data when they go elsewhere (REP-071)", () => {
    const parts = [start, folders(), begin, messages(archive("base.tar"), Parts.progress(5n)), end, finish]
    assert.deepStrictEqual(events(parts, { isSent: false }).slice(1).map(shown), [
      "base.tar of undefined",
      "at 5 of 10240",
      "ArchiveEnded",
      "BackupFinished"
    ])
    assert.match(refused(parts), /an archive must end with two blocks of zeros/)
  })

  it("has sizes in kilobytes, or none (REP-072)", () => {
    const sized = Parts.result({ spcoid: null, spclocation: null, size: "123" })
    const parts = (tablespaces: CopyPart) => [
      start,
      tablespaces,
      begin,
      messages(archive("base.tar"), data(noMembers)),
      end,
      finish
    ]
    const estimated = (tablespaces: CopyPart) => {
      const [first] = events(parts(tablespaces))
      return first?._tag === "BackupStarted" ? first.tablespaces[0]?.estimatedBytes : undefined
    }
    assert.strictEqual(estimated(sized), 125_952n)
    assert.strictEqual(estimated(Parts.result({ spcoid: null, spclocation: null, size: null })), undefined)
  })

  it("refuses data before any archive, unknown payloads and wrong lengths (REP-067)", () => {
    const of = (...bodies: ReadonlyArray<Uint8Array>) =>
      refused([start, folders(), begin, payloads(...bodies), end, finish])
    assert.strictEqual(of(bytes("d", "x")), "BaseBackup.Copy CopyData: there is data before any archive")
    assert.match(of(bytes("z")), /no payload has this tag/)
    assert.match(of(bytes()), /a payload without a tag/)
    assert.match(of(bytes("p", 0)), /BackupProgress/)
    assert.match(of(bytes("n", "base.tar")), /NewArchive/)
  })

  it("refuses names of archives of which a path could be made, and archives of no tablespace (REP-068, TRP-115)", () => {
    const of = (name: string, location = "") =>
      refused([start, tablespace, begin, messages(archive(name, location), data(noMembers)), end, finish])
    for (const name of [
      "../x",
      "../base.tar",
      "a/base.tar",
      "/etc/x.tar",
      "base.tar/..",
      "",
      "..",
      "base.tar.gz.sh",
      "016384.tar",
      "0.tar",
      "base.TAR"
    ]) {
      assert.match(of(name), /the name of an archive must be base\.tar or/, name)
    }
    assert.match(of("16385.tar", "/srv/fast"), /16385\.tar belongs to no tablespace that was listed/)
    assert.match(of("16384.tar", "/etc"), /16384\.tar belongs to no tablespace that was listed/)
    assert.match(of("base.tar", "/srv/fast"), /belongs to no tablespace/)
  })

  it("refuses what is missing, comes twice or comes in another order (REP-066)", () => {
    const base = messages(archive("base.tar"), data(noMembers))
    const cases: ReadonlyArray<readonly [RegExp, ReadonlyArray<CopyPart>, Partial<BackupFacts>?]> = [
      [/the backup ended before its end position/, [start, folders(), begin, base, end]],
      [/the backup ended before its end position/, []],
      [/the end position is missing/, [start, folders(), begin, base, end, Parts.commandComplete]],
      [/the start position has no recptr and tli/, [Parts.result({ recptr: "x", tli: 1 }), folders()]],
      [
        /the end position has no recptr and tli/,
        [start, folders(), begin, base, end, Parts.result({ recptr: "0/1" })]
      ],
      [/an archive is missing/, [start, tablespace, begin, base, end, finish]],
      [/an archive is missing/, [start, folders(), begin, end, finish]],
      [/comes twice/, [start, folders(), begin, base, base, end, finish]],
      [/there must be one copy/, [start, folders(), begin, base, end, begin, end, finish]],
      [/the manifest is missing/, [start, folders(), begin, base, end, finish], { hasManifest: true }],
      [/a manifest too many/, [start, folders(), begin, base, messages(Parts.manifest), end, finish]],
      [
        /an archive must not follow the manifest/,
        [start, tablespace, begin, messages(Parts.manifest), base, end, finish],
        { hasManifest: true }
      ],
      [/a copy must follow the tablespaces/, [begin]],
      [/one result too many/, [start, folders(), begin, base, end, finish, finish]]
    ]
    for (const [pattern, parts, facts] of cases) assert.match(refused(parts, facts), pattern)
  })

  it("refuses tablespaces that contradict each other", () => {
    const of = (...rows: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
      refused([start, Parts.result(...rows)])
    const main = { spcoid: null, spclocation: null, size: null }
    assert.match(of({ ...main, spcoid: 1 }, main), /an OID and a folder, or neither/)
    assert.match(
      of({ spcoid: "../1", spclocation: "/a", size: null }, main),
      /the OID of a tablespace must be a number/
    )
    assert.match(of({ ...main, size: "-1" }), /the size of a tablespace must be a number/)
    assert.match(of(main, main), /one row for the data folder/)
    const one = { spcoid: 1, spclocation: "/a", size: null }
    assert.match(of(one, one, main), /listed twice/)
  })

  it("refuses an archive that is cut, wherever (W07)", () => {
    const member = bytes("x".repeat(512))
    const ending = (...pieces: ReadonlyArray<Uint8Array>) =>
      read([start, folders(), begin, messages(archive("base.tar"), ...pieces.map(data)), end, finish])
    assert.isTrue(Either.isRight(ending(member, noMembers)))
    assert.isTrue(Either.isRight(ending(member, noMembers.subarray(0, 700), noMembers.subarray(0, 324))))
    for (const cut of [0, 1, 511, 512, 1023]) {
      assert.isTrue(Either.isLeft(ending(member, noMembers.subarray(0, cut))), String(cut))
    }
    assert.isTrue(Either.isLeft(ending(member, noMembers, bytes("x"))))
  })
})

describe("a base backup of PostgreSQL 14", () => {
  const facts = { hasTags: false, serverVersion: 140_000 }
  const block = bytes("x".repeat(512))

  it("is read from a copy for each archive and for the manifest, and gets the end of its archives (REP-069, REP-070)", () => {
    const all = events(
      [
        start,
        tablespace,
        begin,
        payloads(block, bytes(), block),
        end,
        begin,
        payloads(block),
        end,
        begin,
        payloads(bytes("{"), bytes(), bytes("}")),
        end,
        finish,
        Parts.commandComplete
      ],
      { ...facts, hasManifest: true }
    )
    assert.deepStrictEqual(all.slice(1).map(shown), [
      "16384.tar of /srv/fast",
      "ArchiveData 512",
      "ArchiveData 512",
      "ArchiveData 1024",
      "at 2048 of 10240",
      "ArchiveEnded",
      "base.tar of undefined",
      "ArchiveData 512",
      "ArchiveData 1024",
      "at 3584 of 10240",
      "ArchiveEnded",
      "ManifestStarted",
      "ManifestData 1",
      "ManifestData 1",
      "BackupFinished"
    ])
  })

  it("refuses a copy too many, and one too few (REP-070)", () => {
    const one = [begin, payloads(block), end]
    assert.match(refused([start, folders(), ...one, ...one, finish], facts), /more copies than archives/)
    assert.match(refused([start, tablespace, ...one, finish], facts), /an archive is missing/)
    assert.match(
      refused([start, folders(), ...one, finish], { ...facts, hasManifest: true }),
      /the manifest is missing/
    )
  })
})
