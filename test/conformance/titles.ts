/** Which checklist items the titles of tests name. */
import ts from "typescript"

const starters: ReadonlySet<string> = new Set(["it", "test", "describe", "prop", "layer"])
const idle: ReadonlySet<string> = new Set(["skip", "todo", "skipIf", "fails"])
const pattern = /\b(?:GEN|CON|AUT|MSG|FLW|ERR|REP|LOG|TYP|TRP)-\d{3}\b/g

/** The words of `it.effect.each(table)(title)` up to the title: `it`, `effect`, `each`. */
const words = (node: ts.Expression): ReadonlyArray<string> => {
  if (ts.isIdentifier(node)) return [node.text]
  if (ts.isPropertyAccessExpression(node)) return [...words(node.expression), node.name.text]
  if (ts.isCallExpression(node)) return words(node.expression)
  return ts.isTaggedTemplateExpression(node) ? words(node.tag) : []
}

/** The fixed text of a title, whether a string, a template, or strings added together. */
const text = (node: ts.Expression | undefined): string => {
  if (node === undefined) return ""
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) {
    return [node.head.text, ...node.templateSpans.map((span) => span.literal.text)].join(" ")
  }
  return ts.isBinaryExpression(node) ? text(node.left) + text(node.right) : ""
}

/** Ids in the titles of tests that run; those of skipped ones show nothing. */
export const idsInTitles = (path: string, source: string): ReadonlySet<string> => {
  const found = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first = "", ...rest] = words(node.expression)
      if (starters.has(first)) {
        if (rest.some((word) => idle.has(word))) return
        for (const id of text(node.arguments[0]).match(pattern) ?? []) found.add(id)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true))
  return found
}
