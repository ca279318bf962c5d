/**
 * How the text of one setting becomes a value, and back. Reasons never quote free text: what is written in the wrong
 * place of a connection string may be a piece of a password.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import type { AuthMethod, ReplicationMode, RequireAuth } from "./Vocabulary.js"
import { authMethods } from "./Vocabulary.js"

/** Reads and writes one kind of value. */
export interface ValueParser<A> {
  /** What is accepted, for messages and docs. */
  readonly accepts: string
  /** `undefined`: the text means "not set". Left: why it is refused. */
  readonly parse: (text: string) => Either.Either<A | undefined, string>
  readonly print: (value: A) => string
}

/** What a refused text looks like, without showing it. */
export const shape = (text: string): string =>
  text === "" ? "an empty text" : `a text of ${text.length} character${text.length === 1 ? "" : "s"}`

/** What a refused value of any kind looks like. A number is shown where numbers are `accepted`: it is no secret there. */
export const shapeOf = (value: unknown, accepted: string): string => {
  if (typeof value === "string") return shape(value)
  if (typeof value === "number") return accepted.includes("number") ? String(value) : "a number"
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

const refuse = (accepts: string, text: string): Either.Either<never, string> =>
  Either.left(`expected ${accepts}, got ${shape(text)}`)

/** Any text; an empty one means "not set". */
export const text: ValueParser<string> = {
  accepts: "text",
  parse: (value) => Either.right(value === "" ? undefined : value),
  print: (value) => value
}

/** One of some words. A word is safe to show when it is one. */
export const oneOf = <const W extends string>(words: ReadonlyArray<W>): ValueParser<W> => {
  const accepts = `one of ${words.join(", ")}`
  return {
    accepts,
    parse: (value) => {
      const word = words.find((word) => word === value)
      if (word !== undefined) return Either.right(word)
      return /^[A-Za-z][A-Za-z0-9.-]{0,23}$/.test(value)
        ? Either.left(`expected ${accepts}, got "${value}"`)
        : refuse(accepts, value)
    },
    print: (value) => value
  }
}

/** A TLS version in any case; empty means "no bound". */
export const wordIgnoringCase = <const W extends string>(words: ReadonlyArray<W>): ValueParser<W> => {
  const exact = oneOf(words)
  return {
    ...exact,
    parse: (value) => {
      if (value === "") return Either.right(undefined)
      const word = words.find((word) => word.toLowerCase() === value.toLowerCase())
      return word === undefined ? exact.parse(value) : Either.right(word)
    }
  }
}

/** libpq looks at the first character alone: `1` is yes, another number and an empty text are no. Words are refused. */
export const sni: ValueParser<boolean> = {
  accepts: "1 or 0",
  parse: (value) => (/^[0-9]*$/.test(value) ? Either.right(value.startsWith("1")) : refuse("1 or 0", value)),
  print: (value) => (value ? "1" : "0")
}

/** A whole number as libpq reads one: white space around it, 32 bits. */
export const parseInteger = (value: string): number | undefined => {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+[ \t\n\v\f\r]*$/.test(value)) return undefined
  const number = Number(value)
  return number >= -0x80000000 && number <= 0x7fffffff ? number : undefined
}

const integerAs = <A>(
  accepts: string,
  make: (number: number) => A | undefined,
  print: (value: A) => string
): ValueParser<A> => ({
  accepts,
  parse: (value) => {
    const number = parseInteger(value)
    return number === undefined ? refuse(accepts, value) : Either.right(make(number))
  },
  print
})

/** A number other than zero is yes. */
export const integerFlag: ValueParser<boolean> = integerAs(
  "a whole number, 0 for no",
  (number) => number !== 0,
  (value) => (value ? "1" : "0")
)

/** A count; zero or less leaves it to the system. */
export const count: ValueParser<number> = integerAs(
  "a whole number, 0 for the system's own",
  (number) => (number > 0 ? number : undefined),
  String
)

/** Whole seconds; zero or less leaves it to the system. */
export const seconds: ValueParser<Duration.Duration> = integerAs(
  "a whole number of seconds, 0 for the system's own",
  (number) => (number > 0 ? Duration.seconds(number) : undefined),
  (value) => String(Math.ceil(Duration.toSeconds(value)))
)

/** Whole seconds before the first keepalive; zero or less is the system's own, which is not the default. */
export const keepaliveIdle: ValueParser<Duration.Duration> = integerAs(
  "a whole number of seconds, 0 for the system's own",
  (number) => Duration.seconds(Math.max(0, number)),
  (value) => String(Math.ceil(Duration.toSeconds(value)))
)

/** Whole milliseconds; zero or less leaves it to the system. */
export const milliseconds: ValueParser<Duration.Duration> = integerAs(
  "a whole number of milliseconds, 0 for the system's own",
  (number) => (number > 0 ? Duration.millis(number) : undefined),
  (value) => String(Math.ceil(Duration.toMillis(value)))
)

/** Whole seconds; zero or less waits for ever. */
export const deadline: ValueParser<Duration.Duration> = integerAs(
  "a whole number of seconds, 0 to wait for ever",
  (number) => (number > 0 ? Duration.seconds(number) : Duration.infinity),
  (value) => (Duration.isFinite(value) ? String(Math.ceil(Duration.toSeconds(value))) : "0")
)

const yes: ReadonlyArray<string> = ["true", "on", "yes", "1"]
const no: ReadonlyArray<string> = ["false", "off", "no", "0"]

/** `database`, or a boolean: the server's reading of the startup parameter. */
export const replication: ValueParser<ReplicationMode> = {
  accepts: "database, true, on, yes, 1, false, off, no or 0",
  parse: (value) => {
    if (value === "database") return Either.right("database")
    const word = value.toLowerCase()
    if (yes.includes(word)) return Either.right("true")
    return word === "" || no.includes(word) ? Either.right(undefined) : refuse(replication.accepts, value)
  },
  print: (value) => value
}

/** Whatever means UTF-8, which is the only encoding spoken; `auto` too. */
export const clientEncoding: ValueParser<"UTF8"> = {
  accepts: "UTF8 or auto: this client speaks UTF-8 only",
  parse: (value) =>
    value === "" || ["utf8", "utf-8", "unicode", "auto"].includes(value.toLowerCase())
      ? Either.right("UTF8")
      : refuse(clientEncoding.accepts, value),
  print: (value) => value
}

/** Methods divided by commas, either all plain (only these) or all with `!` (all but these). */
export const requireAuth: ValueParser<RequireAuth> = {
  accepts: `a list of ${authMethods.join(", ")}, divided by commas, all plain or all with ! before them`,
  parse: (value) => {
    if (value === "") return Either.right(undefined)
    const negated = value.startsWith("!")
    const methods: Array<AuthMethod> = []
    for (const entry of value.split(",")) {
      if (entry === "") return Either.left("an entry is empty")
      if (entry.startsWith("!") !== negated)
        return Either.left("methods with ! and methods without ! must not be mixed")
      const method = authMethods.find((method) => method === (negated ? entry.slice(1) : entry))
      if (method === undefined)
        return Either.left(`expected ${requireAuth.accepts}; an entry is something else`)
      if (methods.includes(method)) return Either.left(`${method} is listed twice`)
      methods.push(method)
    }
    return Either.right({ negated, methods })
  },
  print: ({ methods, negated }) => methods.map((method) => (negated ? `!${method}` : method)).join(",")
}

/** Accepted for the sake of other clients and without effect here. */
export const ignored = (accepts: string): ValueParser<never> => ({
  accepts,
  parse: () => Either.right(undefined),
  print: () => ""
})

/** A setting that is not supported. Ignoring it would promise a protection that is not there. `but` are the harmless values. */
export const unsupported = (why: string, but: ReadonlyArray<string> = []): ValueParser<never> => ({
  accepts: but.length === 0 ? "not supported" : `${but.join(" or ")} only`,
  parse: (value) => (value === "" || but.includes(value) ? Either.right(undefined) : Either.left(why)),
  print: () => ""
})
