/** How a value travels: `text` (code 0) or `binary` (code 1). */
export type Format = 0 | 1

export const binary: Format = 1
