/** Answers to BASE_BACKUP, as the parts that a session gives. */
import * as Either from "effect/Either"
import type { CopyPart } from "../../../src/connection/copy/CopyOutParts.js"
import type { BackupEvent, BackupFinished } from "../../../src/replication/backup/BackupEvent.js"
import { BackupReader, type BackupFacts } from "../../../src/replication/backup/BackupReader.js"
import type { BackupMessage } from "../../../src/wire/replication/BackupMessage.js"
import * as Message from "../../../src/wire/replication/BackupMessage.js"
import { Framer } from "../../../src/wire/Framer.js"
import * as FrameLimits from "../../../src/wire/FrameLimits.js"
import { keptRun } from "../../../src/wire/FrameRun.js"
import { frame, written } from "../../wire/bytes.js"

const text = (name: string) => ({ name, typeOid: 25 }) as never

export const result = (...rows: ReadonlyArray<Readonly<Record<string, unknown>>>): CopyPart => ({
  _tag: "CopyPartResult",
  result: {
    rows,
    columns: Object.keys(rows[0] ?? { none: 1 }).map(text),
    command: { text: "SELECT", command: "SELECT", rows: undefined, oid: undefined } as never
  }
})

export const commandComplete: CopyPart = {
  _tag: "CopyPartResult",
  result: { rows: [], columns: [], command: { text: "BASE_BACKUP" } as never }
}

export const begin: CopyPart = { _tag: "CopyPartBegin" }
export const end: CopyPart = { _tag: "CopyPartEnd" }

/** Payloads of CopyData, all in one chunk. */
export const payloads = (...bodies: ReadonlyArray<Uint8Array>): CopyPart => {
  const framer = new Framer(FrameLimits.defaults.session)
  framer.push(Buffer.concat(bodies.map((body) => frame("d", body))))
  const run = framer.next()
  if (run === null || "least" in run) throw new Error("no run")
  return { _tag: "CopyPartData", run: keptRun(run) }
}

/** Messages of PostgreSQL 15 and later. */
export const messages = (...all: ReadonlyArray<BackupMessage>): CopyPart =>
  payloads(...all.map((message) => written((writer) => Message.encode(writer, message))))

export const archive = (archive: string, location = ""): BackupMessage => ({
  _tag: "NewArchive",
  archive,
  location
})
export const data = (data: Uint8Array): BackupMessage => ({ _tag: "BackupData", data })
export const progress = (bytes: bigint): BackupMessage => ({ _tag: "BackupProgress", bytes })
export const manifest: BackupMessage = { _tag: "NewManifest" }

/** An archive without members: two blocks of zeros. */
export const noMembers = new Uint8Array(1024)

export const start = result({ recptr: "0/2000028", tli: 1n })
export const finish = result({ recptr: "0/2000100", tli: 1n })
export const folders = (...tablespaces: ReadonlyArray<readonly [oid: number, location: string]>): CopyPart =>
  result(...tablespaces.map(([spcoid, spclocation]) => ({ spcoid, spclocation, size: null })), {
    spcoid: null,
    spclocation: null,
    size: 10n
  })

export const facts: BackupFacts = {
  systemId: "7000000000000000001",
  serverVersion: 180_000,
  hasTags: true,
  isSent: true,
  hasManifest: false
}

/** What a reader makes of these parts, all at once. */
export const read = (parts: ReadonlyArray<CopyPart>, some: Partial<BackupFacts> = {}) => {
  const reader = new BackupReader({ ...facts, ...some })
  return Either.flatMap(reader.read(parts), (events) =>
    Either.map(reader.finish(), (finished): ReadonlyArray<BackupEvent | BackupFinished> => [
      ...events,
      finished
    ])
  )
}
