/** Comparing a value with a part of it. */
import { assert } from "@effect/vitest"

/** What `value` has of the fields that `part` has, at every depth. */
const narrowed = (value: unknown, part: unknown): unknown => {
  if (Array.isArray(part)) {
    return Array.isArray(value)
      ? value.map((element, index) => (index < part.length ? narrowed(element, part[index]) : element))
      : value
  }
  if (typeof part !== "object" || part === null || Object.getPrototypeOf(part) !== Object.prototype)
    return value
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(part).map(([key, inner]) => [
      key,
      narrowed((value as Readonly<Record<string, unknown>>)[key], inner)
    ])
  )
}

/** Asserts that `value` has all fields of `part`, with equal values, at every depth; further fields of `value` do not matter. */
export const assertSubset = (value: unknown, part: unknown, message?: string): void =>
  assert.deepStrictEqual(narrowed(value, part), part, message)
