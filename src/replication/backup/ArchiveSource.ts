/** One archive on its way to members: decompressed where the server compressed it, and read as tar. */
import * as Effect from "effect/Effect"
import type { Either } from "effect/Either"
import * as EitherOps from "effect/Either"
import type * as Scope from "effect/Scope"
import type { PgBackupError } from "../../model/BackupError.js"
import { failure } from "./BackupFailure.js"
import * as Decompression from "./Decompression.js"
import type { TarPart, TarReader } from "./TarReader.js"

export class ArchiveSource {
  constructor(
    readonly name: string,
    private readonly tar: TarReader,
    private readonly decompressor: Decompression.Decompressor | undefined,
    private readonly onPart: (part: TarPart) => Effect.Effect<void, PgBackupError> | undefined
  ) {}

  private checked<A>(read: Either<A, string>): Effect.Effect<A, PgBackupError> {
    return EitherOps.isRight(read)
      ? Effect.succeed(read.right)
      : Effect.fail(failure("archive", this.name, read.left))
  }

  private plain(piece: Uint8Array): Effect.Effect<void, PgBackupError> {
    return Effect.flatMap(this.checked(this.tar.read(piece)), (parts) => {
      let at = 0
      let wait: Effect.Effect<void, PgBackupError> | undefined
      // Most parts have nothing to be waited for.
      const next = (): boolean => {
        wait = undefined
        while (wait === undefined && at < parts.length) wait = this.onPart(parts[at++]!)
        return wait !== undefined
      }
      return Effect.whileLoop({ while: next, body: () => wait!, step: () => {} })
    })
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

/** A source for the archive of this name, whose suffix says how it is compressed. */
export const open = (
  name: string,
  makeTar: () => TarReader,
  onPart: (part: TarPart) => Effect.Effect<void, PgBackupError> | undefined
): Effect.Effect<ArchiveSource, PgBackupError, Scope.Scope> => {
  const method = Decompression.methodOf(name)
  return method === undefined
    ? Effect.sync(() => new ArchiveSource(name, makeTar(), undefined, onPart))
    : Effect.map(
        Decompression.make(name, method),
        (decompressor) => new ArchiveSource(name, makeTar(), decompressor, onPart)
      )
}
