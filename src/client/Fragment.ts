/** The pieces that statements are put together from. */
import type { Statement } from "../model/Statement.js"
import type { CallSite } from "./telemetry/CallSite.js"

const FragmentId: unique symbol = Symbol.for("effect-postgres/Sql/Fragment")

/** How the client that sends a fragment writes keys and missing values. */
export interface How {
  /** The column that a key names. Unless given, the key is the name. */
  readonly toColumn: ((key: string) => string) | undefined
  /** What `undefined` becomes when the helper does not decide it. Unless given, it is refused. */
  readonly undefinedAs: "null" | undefined
}

export type Rendering = (how: How) => Fragment

/** As a client without options writes. */
const plainly: How = { toColumn: undefined, undefinedAs: undefined }

/** A fragment that depends on the client. */
export const rendered = (make: Rendering): Fragment => {
  const fragment = make(plainly)
  fragment.rendering = make
  return fragment
}

/** Text pieces with values between them: one value fewer than pieces. */
export class Fragment implements Statement {
  readonly [FragmentId] = true
  /** The fragment as another client writes it; `undefined` when all write it alike. */
  rendering: Rendering | undefined = undefined
  private compiled: string | undefined

  constructor(
    readonly pieces: ReadonlyArray<string>,
    readonly parameters: ReadonlyArray<unknown>,
    readonly types: ReadonlyArray<number>,
    /** Why the statement cannot be sent: an escape that JavaScript does not read as it is written, or values that a helper refuses. */
    readonly refused: string | undefined = undefined,
    private readonly callSite: CallSite | undefined = undefined
  ) {}

  /** Where in the program the template is. */
  get place(): string | undefined {
    return this.callSite?.place
  }

  /** The text with `$1`, `$2` … in place of the values. */
  get sql(): string {
    if (this.compiled !== undefined) return this.compiled
    let text = this.pieces[0]!
    for (let index = 1; index < this.pieces.length; index++) text += `$${index}${this.pieces[index]!}`
    return (this.compiled = text)
  }
}

/** A value with the type it is sent as. */
export class Typed {
  constructor(
    readonly value: unknown,
    readonly oid: number
  ) {}
}

export const isFragment = (value: unknown): value is Fragment =>
  typeof value === "object" && value !== null && FragmentId in value

export const noTypes: ReadonlyArray<number> = []

/** Puts pieces of text and values together, in one pass. */
export class Builder {
  private readonly pieces: Array<string>
  private readonly parameters: Array<unknown> = []
  private readonly types: Array<number> = []
  /** One of its parts depends on the client. */
  private depends = false

  constructor(
    first: string,
    private refused: string | undefined = undefined,
    private readonly callSite: CallSite | undefined = undefined
  ) {
    this.pieces = [first]
  }

  text(piece: string): void {
    this.pieces[this.pieces.length - 1] += piece
  }

  value(value: unknown, oid: number): void {
    this.parameters.push(value)
    this.types.push(oid)
    this.pieces.push("")
  }

  fragment(part: Fragment): void {
    this.refused ??= part.refused
    if (part.rendering !== undefined) this.depends = true
    this.text(part.pieces[0]!)
    for (let at = 0; at < part.parameters.length; at++) {
      this.value(part.parameters[at], part.types[at] ?? 0)
      this.text(part.pieces[at + 1]!)
    }
  }

  /** `again`: makes the whole of parts as a client writes them. */
  done(again: Rendering): Fragment {
    const fragment = new Fragment(
      this.pieces,
      this.parameters,
      this.types.some((oid) => oid !== 0) ? this.types : noTypes,
      this.refused,
      this.callSite
    )
    if (this.depends) fragment.rendering = again
    return fragment
  }
}

/** A part as a client writes it: a fragment of its own, or a value. */
export const partBy = (part: unknown, how: How): unknown =>
  isFragment(part) ? (part.rendering?.(how) ?? part) : part

/** A fragment that refuses its statement, with the reason as a sentence. */
export const refuse = (reason: string): Fragment => new Fragment([""], [], noTypes, reason)
