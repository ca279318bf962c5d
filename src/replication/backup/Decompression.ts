/** Archives that the server compressed, decompressed as they come. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Zlib from "node:zlib"
import type { PgBackupError } from "../../model/BackupError.js"
import type { ServerCompression } from "./BackupOptions.js"
import { failure } from "./BackupFailure.js"

type Method = ServerCompression["method"]

const makers: Readonly<Record<Method, (() => Zlib.Gunzip) | undefined>> = {
  gzip: () => Zlib.createGunzip(),
  lz4: undefined,
  zstd: (Zlib as unknown as { readonly createZstdDecompress?: () => Zlib.Gunzip }).createZstdDecompress
}

/** Whether archives of this method can be read here. */
export const isAvailable = (method: Method): boolean => makers[method] !== undefined

/** By the suffix of an archive's name; `undefined` for one that is not compressed. */
export const methodOf = (name: string): Method | undefined =>
  name.endsWith(".gz") ? "gzip" : name.endsWith(".lz4") ? "lz4" : name.endsWith(".zst") ? "zstd" : undefined

/** What is given at once: a few kilobytes may become some megabytes. */
const pieceBytes = 1 << 12

/** Decompresses one archive, piece by piece. */
export interface Decompressor {
  readonly write: (piece: Uint8Array) => Effect.Effect<ReadonlyArray<Uint8Array>, PgBackupError>
  /** What is left. Fails when the archive was cut. */
  readonly end: Effect.Effect<ReadonlyArray<Uint8Array>, PgBackupError>
}

/** A decompressor of this method, closed with the scope. */
export const make = (name: string, method: Method): Effect.Effect<Decompressor, PgBackupError, Scope.Scope> =>
  Effect.gen(function* () {
    const maker = makers[method]
    if (maker === undefined) {
      return yield* Effect.fail(
        failure("archive", name, `${method} cannot be decompressed by this version of Node`)
      )
    }
    const stream = yield* Effect.acquireRelease(Effect.sync(maker), (stream) =>
      Effect.sync(() => stream.destroy())
    )
    let out: Array<Uint8Array> = []
    let fail: ((error: Error) => void) | undefined
    stream.on("data", (chunk: Uint8Array) => void out.push(chunk))
    stream.on("error", (error) => fail?.(error))
    const step = (
      move: (done: () => void) => void
    ): Effect.Effect<ReadonlyArray<Uint8Array>, PgBackupError> =>
      Effect.async((resume) => {
        fail = (error) => resume(Effect.fail(failure("archive", name, error.message, error)))
        if (stream.destroyed) return fail(new Error("an earlier piece of it could not be decompressed"))
        move(() => {
          const pieces = out
          out = []
          resume(Effect.succeed(pieces))
        })
      })
    const write = (piece: Uint8Array) => step((done) => void stream.write(piece, () => done()))
    return {
      write: (piece) =>
        piece.length <= pieceBytes
          ? write(piece)
          : Effect.map(
              Effect.forEach(
                Array.from({ length: Math.ceil(piece.length / pieceBytes) }, (_, index) =>
                  piece.subarray(index * pieceBytes, (index + 1) * pieceBytes)
                ),
                write
              ),
              (all) => all.flat()
            ),
      end: step((done) => {
        stream.once("end", done)
        stream.end()
      })
    }
  })
