/** Which checklist items the titles of tests name. */
import ts from "typescript"

const starters: ReadonlySet<string> = new Set(["it", "test", "describe", "prop", "layer"])
const idle: ReadonlySet<string> = new Set(["skip", "todo", "fails"])
const tabled: ReadonlySet<string> = new Set(["each", "for"])
const pattern = /\b(?:GEN|CON|AUT|MSG|FLW|ERR|REP|LOG|TYP|TRP)-\d{3}\b/g

/** The words of `it.effect.each(table)(title)` up to the title: `it`, `effect`, `each`. */
const words = (node: ts.Expression): ReadonlyArray<string> => {
  if (ts.isIdentifier(node)) return [node.text]
  if (ts.isPropertyAccessExpression(node)) return [...words(node.expression), node.name.text]
  if (ts.isCallExpression(node)) return words(node.expression)
  return ts.isTaggedTemplateExpression(node) ? words(node.tag) : []
}

type Constants = ReadonlyMap<string, ts.Expression>

/** What each `const` of the file is declared as, by its name. */
const constantsOf = (file: ts.SourceFile): Constants => {
  const found = new Map<string, ts.Expression>()
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined) {
      found.set(node.name.text, node.initializer)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Every text a title can have: strings, templates, sums, choices, and what a name of the file stands for. */
const texts = (node: ts.Expression | undefined, constants: Constants): ReadonlyArray<string> => {
  if (node === undefined) return []
  if (ts.isStringLiteralLike(node)) return [node.text]
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.flatMap(({ expression, literal }) => [
      literal.text,
      ...texts(expression, constants)
    ])
    return [node.head.text, ...spans]
  }
  if (ts.isBinaryExpression(node)) return [...texts(node.left, constants), ...texts(node.right, constants)]
  if (ts.isConditionalExpression(node))
    return [...texts(node.whenTrue, constants), ...texts(node.whenFalse, constants)]
  return ts.isIdentifier(node) ? texts(constants.get(node.text), without(constants, node)) : []
}

/** Names are followed once each: scopes are not looked at, so two names could seem to stand for each other. */
const without = (constants: Constants, name: ts.Identifier): Constants =>
  new Map([...constants].filter(([other]) => other !== name.text))

/** The strings in the rows of a table, which become parts of titles: the rows themselves, their cells, their fields. */
const cells = (node: ts.Expression | undefined, constants: Constants): ReadonlyArray<string> => {
  if (node === undefined) return []
  if (ts.isIdentifier(node)) return cells(constants.get(node.text), without(constants, node))
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return cells(node.expression, constants)
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap((element) => cells(element, constants))
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.flatMap((field) =>
      ts.isPropertyAssignment(field) ? cells(field.initializer, constants) : []
    )
  }
  return ts.isStringLiteralLike(node) ? [node.text] : []
}

/** The table of `it.each(table)(title)`; nothing for other calls. */
const tableOf = ({ expression: callee }: ts.CallExpression): ts.Expression | undefined =>
  ts.isCallExpression(callee) && tabled.has(words(callee).at(-1) ?? "") ? callee.arguments[0] : undefined

/** A helper that declares tests takes what their titles shall name in a field called `ids`. */
const idsField = ({ arguments: given }: ts.CallExpression, constants: Constants): ReadonlyArray<string> =>
  given
    .filter(ts.isObjectLiteralExpression)
    .flatMap((options) => options.properties)
    .filter(ts.isPropertyAssignment)
    .filter(({ name }) => ts.isIdentifier(name) && name.text === "ids")
    .flatMap(({ initializer }) => texts(initializer, constants))

/** Ids in the titles of tests that run; those of skipped ones show nothing. */
export const idsInTitles = (path: string, source: string): ReadonlySet<string> => {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const constants = constantsOf(file)
  const found = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first = "", ...rest] = words(node.expression)
      const isStarter = starters.has(first)
      if (isStarter && rest.some((word) => idle.has(word))) return
      const titles = isStarter
        ? [...texts(node.arguments[0], constants), ...cells(tableOf(node), constants)]
        : idsField(node, constants)
      for (const title of titles) for (const id of title.match(pattern) ?? []) found.add(id)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}
