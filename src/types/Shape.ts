/**
 * What a value looks like, without the value itself: error messages may be logged, values may be secret.
 */
export const describe = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return `string of ${value.length} ${value.length === 1 ? "character" : "characters"}`
    case "number":
      return describeNumber(value)
    case "object":
      return value === null ? "null" : describeObject(value)
    default:
      return typeof value
  }
}

/** How Effect marks values that are not to be shown. */
const redactedId: unique symbol = Symbol.for("effect/Redacted")

/** Whether Effect hides the value: it prints as `<redacted>` everywhere. */
export const isRedacted = (value: unknown): boolean =>
  typeof value === "object" && value !== null && redactedId in value

const describeNumber = (value: number): string => {
  if (Number.isNaN(value)) return "NaN"
  if (!Number.isFinite(value)) return "an infinite number"
  if (!Number.isInteger(value)) return "a number with a fraction"
  return Number.isSafeInteger(value) ? "a number" : "a number of 2^53 or beyond, which may have lost digits"
}

const describeObject = (value: object): string => {
  if (Array.isArray(value)) return `array of ${value.length} ${value.length === 1 ? "element" : "elements"}`
  if (value instanceof Uint8Array) return `Uint8Array of ${value.length} bytes`
  if (isRedacted(value)) return "a Redacted: pass Redacted.value of it"
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : "Date"
  const prototype: unknown = Object.getPrototypeOf(value)
  const named = prototype === null ? undefined : (prototype as { readonly constructor?: unknown }).constructor
  return typeof named === "function" && named !== Object && named.name !== "" ? named.name : "object"
}

/** The sentence of a refused parameter: what is wanted, and the shape of what came. */
export const mismatch = (expected: string, value: unknown): string =>
  `expected ${expected}, got ${describe(value)}`
