/** Reads the templates of `docs/messages.md`, and checks whether a message is one of them. */

export type Pattern = (message: string) => boolean

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ")

/** The fixed pieces of a template have to stand in a message, in their order. */
export const patternOf = (template: string): Pattern => {
  const pieces = oneLine(template.replaceAll("⏎", "\n"))
    .split(/\{[^{}]*\}/)
    .filter((piece) => piece.trim() !== "")
  return (message) => {
    const text = oneLine(message)
    let at = 0
    for (const piece of pieces) {
      const found = text.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return true
  }
}

/** Tags whose messages have no reason besides their form. */
const formOnly = new Set(["PgConnectError", "PgCommitUnknownError"])

/** The page's templates by tag; short ones would fit anything. */
export const templatesOf = (page: string): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const tag = section.slice(0, section.indexOf("\n"))
        const lines = [...section.matchAll(/^(- |Its message: )`+ ?(.*?) ?`+$/gm)]
          .filter(([, start]) => start === "- " || formOnly.has(tag))
          .map(([, , template]) => template!)
        return [tag, lines.filter((template) => /[a-zA-Z]{4}/.test(template.replaceAll(/\{[^{}]*\}/g, "")))]
      })
  )

export const patternsOf = (page: string): ReadonlyMap<string, ReadonlyArray<Pattern>> =>
  new Map([...templatesOf(page)].map(([tag, templates]) => [tag, templates.map(patternOf)]))
