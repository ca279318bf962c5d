/** One archive on its way to members: decompressed where the server compressed it, and read as tar. */
import * as Effect from "effect/Effect"
import type { Either } from "effect/Either"
import * as EitherOps from "effect/Either"
import type * as Scope from "effect/Scope"
import type { PgBackupError } from "../../model/BackupError.js"
import { failure } from "./BackupFailure.js"
import * as Decompression from "./Decompression.js"
import type { TarPart, TarReader } from "./TarReader.js"

/** Takes the parts that one piece of the archive has; their data is good until the effect is done. */
export type TakeParts = (parts: ReadonlyArray<TarPart>) => Effect.Effect<void, PgBackupError> | undefined

export class ArchiveSource {
  constructor(
    readonly name: string,
    private readonly tar: TarReader,
    private readonly decompressor: Decompression.Decompressor | undefined,
    private readonly onParts: TakeParts
  ) {}

  private checked<A>(read: Either<A, string>): Effect.Effect<A, PgBackupError> {
    return EitherOps.isRight(read)
      ? Effect.succeed(read.right)
      : Effect.fail(failure("archive", this.name, read.left))
  }

  private plain(piece: Uint8Array): Effect.Effect<void, PgBackupError> {
    return Effect.flatMap(this.checked(this.tar.read(piece)), (parts) => this.onParts(parts) ?? Effect.void)
  }

  /** Takes a piece of the archive; the next is to be given when this is done. */
  write(piece: Uint8Array): Effect.Effect<void, PgBackupError> {
    return this.decompressor === undefined
      ? this.plain(piece)
      : Effect.flatMap(this.decompressor.write(piece), (pieces) =>
          Effect.forEach(pieces, (one) => this.plain(one), { discard: true })
        )
  }

  /** The archive has come to its end. Fails when it was cut. */
  readonly end: Effect.Effect<void, PgBackupError> = Effect.suspend(() =>
    Effect.zipRight(
      this.decompressor === undefined
        ? Effect.void
        : Effect.flatMap(this.decompressor.end, (pieces) =>
            Effect.forEach(pieces, (one) => this.plain(one), { discard: true })
          ),
      Effect.suspend(() => this.checked(this.tar.finish()))
    )
  )
}

/** A source for the archive of this name, whose suffix is that of its compression. */
export const open = (
  name: string,
  makeTar: () => TarReader,
  onParts: TakeParts
): Effect.Effect<ArchiveSource, PgBackupError, Scope.Scope> => {
  const method = Decompression.methodOf(name)
  return method === undefined
    ? Effect.sync(() => new ArchiveSource(name, makeTar(), undefined, onParts))
    : Effect.map(
        Decompression.make(name, method),
        (decompressor) => new ArchiveSource(name, makeTar(), decompressor, onParts)
      )
}
