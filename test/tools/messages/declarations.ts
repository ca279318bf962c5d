/** Finds what a name in `src` means and where a function is called, from the syntax alone: faster than a type check. */
import { dirname, posix } from "node:path"
import ts from "typescript"
import { readSources } from "../../architecture/imports.js"

export type FunctionNode =
  ts.FunctionDeclaration | ts.MethodDeclaration | ts.ArrowFunction | ts.FunctionExpression

export type Declaration =
  | ts.VariableDeclaration
  | ts.ParameterDeclaration
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.BindingElement

export const files: ReadonlyMap<string, ts.SourceFile> = new Map(
  [...readSources("src")].map(([path, text]) => [
    path,
    ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  ])
)

/** A name of another file: one export, or the whole file. */
interface Imported {
  readonly file: string
  readonly name: string
}

type Names = Map<string, Declaration | Imported>

const scopes = new Map<ts.Node, Names>()

const isImported = (found: Declaration | Imported): found is Imported => "file" in found

const scopeOf = (node: ts.Node): ts.Node => {
  let at = node.parent
  while (
    !ts.isSourceFile(at) &&
    !ts.isBlock(at) &&
    !ts.isFunctionLike(at) &&
    !ts.isCaseBlock(at) &&
    !ts.isForOfStatement(at)
  )
    at = at.parent
  return at
}

const declare = (scope: ts.Node, name: string, declaration: Declaration | Imported): void => {
  const names: Names = scopes.get(scope) ?? new Map<string, Declaration | Imported>()
  names.set(name, declaration)
  scopes.set(scope, names)
}

/** The files that each file imports. */
const imports = new Map<ts.SourceFile, Set<string>>()

/** The file below `src` that a relative import names. */
const fileOf = (from: string, specifier: ts.Expression): string | undefined =>
  ts.isStringLiteral(specifier) && specifier.text.startsWith(".")
    ? posix.join(dirname(from), specifier.text).replace(/\.js$/, ".ts")
    : undefined

const declareImport = (node: ts.ImportDeclaration): void => {
  const from = node.getSourceFile()
  const file = fileOf(from.fileName, node.moduleSpecifier)
  const bindings = node.importClause?.namedBindings
  if (file === undefined) return
  imports.set(from, (imports.get(from) ?? new Set()).add(file))
  if (bindings === undefined) return
  if (ts.isNamespaceImport(bindings)) declare(from, bindings.name.text, { file, name: "*" })
  else
    for (const one of bindings.elements)
      declare(from, one.name.text, { file, name: (one.propertyName ?? one.name).text })
}

const calls = new Map<Declaration | ts.MethodDeclaration, Array<ts.CallExpression>>()
const methods = new Map<string, Array<ts.MethodDeclaration>>()
const allCalls: Array<ts.CallExpression> = []

const visit = (node: ts.Node): void => {
  if (ts.isImportDeclaration(node)) declareImport(node)
  else if ((ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && node.name !== undefined)
    declare(scopeOf(node), node.name.text, node)
  else if (
    (ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node)) &&
    ts.isIdentifier(node.name)
  )
    declare(scopeOf(node), node.name.text, node)
  else if (ts.isMethodDeclaration(node) && ts.isIdentifier(node.name))
    methods.set(node.name.text, [...(methods.get(node.name.text) ?? []), node])
  if (ts.isCallExpression(node)) allCalls.push(node)
  ts.forEachChild(node, visit)
}
for (const file of files.values()) visit(file)

/** What a file exports under a name, followed through re-exports. */
const exported = (file: string, name: string): Declaration | undefined => {
  const source = files.get(file)
  if (source === undefined) return undefined
  const own = scopes.get(source)?.get(name)
  if (own !== undefined) return isImported(own) ? exported(own.file, own.name) : own
  for (const statement of source.statements) {
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined) continue
    const target = fileOf(file, statement.moduleSpecifier)
    if (target === undefined) continue
    if (statement.exportClause === undefined) {
      const found = exported(target, name)
      if (found !== undefined) return found
    } else if (ts.isNamedExports(statement.exportClause)) {
      const one = statement.exportClause.elements.find((element) => element.name.text === name)
      if (one !== undefined) return exported(target, (one.propertyName ?? one.name).text)
    }
  }
  return undefined
}

const lookup = (name: string, from: ts.Node): Declaration | Imported | undefined => {
  for (let at: ts.Node = from; ; at = at.parent) {
    const found = scopes.get(at)?.get(name)
    if (found !== undefined || ts.isSourceFile(at)) return found
  }
}

/** The declaration behind a name, `Namespace.name` or `this.method`; undefined when it lies outside of `src`. */
export const declarationOf = (node: ts.Expression): Declaration | ts.MethodDeclaration | undefined => {
  if (ts.isIdentifier(node)) {
    const found = lookup(node.text, node)
    return found === undefined || !isImported(found) ? found : exported(found.file, found.name)
  }
  if (!ts.isPropertyAccessExpression(node)) return undefined
  if (ts.isIdentifier(node.expression)) {
    const space = lookup(node.expression.text, node)
    // A module of another package.
    if (space === undefined) return undefined
    if (isImported(space) && space.name === "*") return exported(space.file, node.name.text)
  }
  const named = methods.get(node.name.text) ?? []
  const here = node.getSourceFile()
  return (
    named.find((one) => one.getSourceFile() === here) ??
    named.find((one) => imports.get(here)?.has(one.getSourceFile().fileName))
  )
}

for (const call of allCalls) {
  const declaration = declarationOf(call.expression)
  if (declaration !== undefined) calls.set(declaration, [...(calls.get(declaration) ?? []), call])
}

/** The function that a declaration names: its own, or the one that it is set to, also inside `Effect.fn(…)` and the like. */
export const functionOf = (
  declaration: Declaration | ts.MethodDeclaration | undefined
): FunctionNode | undefined => {
  if (declaration === undefined) return undefined
  if (ts.isFunctionDeclaration(declaration) || ts.isMethodDeclaration(declaration)) return declaration
  if (!ts.isVariableDeclaration(declaration)) return undefined
  let value = declaration.initializer
  while (value !== undefined && ts.isCallExpression(value)) value = value.arguments.find(ts.isFunctionLike)
  return value !== undefined && (ts.isArrowFunction(value) || ts.isFunctionExpression(value))
    ? value
    : undefined
}

/** Where a function is called by its name. */
export const callsOf = (node: FunctionNode): ReadonlyArray<ts.CallExpression> => {
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) return calls.get(node) ?? []
  let at: ts.Node = node.parent
  while (ts.isCallExpression(at) || ts.isParenthesizedExpression(at)) at = at.parent
  // A function that returns a function: the outer call is what is known by name.
  return ts.isVariableDeclaration(at) ? (calls.get(at) ?? []) : []
}
