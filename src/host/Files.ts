/** Small files of the machine: passwords, services, certificates, keys. */
import type * as Error from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type HostFailure, make as failure } from "./HostFailure.js"

/** A file that was read, with what decides whether it may be trusted. */
export interface HostFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** The bytes as UTF-8; invalid sequences become U+FFFD. */
  readonly text: string
  /** Permission bits, the lowest nine: `0o600` is read and write for the owner only. */
  readonly mode: number
  /** Number of the owner, none where the system does not number users. */
  readonly owner: Option.Option<number>
}

/** The most bytes of a file that are read: a certificate bundle has a few hundred thousand. */
export const maxFileSize = 16 * 1024 * 1024

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** The file at `path`, or none when it does not exist. Only regular files are read, so that a pipe cannot hang the caller. */
export const read = (
  files: FileSystem.FileSystem,
  path: string
): Effect.Effect<Option.Option<HostFile>, HostFailure> =>
  Effect.gen(function* () {
    const info = yield* files.stat(path)
    if (info.type !== "File")
      return yield* Effect.fail(failure("file", path, `is a ${info.type}, not a file`))
    if (info.size > BigInt(maxFileSize)) {
      return yield* Effect.fail(failure("file", path, `is larger than ${maxFileSize} bytes`))
    }
    const bytes = yield* files.readFile(path)
    const text = decoder.decode(bytes)
    return Option.some({ path, bytes, text, mode: info.mode & 0o777, owner: info.uid })
  }).pipe(
    Effect.catchTags({
      SystemError: (error) => (error.reason === "NotFound" ? Effect.succeedNone : unreadable(path, error)),
      BadArgument: (error) => unreadable(path, error)
    })
  )

const unreadable = (path: string, error: Error.PlatformError): Effect.Effect<never, HostFailure> =>
  Effect.fail(failure("file", path, error._tag === "SystemError" ? error.reason : error.message))

/** The names in the folder at `path`, in order; none when there is no such folder. */
export const list = (
  files: FileSystem.FileSystem,
  path: string
): Effect.Effect<Option.Option<ReadonlyArray<string>>, HostFailure> =>
  files.readDirectory(path).pipe(
    Effect.map((names) => Option.some([...names].sort())),
    Effect.catchTags({
      SystemError: (error) => (error.reason === "NotFound" ? Effect.succeedNone : unreadable(path, error)),
      BadArgument: (error) => unreadable(path, error)
    })
  )

/**
 * Adds bytes to the end of the file at `path` in one write; a file that is not there yet is made for its owner alone.
 * Only regular files are written to, so that a pipe cannot hang the caller.
 */
export const append = (
  files: FileSystem.FileSystem,
  path: string,
  bytes: Uint8Array
): Effect.Effect<void, HostFailure> =>
  Effect.gen(function* () {
    const info = yield* Effect.option(files.stat(path))
    if (Option.isSome(info) && info.value.type !== "File") {
      return yield* Effect.fail(failure("file", path, `is a ${info.value.type}, not a file`))
    }
    yield* Effect.catchAll(files.writeFile(path, bytes, { flag: "a", mode: 0o600 }), (error) =>
      unreadable(path, error)
    )
  })

const isA =
  (kind: FileSystem.File.Type) =>
  (files: FileSystem.FileSystem, path: string): Effect.Effect<boolean> =>
    files.stat(path).pipe(
      Effect.map(({ type }) => type === kind),
      Effect.orElseSucceed(() => false)
    )

/** Whether a folder with this path is there; one that cannot be looked at counts as absent. */
export const isFolder = isA("Directory")

/** Whether a Unix socket with this path is there; one that cannot be looked at counts as absent. */
export const isSocket = isA("Socket")
