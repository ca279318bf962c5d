/**
 * SQL as a tagged template: plain values are always parameters, never text. Fragments may be put into each other, and
 * parameters are numbered when the whole is known.
 *
 * ```ts
 * sql`select * from ${Sql.identifier("people")} where age > ${18} ${onlyActive ? sql`and active` : Sql.empty}`
 * ```
 */
import * as Either from "effect/Either"
import * as Identifier from "../model/Identifier.js"
import type { Statement } from "../model/Statement.js"

const FragmentId: unique symbol = Symbol.for("effect-postgres/Sql/Fragment")

/** Text pieces with values between them: one value fewer than pieces. */
class Fragment implements Statement {
  readonly [FragmentId] = true
  private compiled: string | undefined

  constructor(
    readonly pieces: ReadonlyArray<string>,
    readonly parameters: ReadonlyArray<unknown>,
    readonly types: ReadonlyArray<number>
  ) {}

  /** The text with `$1`, `$2` … in place of the values. */
  get sql(): string {
    if (this.compiled !== undefined) return this.compiled
    let text = this.pieces[0]!
    for (let index = 1; index < this.pieces.length; index++) text += `$${index}${this.pieces[index]!}`
    return (this.compiled = text)
  }
}

export type { Fragment }

/** A value with the type it is sent as. */
class Typed {
  constructor(
    readonly value: unknown,
    readonly oid: number
  ) {}
}

const isFragment = (value: unknown): value is Fragment =>
  typeof value === "object" && value !== null && FragmentId in value

/** Statements of templates without fragments inside, by call site: the text is put together once. */
const texts = new WeakMap<TemplateStringsArray, string>()

const noTypes: ReadonlyArray<number> = []

/** The template tag. A value that is a fragment becomes part of the text; any other value is a parameter. */
export const sql = (strings: TemplateStringsArray, ...values: ReadonlyArray<unknown>): Fragment => {
  if (!values.some((value) => isFragment(value) || value instanceof Typed)) {
    let text = texts.get(strings)
    if (text === undefined) {
      text = new Fragment(strings, [], noTypes).sql
      texts.set(strings, text)
    }
    return new Plain(strings, values, text)
  }
  const builder = new Builder(strings[0]!)
  values.forEach((value, index) => {
    if (isFragment(value)) builder.fragment(value)
    else if (value instanceof Typed) builder.value(value.value, value.oid)
    else builder.value(value, 0)
    builder.text(strings[index + 1]!)
  })
  return builder.done()
}

/** Puts pieces of text and values together, in one pass. */
class Builder {
  private readonly pieces: Array<string>
  private readonly parameters: Array<unknown> = []
  private readonly types: Array<number> = []

  constructor(first: string) {
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
    this.text(part.pieces[0]!)
    for (let at = 0; at < part.parameters.length; at++) {
      this.value(part.parameters[at], part.types[at] ?? 0)
      this.text(part.pieces[at + 1]!)
    }
  }

  done(): Fragment {
    return new Fragment(
      this.pieces,
      this.parameters,
      this.types.some((oid) => oid !== 0) ? this.types : noTypes
    )
  }
}

/** A fragment whose text was known from its call site. */
class Plain extends Fragment {
  constructor(
    pieces: ReadonlyArray<string>,
    parameters: ReadonlyArray<unknown>,
    private readonly text: string
  ) {
    super(pieces, parameters, noTypes)
  }
  override get sql(): string {
    return this.text
  }
}

/** Nothing: for optional parts. */
export const empty: Fragment = new Fragment([""], [], noTypes)

/**
 * A name, quoted. Several parts make a path, such as schema and table; a dot inside a part is part of the name.
 *
 * Throws when a part cannot be a name: empty, longer than 63 bytes, with a zero byte or a lone surrogate. The server would
 * shorten a longer one to a name that may be somebody else's.
 */
export const identifier = (...path: readonly [string, ...ReadonlyArray<string>]): Fragment => {
  const quoted = Identifier.quotePath(path)
  if (Either.isLeft(quoted)) throw new TypeError(`Sql.identifier: ${quoted.left}`)
  return new Fragment([quoted.right], [], noTypes)
}

/** Text that becomes part of the statement as it is. Never give it anything a user has typed. */
export const unsafe = (text: string): Fragment => new Fragment([text], [], noTypes)

/** A parameter of a stated type: `Sql.typed(Oid.jsonb, value)`. */
export const typed = (oid: number, value: unknown): unknown => new Typed(value, oid)

/** Fragments with a separator between them. */
export const join = (separator: string, parts: ReadonlyArray<Fragment>): Fragment => {
  const builder = new Builder("")
  parts.forEach((part, index) => {
    if (index > 0) builder.text(separator)
    builder.fragment(part)
  })
  return builder.done()
}
