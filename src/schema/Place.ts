/** Where inside a column a Schema found something wrong, in words. */

/** `.a.b[0]`: where a value is inside its column. */
const inside = (path: ReadonlyArray<PropertyKey>): string =>
  path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("")

/** The words before a reason: `at a.b[0]: `, or nothing when the place is the column itself. */
export const before = (path: ReadonlyArray<PropertyKey>): string => {
  const place = inside(path)
  return place === "" ? "" : `at ${place.slice(place.startsWith(".") ? 1 : 0)}: `
}
