/** The titles of tests and of their groups, with the texts of the tables that titles are made of. */
import ts from "typescript"

export interface Title {
  readonly line: number
  /** As it is written, with the quotes. */
  readonly text: string
}

const naming: ReadonlySet<string> = new Set(["describe", "it", "test"])

/** The name that a call begins with: `it` of `it.each([…])("…")`. */
const beginning = (node: ts.Expression): ts.Expression =>
  ts.isCallExpression(node) || ts.isPropertyAccessExpression(node) ? beginning(node.expression) : node

/** Whether a call names a test: `it("…")`, `it.effect("…")`, `it.each([…])("…")`, `describe("…")`. */
const namesTest = (call: ts.CallExpression): boolean => {
  const first = beginning(call.expression)
  return ts.isIdentifier(first) && naming.has(first.text)
}

/** The rows of `it.each([…])`: texts in them become part of titles. */
const isTable = ({ expression }: ts.CallExpression): boolean =>
  ts.isPropertyAccessExpression(expression) && expression.name.text === "each"

const isText = (node: ts.Node): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)

/** Texts of a table: its rows, and the cells of a row that is an array. */
const cells = (table: ts.Node): ReadonlyArray<ts.Node> =>
  ts.isArrayLiteralExpression(table)
    ? table.elements.flatMap((row) => (ts.isArrayLiteralExpression(row) ? [...row.elements] : [row]))
    : []

export const titlesOf = (path: string, source: string): ReadonlyArray<Title> => {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest)
  const found: Array<Title> = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && namesTest(node)) {
      const [first] = node.arguments
      const texts = first === undefined ? [] : isTable(node) ? cells(first) : [first]
      for (const text of texts.filter(isText)) {
        found.push({
          line: file.getLineAndCharacterOfPosition(text.getStart(file)).line + 1,
          text: text.getText(file)
        })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}
