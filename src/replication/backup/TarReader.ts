/**
 * The members of a tar archive that comes in pieces, read by node-tar's parser, which is loaded when the first archive is. It works
 * in the call that gives it a piece, so that nothing waits in it. What it only warns of is refused here.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Parser, ReadEntry } from "tar"
import { ArchiveEnd } from "./ArchiveEnd.js"

/** The head of a member. */
export interface TarMember {
  readonly _tag: "TarMember"
  readonly path: string
  readonly type: "file" | "folder" | "link" | "other"
  /** What the archive calls the type. */
  readonly kind: string
  /** Permissions. */
  readonly mode: number
  readonly size: number
  /** Where a link leads; empty for others. */
  readonly target: string
}

/** Bytes of the member that came last; a view of the piece that was given. */
export interface TarData {
  readonly _tag: "TarData"
  readonly data: Uint8Array
}

/** The member that came last has ended. */
export interface TarMemberEnd {
  readonly _tag: "TarMemberEnd"
}

export type TarPart = TarMember | TarData | TarMemberEnd

type MakeParser = new (options: ConstructorParameters<typeof Parser>[0]) => Parser

const memberEnd: TarMemberEnd = { _tag: "TarMemberEnd" }

/** Bytes that a long name or the attributes of a member may have. */
const longestHeader = 1 << 16

const typeOf = (type: string): TarMember["type"] => {
  switch (type) {
    case "File":
    case "OldFile":
      return "file"
    case "Directory":
      return "folder"
    case "SymbolicLink":
      return "link"
    default:
      return "other"
  }
}

export class TarReader {
  private readonly parser: Parser
  private readonly archiveEnd = new ArchiveEnd()
  private parts: Array<TarPart> = []
  private failure: string | undefined
  private isFirst = true
  /** Whether a member has begun that has not ended. */
  private isInMember = false

  constructor(make: MakeParser) {
    this.parser = new make({
      strict: false,
      maxMetaEntrySize: longestHeader,
      brotli: false,
      zstd: false,
      onReadEntry: (entry) => this.member(entry),
      onwarn: (_code: string, message: string | Error) => this.refuse(String(message))
    })
    this.parser.on("ignoredEntry", (entry: ReadEntry) =>
      this.refuse(
        entry.meta
          ? `a header has ${entry.size} bytes, more than ${longestHeader}`
          : `a member has the unknown type ${JSON.stringify(entry.type)}`
      )
    )
  }

  private refuse(reason: string): void {
    this.failure ??= reason
  }

  private member(entry: ReadEntry): void {
    this.isInMember = true
    this.parts.push({
      _tag: "TarMember",
      path: String(entry.path),
      type: typeOf(entry.type),
      kind: entry.type,
      mode: (entry.mode ?? 0o600) & 0o777,
      size: entry.size,
      target: entry.linkpath ?? ""
    })
    entry.on("data", (data: Buffer) => void this.parts.push({ _tag: "TarData", data }))
    entry.on("end", () => {
      this.isInMember = false
      this.parts.push(memberEnd)
    })
  }

  /** What this piece holds. Left: what is wrong with the archive. */
  read(piece: Uint8Array): Either.Either<ReadonlyArray<TarPart>, string> {
    // The parser would take a piece that begins like a compressed one for that.
    if (this.isFirst && piece.length > 0) {
      this.isFirst = false
      if (piece[0] === 0x1f) this.refuse("it is compressed by gzip, and its name does not end with .gz")
    }
    this.archiveEnd.see(piece)
    if (this.failure === undefined) {
      try {
        this.parser.write(
          Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.length)
        )
      } catch (thrown) {
        this.refuse(thrown instanceof Error ? thrown.message : String(thrown))
      }
    }
    const { parts } = this
    this.parts = []
    return this.failure === undefined ? Either.right(parts) : Either.left(this.failure)
  }

  /** The archive has come to its end. Left: it was cut. */
  finish(): Either.Either<void, string> {
    if (this.isInMember) this.refuse("it is truncated inside a file")
    if (!this.archiveEnd.isWhole) this.refuse("it is truncated: two blocks of zeros are missing at its end")
    return this.failure === undefined ? Either.void : Either.left(this.failure)
  }
}

/** Makes readers, once the parser has been loaded. */
export const load: Effect.Effect<() => TarReader> = Effect.map(
  Effect.promise(() => import("tar/parse")),
  ({ Parser }) =>
    () =>
      new TarReader(Parser)
)
