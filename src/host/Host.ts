/**
 * What the machine gives: entropy, key derivation, files, environment, the user. One service, so that a test or an
 * unusual place to run replaces all of it at once.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { userInfo, homedir } from "node:os"
import * as Entropy from "./Entropy.js"
import * as Files from "./Files.js"
import { type HostFailure, make as failure } from "./HostFailure.js"

/** What is read from the machine and the process: environment, files, random bytes. Tests replace it. */
export interface HostService {
  /** Bytes fit for keys and nonces. */
  readonly randomBytes: (count: number) => Effect.Effect<Uint8Array>
  /**
   * PBKDF2 with HMAC-SHA-256, 32 bytes, computed outside the event loop; text is taken as UTF-8. The caller bounds
   * `iterations`. Interrupting returns at once; the work that has begun ends unheard on its thread.
   */
  readonly pbkdf2Sha256: (
    password: Uint8Array | string,
    salt: Uint8Array,
    iterations: number
  ) => Effect.Effect<Uint8Array, HostFailure>
  /**
   * A file whole; none when it does not exist. Fails when it is there and cannot be read, or is larger than
   * `maxFileSize`.
   */
  readonly readFile: (path: string) => Effect.Effect<Option.Option<Files.HostFile>, HostFailure>
  /** Whether a folder with this path is there. */
  readonly isFolder: (path: string) => Effect.Effect<boolean>
  /** Whether a Unix socket with this path is there. */
  readonly isSocket: (path: string) => Effect.Effect<boolean>
  /** The names in a folder; none when it does not exist. */
  readonly listFolder: (path: string) => Effect.Effect<Option.Option<ReadonlyArray<string>>, HostFailure>
  /** Adds to the end of a file; one that does not exist is made so that only its owner may read it. */
  readonly appendFile: (path: string, bytes: Uint8Array) => Effect.Effect<void, HostFailure>
  /** Environment variables as they are now. */
  readonly environment: Effect.Effect<Readonly<Record<string, string | undefined>>>
  /** Name of the operating system's user; fails when the system has none for this process. */
  readonly osUser: Effect.Effect<string, HostFailure>
  /** Number of the effective user, none where the system does not number them (Windows). */
  readonly userId: Effect.Effect<Option.Option<number>>
  /** The user's home folder; fails when the system knows none. */
  readonly homeFolder: Effect.Effect<string, HostFailure>
  /** Whether files have permission bits worth checking and libpq's Unix places apply. */
  readonly family: "unix" | "windows"
}

/** The machine this process runs on. */
export class Host extends Context.Tag("effect-postgres/Host")<Host, HostService>() {}

/** A host with nothing on it: real entropy and derivation, no files, no environment, user `postgres`. For tests. */
export const make = (overrides: Partial<HostService> = {}): HostService => ({
  randomBytes: Entropy.randomBytes,
  pbkdf2Sha256: Entropy.pbkdf2Sha256,
  readFile: () => Effect.succeedNone,
  isFolder: () => Effect.succeed(false),
  isSocket: () => Effect.succeed(false),
  listFolder: () => Effect.succeedNone,
  appendFile: (path) => Effect.fail(failure("file", path, "this Host cannot write files")),
  environment: Effect.succeed({}),
  osUser: Effect.succeed("postgres"),
  userId: Effect.succeedNone,
  homeFolder: Effect.succeed("/nonexistent"),
  family: "unix",
  ...overrides
})

/** `make` as a layer. */
export const layerTest = (overrides: Partial<HostService> = {}): Layer.Layer<Host> =>
  Layer.succeed(Host, make(overrides))

/** The real machine, with the files of the `FileSystem` given. */
export const layerFileSystem: Layer.Layer<Host, never, FileSystem.FileSystem> = Layer.effect(
  Host,
  Effect.map(FileSystem.FileSystem, (files) =>
    make({
      readFile: (path) => Files.read(files, path),
      isFolder: (path) => Files.isFolder(files, path),
      isSocket: (path) => Files.isSocket(files, path),
      listFolder: (path) => Files.list(files, path),
      appendFile: (path, bytes) => Files.append(files, path, bytes),
      environment: Effect.sync(() => ({ ...process.env })),
      osUser: ask("user", () => userInfo().username),
      userId: Effect.sync(() => Option.fromNullable(process.geteuid?.())),
      homeFolder: ask("home", homedir),
      family: process.platform === "win32" ? "windows" : "unix"
    })
  )
)

/** The real machine. */
export const layer: Layer.Layer<Host> = Layer.provide(layerFileSystem, NodeFileSystem.layer)

function ask(subject: "user" | "home", question: () => string): Effect.Effect<string, HostFailure> {
  return Effect.flatMap(
    Effect.try({ try: question, catch: (cause) => failure(subject, "", String(cause)) }),
    (answer) =>
      answer === ""
        ? Effect.fail(failure(subject, "", "the operating system returned an empty name"))
        : Effect.succeed(answer)
  )
}
