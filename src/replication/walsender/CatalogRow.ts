/**
 * A row of the catalog that the server has written as JSON: it has the columns that this version has, and one that is not
 * there reads as NULL does.
 */

export type CatalogRow = Readonly<Record<string, unknown>>

/** The value of a JSON text; `undefined` when it is not JSON. */
export const parse = (source: string | undefined): unknown => {
  try {
    return JSON.parse(source ?? "") as unknown
  } catch {
    return undefined
  }
}

/** The row; `undefined` when the text holds none. */
export const fromText = (source: string | undefined): CatalogRow | undefined => {
  const parsed = parse(source)
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
    ? (parsed as CatalogRow)
    : undefined
}

/** A text, `undefined` for NULL. */
export const text = (row: CatalogRow, column: string): string | undefined => {
  const value = row[column]
  return typeof value === "string" ? value : undefined
}

/** Whether a boolean is true. */
export const yes = (row: CatalogRow, column: string): boolean => row[column] === true

/** A whole number that a double holds exactly, `undefined` for NULL. */
export const whole = (row: CatalogRow, column: string): number | undefined => {
  const value = row[column]
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined
}
