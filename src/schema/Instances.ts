/**
 * Instances of an Effect Class, made without the constructor that Effect gives it. That constructor copies the properties
 * twice and looks for defaults, which is most of what a row costs through a Class. Used only when the result is the same:
 * the Class and those that it extends have no code but Effect's.
 */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as RowShape from "../types/RowShape.js"

type AnyClass = abstract new (...args: ReadonlyArray<never>) => object

/** Effect marks the Classes it makes, and the classes of an application inherit that mark. */
const isMade = (level: AnyClass): boolean => Object.hasOwn(level, Schema.TypeId)

/** A class with nothing in its body: no constructor, no fields, no static block. A comment may look like anything. */
const isEmpty = (level: AnyClass): boolean => {
  const text = Function.prototype.toString.call(level)
  return /^class\b[^]*[)\w$\s]\{\s*\}$/.test(text) && !/\/[/*]/.test(text)
}

/** Whether the class consists of Effect's own and of empty ones, down to `Data.Class`. */
const isBare = (from: AnyClass): boolean => {
  let level: unknown = from
  while (level !== Data.Class) {
    if (typeof level !== "function" || level === Function.prototype) return false
    if (!isMade(level as AnyClass) && !isEmpty(level as AnyClass)) return false
    level = Object.getPrototypeOf(level)
  }
  return true
}

/** Whether the instance has these fields and no others, as own properties without accessors. */
const isPlain = (instance: object, names: ReadonlyArray<string>): boolean => {
  const keys = Reflect.ownKeys(instance)
  return keys.length === names.length && names.every((name) => keys.includes(name))
}

/** What makes instances like this one, which the Class of `ast` has made; `undefined` where its constructor has to be asked. */
export const of = (
  ast: AST.AST,
  instance: unknown,
  names: ReadonlyArray<string>
): RowShape.Build | undefined => {
  if (typeof instance !== "object" || instance === null || !isPlain(instance, names)) return undefined
  const made: unknown = instance.constructor
  if (typeof made !== "function" || (made as { readonly ast?: unknown }).ast !== ast) return undefined
  const prototype = Object.getPrototypeOf(instance) as object
  if (prototype !== made.prototype || names.some((name) => name in prototype)) return undefined
  return names.length <= RowShape.widest && isBare(made as AnyClass)
    ? RowShape.instance(prototype, names)
    : undefined
}
