/**
 * Backslashes in a template. JavaScript has no text at all for a piece with an escape that it cannot read, and of an escape
 * that it does not know it drops the backslash without a word; SQL has both, in regular expressions and paths.
 */

/** A backslash and what JavaScript makes of it: first the escapes that give the text they are written for. */
const escape =
  /\\(?:[\\`${}nrtbfv\n\u2028\u2029]|0(?!\d)|x[\da-fA-F]{2}|u[\da-fA-F]{4}|u\{0*(?:[\da-fA-F]{1,5}|10[\da-fA-F]{4})\}|([^]))/gu

/** Why a template is refused; `undefined` when every escape in it is one that JavaScript reads as it is written. */
export const refusal = (strings: TemplateStringsArray): string | undefined => {
  for (let index = 0; index < strings.length; index++) {
    const raw = strings.raw[index]!
    if (strings[index] === raw) continue
    for (const match of raw.matchAll(escape)) {
      const dropped = match[1]
      if (dropped === undefined) continue
      const place = index === 0 ? "the text" : `the text behind value ${index}`
      const what = /[\dux]/.test(dropped) ? "cannot read" : "reads without its backslash"
      return (
        `${place} has \\${dropped} at character ${match.index + 1}, an escape that JavaScript ${what}: ` +
        `write \\\\${dropped} for a backslash in the SQL, or give the text as a parameter`
      )
    }
  }
  return undefined
}
