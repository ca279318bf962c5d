/** Complete segments made smaller: read in pieces, so that a segment of a gibibyte takes no more memory than one of a mebibyte. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Zlib from "node:zlib"

/** `zstd` needs Node 22.15 or later. */
export type WalCompression = "gzip" | "zstd"

/** What a compressed segment's name ends with. */
export const suffixOf = { gzip: ".gz", zstd: ".zst" } as const

type Maker = (() => Zlib.Gzip) | undefined

const makers: Readonly<Record<WalCompression, Maker>> = {
  gzip: () => Zlib.createGzip(),
  zstd: (Zlib as unknown as { readonly createZstdCompress?: () => Zlib.Gzip }).createZstdCompress
}

export const isAvailable = (compression: WalCompression): boolean => makers[compression] !== undefined

const pieceBytes = 1 << 18

/** Gives the stream a piece, or its end, and takes what it has made of it. */
const feed = (stream: Zlib.Gzip, piece: Uint8Array | undefined): Effect.Effect<ReadonlyArray<Uint8Array>> =>
  Effect.async((resume) => {
    const out: Array<Uint8Array> = []
    const take = (chunk: Uint8Array): void => void out.push(chunk)
    const done = (): void => {
      stream.off("data", take)
      resume(Effect.succeed(out))
    }
    stream.on("data", take)
    if (piece === undefined) {
      stream.once("end", done)
      stream.end()
    } else stream.write(piece, done)
  })

/** Writes to `to` what `from` holds, compressed. */
export const copy = (
  compression: WalCompression,
  from: FileSystem.File,
  to: FileSystem.File
): Effect.Effect<void, PlatformError> =>
  Effect.acquireUseRelease(
    Effect.sync(() => makers[compression]!()),
    (stream) => {
      const step: Effect.Effect<boolean, PlatformError> = Effect.flatMap(
        from.readAlloc(pieceBytes),
        (piece) =>
          Effect.flatMap(feed(stream, Option.getOrUndefined(piece)), (made) =>
            Effect.as(
              Effect.forEach(made, (bytes) => to.writeAll(bytes), { discard: true }),
              Option.isNone(piece)
            )
          )
      )
      return Effect.asVoid(Effect.repeat(step, { until: (done) => done }))
    },
    (stream) => Effect.sync(() => stream.destroy())
  )

/** The first bytes of what was compressed; nothing when they cannot be read. */
export const head = (compression: WalCompression, bytes: Uint8Array): Uint8Array => {
  try {
    if (compression === "gzip") return Zlib.gunzipSync(bytes, { finishFlush: Zlib.constants.Z_SYNC_FLUSH })
    const { zstdDecompressSync } = Zlib as unknown as {
      readonly zstdDecompressSync?: (bytes: Uint8Array, options: object) => Uint8Array
    }
    return zstdDecompressSync?.(bytes, { finishFlush: 1 }) ?? new Uint8Array(0)
  } catch {
    return new Uint8Array(0)
  }
}
