/**
 * A type modifier in words, as columns of results and of relations have it: the length of a `varchar`, the digits of a
 * `numeric`, the fields of an `interval`. It is only shown; values are read without it.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-attribute.html
 */
import * as Oid from "./Oid.js"

/** The length word that the modifiers of variable-length types count. */
const header = 4

const fields: ReadonlyMap<number, string> = new Map([
  [0x0004, " year"],
  [0x0002, " month"],
  [0x0008, " day"],
  [0x0400, " hour"],
  [0x0800, " minute"],
  [0x1000, " second"],
  [0x0006, " year to month"],
  [0x0408, " day to hour"],
  [0x0c08, " day to minute"],
  [0x1c08, " day to second"],
  [0x0c00, " hour to minute"],
  [0x1c00, " hour to second"],
  [0x1800, " minute to second"]
])

const allDigits = 0xffff

const intervalText = (modifier: number): string => {
  const precision = modifier & 0xffff
  return `${fields.get((modifier >> 16) & 0x7fff) ?? ""}${precision === allDigits ? "" : `(${precision})`}`
}

/** A scale of eleven bits with its sign; 15 and later have negative ones. */
const numericText = (modifier: number): string => {
  const both = modifier - header
  const scale = ((both & 0x7ff) ^ 0x400) - 0x400
  return `(${(both >> 16) & 0xffff},${scale})`
}

const modifierText = (typeOid: number, modifier: number): string => {
  switch (typeOid) {
    case Oid.varchar:
    case Oid.varcharArray:
    case Oid.bpchar:
    case Oid.bpcharArray:
      return modifier < header ? "" : `(${modifier - header})`
    case Oid.numeric:
    case Oid.numericArray:
      return modifier < header ? "" : numericText(modifier)
    case Oid.bit:
    case Oid.bitArray:
    case Oid.varbit:
    case Oid.varbitArray:
    case Oid.time:
    case Oid.timeArray:
    case Oid.timetz:
    case Oid.timetzArray:
    case Oid.timestamp:
    case Oid.timestampArray:
    case Oid.timestamptz:
    case Oid.timestamptzArray:
      return `(${modifier})`
    case Oid.interval:
    case Oid.intervalArray:
      return intervalText(modifier)
    default:
      return ""
  }
}

/**
 * The built-in type as SQL takes it: `varchar(5)`, `numeric(5,2)[]`, `interval day to second(3)`. −1 is no modifier, and a type
 * that is not known shows none.
 */
export const typeText = (typeOid: number, modifier = -1): string => {
  const name = Oid.nameOf(typeOid)
  if (modifier < 0) return name
  const text = modifierText(typeOid, modifier)
  return name.endsWith("[]") ? `${name.slice(0, -2)}${text}[]` : `${name}${text}`
}
