/** A comment of TypeScript: a block, or a line that is not part of an address or a string. */
export const comment = /\/\*[\s\S]*?\*\/|(?<![:"'`\\])\/\/[^\n]*/g
