/**
 * `Data.TaggedError` whose message is there from the beginning. A class describes its message by a getter over its fields, and the
 * fields are assigned after the constructor of `Error` has run. Some engines read the message inside that constructor, for the
 * head of the stack: JavaScriptCore where `Error.prepareStackTrace` is set, as test runners and error reporters set it.
 */
import * as Data from "effect/Data"

/** The arguments, with the message that the class makes of them; not enumerable, so it is no field. */
const withMessage = (fields: unknown, prototype: object): unknown => {
  try {
    const likeness: unknown = Object.assign(Object.create(prototype) as object, fields)
    const message = likeness instanceof Error ? likeness.message : ""
    return Object.defineProperty(Object.assign({}, fields), "message", { value: message })
  } catch {
    // A field whose own getter throws: the error is made all the same.
    return fields
  }
}

/** JavaScriptCore gives every error these properties of its own, which hide getters of a class with the same names. */
const ofTheEngine = ["line", "column"] as const

const uncovered = (error: object, fields: unknown, prototype: object): object => {
  for (const name of ofTheEngine) {
    const isField = typeof fields === "object" && fields !== null && Object.hasOwn(fields, name)
    if (!isField && name in prototype) Reflect.deleteProperty(error, name)
  }
  return error
}

/** As `Data.TaggedError`. The message is made once, when the error is. */
export const TaggedError: typeof Data.TaggedError = (tag) =>
  new Proxy(Data.TaggedError(tag), {
    construct: (target, [fields]: ReadonlyArray<unknown>, made) =>
      uncovered(
        Reflect.construct(target, [withMessage(fields, made.prototype as object)], made) as object,
        fields,
        made.prototype as object
      )
  })
