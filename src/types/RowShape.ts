/**
 * Builds rows from their values. The names of columns come from the server: no code is made from them, and names that
 * mean something to JavaScript mean nothing here.
 *
 * How objects are made is measured in docs/decisions/row-decoding.md.
 */

export type ObjectRow = Record<string, unknown>
/** A row as an array of its values, in the order of the columns. */
export type ArrayRow = Array<unknown>
/** A row as the bytes of its columns, in the format that each column has; NULL is `null`. */
export type BytesRow = Array<Uint8Array | null>
/** A row by column names, or as an array where the mode of the query is `array`. */
export type Row = ObjectRow | ArrayRow

/** Makes one row. The array of values is used again for the next row. */
export type Build = (values: ReadonlyArray<unknown>) => Row

/** Rows as arrays: every column at its place. */
export const array: Build = (values) => values.slice()

/** Wider rows would leave the engine's fast objects when built property by property. */
export const widest = 20

/** Most lists of names that are remembered; one more and all are forgotten, so that names made up at random cost no memory. */
export const maxShapes = 512

const shapes = new Map<string, Build>()

/**
 * Rows as plain objects, for columns of these names. The same names give the same hidden class, whatever statement and
 * connection they come from: code that was optimized for some rows fits the others too, here and in the application.
 */
export const object = (names: ReadonlyArray<string>): Build => {
  const key = JSON.stringify(names)
  const known = shapes.get(key)
  if (known !== undefined) return known
  const build =
    names.length > widest || names.some((name) => name in Object.prototype)
      ? fromTemplate(names)
      : fromShape(names)
  if (shapes.size === maxShapes) shapes.clear()
  shapes.set(key, build)
  return build
}

/**
 * A constructor for each list of names gives its rows a hidden class of their own, with room inside the object.
 * Instances are ordinary objects: their prototype is `Object.prototype` itself.
 */
const fromShape = (names: ReadonlyArray<string>): Build => instance(Object.prototype, names)

/** Objects with this prototype and properties of these names, which the prototype must not have. */
export const instance = (prototype: object, names: ReadonlyArray<string>): Build => {
  const Shape = function () {} as unknown as { new (): ObjectRow; prototype: object }
  Shape.prototype = prototype
  return (values) => fill(new Shape(), names, values)
}

/**
 * Copies an object that has all columns as its own properties, so that a store to `__proto__` or to a name that
 * `Object.prototype` has is a store to the row.
 */
const fromTemplate = (names: ReadonlyArray<string>): Build => {
  // Parsed JSON keeps up to 252 properties inside the object, and `__proto__` is an ordinary name to it.
  const template = JSON.parse(
    `{${names.map((name) => `${JSON.stringify(name)}:null`).join(",")}}`
  ) as ObjectRow
  return (values) => fill({ ...template }, names, values)
}

/** Stores the values in order. Separate places in the code let the engine remember a name for each. */
const fill = (row: ObjectRow, names: ReadonlyArray<string>, values: ReadonlyArray<unknown>): ObjectRow => {
  const width = names.length
  if (width === 0) return row
  row[names[0]!] = values[0]
  if (width === 1) return row
  row[names[1]!] = values[1]
  if (width === 2) return row
  row[names[2]!] = values[2]
  if (width === 3) return row
  row[names[3]!] = values[3]
  if (width === 4) return row
  row[names[4]!] = values[4]
  if (width === 5) return row
  row[names[5]!] = values[5]
  if (width === 6) return row
  row[names[6]!] = values[6]
  if (width === 7) return row
  row[names[7]!] = values[7]
  if (width === 8) return row
  row[names[8]!] = values[8]
  if (width === 9) return row
  row[names[9]!] = values[9]
  if (width === 10) return row
  row[names[10]!] = values[10]
  if (width === 11) return row
  row[names[11]!] = values[11]
  if (width === 12) return row
  for (let index = 12; index < width; index++) row[names[index]!] = values[index]
  return row
}
