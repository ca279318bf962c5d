/**
 * The manual's grammar of answers as regular expressions, written without looking at the tables: what may come next is
 * worked out by Brzozowski's derivatives. The other half of every comparison in the session's tests.
 *
 * A letter is the tag of a message; `+c` and `+f` are CopyDone and CopyFail when they are ours.
 */
export type Grammar =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Empty" }
  | { readonly _tag: "Letter"; readonly letter: string }
  | { readonly _tag: "Then"; readonly first: Grammar; readonly second: Grammar }
  | { readonly _tag: "Or"; readonly one: Grammar; readonly other: Grammar }
  | { readonly _tag: "Many"; readonly inner: Grammar }

const nothing: Grammar = { _tag: "Nothing" }
export const empty: Grammar = { _tag: "Empty" }

const then = (first: Grammar, second: Grammar): Grammar =>
  first._tag === "Nothing" || second._tag === "Nothing"
    ? nothing
    : first._tag === "Empty"
      ? second
      : { _tag: "Then", first, second }

const or = (one: Grammar, other: Grammar): Grammar =>
  one._tag === "Nothing" ? other : other._tag === "Nothing" ? one : { _tag: "Or", one, other }

/** Letters and grammars one after the other. */
export const seq = (...parts: ReadonlyArray<string | Grammar>): Grammar =>
  parts.reduceRight<Grammar>(
    (rest, part) => then(typeof part === "string" ? { _tag: "Letter", letter: part } : part, rest),
    empty
  )

export const any = (...choices: ReadonlyArray<Grammar>): Grammar => choices.reduce(or, nothing)

export const many = (...parts: ReadonlyArray<string | Grammar>): Grammar => ({
  _tag: "Many",
  inner: seq(...parts)
})

/** Whether the conversation may be over. */
export const isOver = (self: Grammar): boolean => {
  switch (self._tag) {
    case "Nothing":
    case "Letter":
      return false
    case "Empty":
    case "Many":
      return true
    case "Then":
      return isOver(self.first) && isOver(self.second)
    case "Or":
      return isOver(self.one) || isOver(self.other)
  }
}

/** What may come next. */
export const next = (self: Grammar): ReadonlySet<string> => {
  switch (self._tag) {
    case "Nothing":
    case "Empty":
      return new Set()
    case "Letter":
      return new Set([self.letter])
    case "Many":
      return next(self.inner)
    case "Then":
      return isOver(self.first) ? new Set([...next(self.first), ...next(self.second)]) : next(self.first)
    case "Or":
      return new Set([...next(self.one), ...next(self.other)])
  }
}

/** What is left once the letter has come. */
export const after = (self: Grammar, letter: string): Grammar => {
  switch (self._tag) {
    case "Nothing":
    case "Empty":
      return nothing
    case "Letter":
      return self.letter === letter ? empty : nothing
    case "Many":
      return then(after(self.inner, letter), self)
    case "Then": {
      const first = then(after(self.first, letter), self.second)
      return isOver(self.first) ? or(first, after(self.second, letter)) : first
    }
    case "Or":
      return or(after(self.one, letter), after(self.other, letter))
  }
}

// The answers to each request, MSG-027 to MSG-036. Errors are the session's matter and not here.

export const parse = seq("1")
export const bind = seq("2")
export const describeStatement = seq("t", any(seq("T"), seq("n")))
export const describePortal = any(seq("T"), seq("n"))
export const close = seq("3")
export const sync = seq("Z")

/** A letter that no server sends: only an error can come here. */
export const onlyAnError = "!"

const copyIn = seq("G", any(seq("+c", "C"), seq("+f", onlyAnError)))

/** The machine keeps one state for all of it, so that rows before a copy, which no server sends, would pass. */
export const execute = seq(
  many("D"),
  any(seq("C"), seq("I"), seq("s"), seq("H", many("d"), "c", "C"), copyIn)
)

/** Each side's end in either order; a walsender sends data behind its own, or the result in its place. */
const copyBoth = seq(
  "W",
  many("d"),
  any(seq("c", "+c"), seq("C"), seq("+c", many("d"), any(seq("c", many("d")), seq("C"))))
)

/** With the liberties of the replication protocol: copies without a count, counts without a copy. */
export const query = seq(
  many(any(seq("T", many("D"), "C"), seq("C"), seq("I"), copyIn, seq("H", many("d"), "c"), copyBoth)),
  "Z"
)

export const functionCall = seq("V", "Z")
