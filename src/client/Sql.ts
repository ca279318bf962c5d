/**
 * SQL as a tagged template: plain values are always parameters, never text. Fragments may be put into each other, and
 * parameters are numbered when the whole is known.
 *
 * A backslash has JavaScript's meaning, as in every template: `\\d` is the SQL text `\d`, `\n` a line break. An escape that
 * JavaScript cannot read (`\users`, `\1`), or of which it would silently drop the backslash (`\d`, `\'`), is refused: the
 * statement fails with `PgUsageError`, which names the place, and nothing is sent.
 *
 * ```ts
 * sql`select * from ${Sql.identifier("people")} where age > ${18} ${onlyActive ? sql`and active` : Sql.empty}`
 * ```
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import * as Identifier from "../model/Identifier.js"
import * as Escapes from "./Escapes.js"
import { CallSite } from "./telemetry/CallSite.js"
import { Builder, Fragment, isFragment, noTypes, Typed, partBy } from "./Fragment.js"

export type { Fragment } from "./Fragment.js"

/** What stands in a compiler's message for a value that can be no parameter. */
export interface NoParameter<Why extends string> {
  readonly "effect-postgres/NoParameter": Why
}

/** Values that have no form as a parameter, whatever their type: there is something else to be done with each. */
type Refused =
  | ((...args: never) => unknown)
  | (abstract new (...args: never) => unknown)
  | symbol
  | PromiseLike<unknown>
  | Effect.Effect<unknown, unknown, unknown>
  | Schema.Schema.All

/** The value's own type, unless it can be no parameter. */
export type TemplateValue<T> = T extends Fragment
  ? T
  : T extends Refused
    ? NoParameter<"a function, a symbol, a promise, an Effect or a Schema is no value that can be sent">
    : T

/**
 * Makes a statement from a template. A value becomes a parameter, and never text. A value that is a fragment becomes part of the statement. Values that cannot be sent
 * do not compile: functions, symbols, promises, Effects (an Option is one), Schemas.
 *
 * ```ts
 * const active = sql`and active`
 * pg.query(sql`select name from people where age > ${18} ${onlyActive ? active : Sql.empty}`)
 * ```
 
 */
export const sql = <const Values extends ReadonlyArray<unknown>>(
  strings: TemplateStringsArray,
  ...values: { readonly [At in keyof Values]: TemplateValue<Values[At]> }
): Fragment => {
  const site = siteOf(strings)
  if (!values.some((value) => isFragment(value) || value instanceof Typed)) return new Plain(site, values)
  const builder = new Builder(site.pieces[0]!, site.refused, site.callSite)
  values.forEach((value, index) => {
    if (isFragment(value)) builder.fragment(value)
    else if (value instanceof Typed) builder.value(value.value, value.oid)
    else builder.value(value, 0)
    builder.text(site.pieces[index + 1]!)
  })
  return builder.done((how) => (sql as Untyped)(strings, ...values.map((value) => partBy(value, how))))
}

/** The tag for values that have been looked at already. */
type Untyped = (strings: TemplateStringsArray, ...values: ReadonlyArray<unknown>) => Fragment

/** What is known of a template by its place in the program, where its text is always the same. */
interface Site {
  readonly pieces: ReadonlyArray<string>
  readonly refused: string | undefined
  /** The text of the whole when every value is a parameter. */
  readonly text: string
  readonly callSite: CallSite
}

const sites = new WeakMap<TemplateStringsArray, Site>()

const siteOf = (strings: TemplateStringsArray): Site => {
  const known = sites.get(strings)
  if (known !== undefined) return known
  const refused = Escapes.refusal(strings)
  // The text of a refused template is for errors only, and shows what was written.
  const pieces = refused === undefined ? strings : strings.raw
  const site = { pieces, refused, text: new Fragment(pieces, [], noTypes).sql, callSite: new CallSite() }
  sites.set(strings, site)
  return site
}

/** A fragment whose text was known from its call site. */
class Plain extends Fragment {
  private readonly text: string

  constructor(site: Site, parameters: ReadonlyArray<unknown>) {
    super(site.pieces, parameters, noTypes, site.refused, site.callSite)
    this.text = site.text
  }
  override get sql(): string {
    return this.text
  }
}

/** The empty fragment, for optional parts. */
export const empty: Fragment = new Fragment([""], [], noTypes)

/**
 * A name, quoted. Several parts make a path, such as schema and table; a dot inside a part is part of the name.
 *
 * Throws when a part cannot be a name: empty, longer than 63 bytes, with a zero byte or a lone surrogate. The server would
 * shorten a longer one to a name that another object may have.
 */
export const identifier = (...path: readonly [string, ...ReadonlyArray<string>]): Fragment => {
  const quoted = Identifier.quotePath(path)
  if (Either.isLeft(quoted)) throw new TypeError(`Sql.identifier: ${quoted.left}`)
  return new Fragment([quoted.right], [], noTypes)
}

/** Text that becomes part of the statement unchanged. Use it only for text that you have written, never for input of users. */
export const unsafe = (text: string): Fragment => new Fragment([text], [], noTypes)

/** A parameter whose type you state: `Sql.typed(PgTypes.Oid.jsonb, value)`. When all parameters are stated, the first use of a statement takes one round
 * trip instead of two. */
export const typed = (oid: number, value: unknown): unknown => new Typed(value, oid)

/** Joins fragments with a separator: `Sql.join(", ", [a, b])`. */
export const join = (separator: string, parts: ReadonlyArray<Fragment>): Fragment => {
  const builder = new Builder("")
  parts.forEach((part, index) => {
    if (index > 0) builder.text(separator)
    builder.fragment(part)
  })
  return builder.done((how) =>
    join(
      separator,
      parts.map((part) => part.rendering?.(how) ?? part)
    )
  )
}
