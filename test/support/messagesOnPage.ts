/**
 * Checks in every unit test that the messages of errors which the code makes stand on `docs/messages.md`. Errors that a test makes by
 * itself, with texts of its own, are left out.
 */
import { readFileSync } from "node:fs"
import { afterAll, assert } from "vitest"
import * as PgError from "../../src/model/PgError.js"
import { patternsOf, type Pattern } from "./messagePatterns.js"

const page = readFileSync(new URL("../../docs/messages.md", import.meta.url), "utf8")
const patterns = patternsOf(page)
const missing = new Set<string>()

/** Whether a test constructed the error: the first frame outside of the errors' own files. */
const isOfATest = (): boolean => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 40
  const stack = new Error().stack ?? ""
  Error.stackTraceLimit = limit
  const caller = stack
    .split("\n")
    .slice(1)
    .map((line) => line.replaceAll("\\", "/"))
    .find(
      (line) =>
        /\/(src|test)\//.test(line) &&
        !/node_modules|\/src\/model\/\w*Error\.ts|\/support\/messagesOnPage\.ts/.test(line)
    )
  return caller === undefined || caller.includes("/test/")
}

/** The reason of a Schema is the application's own text. */
const isOfASchema = (error: Error): boolean =>
  typeof error.cause === "object" && error.cause !== null && "_tag" in error.cause

/** What is wrong with the bytes of a message stands once, under the tag of the protocol; several errors carry it. */
const ofBytes = patterns.get("PgProtocolError") ?? []

const fits = (message: string, ofTag: ReadonlyArray<Pattern>): boolean =>
  ofTag.some((pattern) => pattern(message)) || ofBytes.some((pattern) => pattern(message))

/**
 * The getters as the library has them. Files of one worker share its modules, and each of them comes through here: a getter is put
 * around the library's own, not around that of the file before.
 */
const own: WeakMap<object, () => string> = ((globalThis as Record<symbol, unknown>)[
  Symbol.for("effect-postgres/test/messages")
] ??= new WeakMap()) as WeakMap<object, () => string>

for (const made of Object.values(PgError)) {
  if (typeof made !== "function" || !(made.prototype instanceof Error)) continue
  const prototype = made.prototype as object
  const getter =
    own.get(prototype) ??
    (Object.getOwnPropertyDescriptor(prototype, "message")?.get as (() => string) | undefined)
  const ofTag = patterns.get(made.name)
  // The server's own text is not ours to list.
  if (getter === undefined || made.name === "PgServerError") continue
  own.set(prototype, getter)
  Object.defineProperty(prototype, "message", {
    configurable: true,
    get(this: Error) {
      const message = getter.call(this)
      if (!fits(message, ofTag ?? []) && !isOfASchema(this) && !isOfATest())
        missing.add(`${made.name}: ${message}`)
      return message
    }
  })
}

afterAll(() => {
  assert.deepStrictEqual([...missing], [], "not on docs/messages.md: run npm run generate")
})
