/**
 * Whether two values inside a larger one are the same: by `Equal` where they have it; else NaN is itself, and bytes, arrays
 * and plain objects, as JSON has them, are what they hold.
 */
import * as Equal from "effect/Equal"

export const same = (self: unknown, that: unknown): boolean => {
  if (Equal.equals(self, that) || Object.is(self, that)) return true
  if (typeof self !== "object" || typeof that !== "object" || self === null || that === null) return false
  if (Equal.isEqual(self) || Object.getPrototypeOf(self) !== Object.getPrototypeOf(that)) return false
  if (Array.isArray(self) && Array.isArray(that)) return sameItems(self, that)
  if (self instanceof Uint8Array && that instanceof Uint8Array) return sameItems(self, that)
  return Object.getPrototypeOf(self) === Object.prototype && sameFields(self, that)
}

const sameItems = (self: ArrayLike<unknown>, that: ArrayLike<unknown>): boolean => {
  if (self.length !== that.length) return false
  for (let index = 0; index < self.length; index++) {
    if (!same(self[index], that[index])) return false
  }
  return true
}

const sameFields = (self: object, that: object): boolean => {
  const fields = Object.entries(self)
  const others = new Map<string, unknown>(Object.entries(that))
  return (
    fields.length === others.size &&
    fields.every(([name, value]) => others.has(name) && same(value, others.get(name)))
  )
}
