/** A server that sends base backups made up by hand, and folders for them. */
import type { PlatformError } from "@effect/platform/Error"
import { SystemError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { PgConnector } from "../../../src/connection/PgConnector.js"
import type { FolderOptions } from "../../../src/replication/backup/FolderOptions.js"
import * as FolderBackup from "../../../src/replication/backup/FolderBackup.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import type { BackendMessage } from "../../../src/wire/BackendMessage.js"
import type { BackupMessage } from "../../../src/wire/replication/BackupMessage.js"
import * as Message from "../../../src/wire/replication/BackupMessage.js"
import { written } from "../../wire/bytes.js"
import { answer, identified, scripted } from "../scriptedSessions.js"
import { line, manifestOf } from "./manifests.js"
import * as Parts from "./parts.js"
import type { Made } from "./tar.js"
import { archiveOf, folder } from "./tar.js"

const { column, dataRow, expectAny, readyForQuery, send, simpleQuery, startup } = ScriptedServer

/** A folder that is gone with the scope. */
export const scratch: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => NodeFs.mkdtempSync(join(tmpdir(), "effect-postgres-backup-"))),
  (path) => Effect.sync(() => NodeFs.rmSync(path, { recursive: true, force: true }))
)

const copyOut: BackendMessage = { _tag: "CopyOutResponse", format: 0, columnFormats: [] }

const rows = (
  names: ReadonlyArray<string>,
  ...values: ReadonlyArray<ReadonlyArray<string | null>>
): ReadonlyArray<BackendMessage> => [
  { _tag: "RowDescription", columns: names.map((name) => column(name)) },
  ...values.map((row) => dataRow(row)),
  { _tag: "CommandComplete", commandTag: "SELECT" }
]

const copyData = (message: BackupMessage): BackendMessage => ({
  _tag: "CopyData",
  data: written((writer) => Message.encode(writer, message))
})

/** Bytes as messages of the copy, cut small. */
export const dataOf = (bytes: Uint8Array, size = 700): ReadonlyArray<BackendMessage> =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    copyData(Parts.data(bytes.subarray(index * size, (index + 1) * size)))
  )

export interface Archive {
  readonly name?: string
  readonly location?: string
  readonly bytes: Uint8Array
}

export interface BackupScript {
  readonly archives: ReadonlyArray<Archive>
  /** Unless given, no manifest. */
  readonly manifest?: string | undefined
  readonly tablespaces?: ReadonlyArray<readonly [oid: string, location: string]>
  readonly mode?: string
  /** What the server sends in place of the end position and what follows. */
  readonly ending?: ReadonlyArray<BackendMessage>
}

const wholeEnding: ReadonlyArray<BackendMessage> = [
  ...rows(["recptr", "tli"], ["0/2000100", "1"]),
  { _tag: "CommandComplete", commandTag: "BASE_BACKUP" },
  readyForQuery()
]

/** The whole conversation, each message of the server as one. */
export const backupOf = (script: BackupScript): ReadonlyArray<BackendMessage> => [
  ...rows(["recptr", "tli"], ["0/2000028", "1"]),
  ...rows(
    ["spcoid", "spclocation", "size"],
    ...(script.tablespaces ?? []).map(([oid, location]) => [oid, location, "1"]),
    [null, null, "100"]
  ),
  copyOut,
  ...script.archives.flatMap(({ bytes, location = "", name = "base.tar" }) => [
    copyData(Parts.archive(name, location)),
    ...dataOf(bytes),
    copyData(Parts.progress(BigInt(bytes.length)))
  ]),
  ...(script.manifest === undefined
    ? []
    : [copyData(Parts.manifest), ...dataOf(Buffer.from(script.manifest))]),
  { _tag: "CopyDone" },
  ...(script.ending ?? wholeEnding)
]

/** A server for one backup, which sends this. */
export const serving = (messages: ReadonlyArray<BackendMessage>, mode = "0700"): ScriptedServer.Script => [
  startup({ parameters: { server_version: "18.1" } }),
  identified(1, "0/2000000"),
  simpleQuery('SHOW "data_directory_mode"', [answer(["data_directory_mode"], [mode])]),
  expectAny("BASE_BACKUP", () => [send(...messages)])
]

/** The files of a small data folder. */
export const files: ReadonlyArray<Made> = [
  { name: "backup_label", content: "START WAL LOCATION: 0/2000028\n" },
  folder("base"),
  folder("base/5"),
  { name: "base/5/1259", content: "x".repeat(9000), mode: 0o640 },
  { name: "base/5/empty" },
  folder("./pg_wal"),
  folder("global"),
  { name: "global/pg_control", content: "control" }
]

/** The manifest of such files. */
export const manifestFor = (...all: ReadonlyArray<Made>): string =>
  manifestOf(
    all.filter(({ type = "0" }) => type === "0").map(({ content = "", name }) => line(name, content))
  )

export const small: BackupScript = {
  archives: [{ bytes: archiveOf(...files) }],
  manifest: manifestFor(...files)
}

/** Takes the backup that the server sends. */
export const take = (
  messages: ReadonlyArray<BackendMessage>,
  options: FolderOptions,
  rest: ScriptedServer.Script = [ScriptedServer.goodbye],
  mode?: string,
  files: Layer.Layer<FileSystem> = NodeFileSystem.layer
) =>
  Effect.gen(function* () {
    const connector: Layer.Layer<PgConnector> = yield* scripted([[serving(messages, mode), rest]])
    return yield* FolderBackup.toFolder({ wal: "none", ...options }).pipe(Effect.provide(connector))
  }).pipe(Effect.provide(files))

/** The files of this machine on a disk that fails with `code` at the call of this number which writes, syncs or renames. */
export const failingDisk = (call: number, code = "ENOSPC") => {
  let calls = 0
  const layer = Layer.map(NodeFileSystem.layer, (context) => {
    const fs = Context.get(context, FileSystem)
    const counted = <A>(
      path: string,
      effect: Effect.Effect<A, PlatformError>
    ): Effect.Effect<A, PlatformError> =>
      Effect.suspend(() =>
        ++calls === call
          ? Effect.fail(
              new SystemError({
                module: "FileSystem",
                method: "write",
                reason: "Unknown",
                pathOrDescriptor: path,
                description: `${code}: injected`
              })
            )
          : effect
      )
    const open: FileSystem["open"] = (path, options) =>
      Effect.map(
        counted(path, Effect.void).pipe(Effect.zipRight(fs.open(path, options))),
        (file) =>
          new Proxy(file, {
            get: (target, name) => {
              if (name === "writeAll") return (bytes: Uint8Array) => counted(path, target.writeAll(bytes))
              if (name === "sync") return counted(path, target.sync)
              const value: unknown = Reflect.get(target, name, target)
              return typeof value === "function" ? value.bind(target) : value
            }
          })
      )
    return Context.make(FileSystem, {
      ...fs,
      open,
      makeDirectory: (path, options) => counted(path, fs.makeDirectory(path, options)),
      rename: (from, to) => counted(to, fs.rename(from, to))
    })
  })
  return { layer, isReached: () => calls >= call }
}

/** Every file and folder below, with the kind and the mode. */
export const tree = (path: string): ReadonlyArray<string> =>
  NodeFs.existsSync(path)
    ? NodeFs.readdirSync(path, { recursive: true, withFileTypes: true })
        .map((entry) => {
          const full = join(entry.parentPath, entry.name)
          const name = full.slice(path.length + 1)
          if (entry.isSymbolicLink()) return `${name} -> ${NodeFs.readlinkSync(full)}`
          return `${name} ${(NodeFs.statSync(full).mode & 0o777).toString(8)}`
        })
        .sort()
    : ["nothing"]
