/** Reads TypeScript sources for what they export, and for which exports of other files they use. */
import ts from "typescript"
import type { Sources } from "./imports.js"
import { isRelative, target } from "./imports.js"

export interface Export {
  readonly name: string
  /** An interface or a type alias. */
  readonly isType: boolean
  /** Whether a doc comment stands before it. */
  readonly isDocumented: boolean
  /** Whether that comment marks it as `@internal`. */
  readonly isInternal: boolean
  /** The file that it is taken from by `export … from`, if it is. */
  readonly from: string | undefined
  /** The name under which the other file has it; `*` for all of the file. */
  readonly origin: string
}

/** What a file takes from another: one name, or everything (`*`). */
export interface Use {
  readonly file: string
  readonly name: string
}

const parse = (path: string, text: string): ts.SourceFile =>
  ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)

const isExported = (node: ts.Statement): boolean =>
  ts.canHaveModifiers(node) &&
  ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true

const isInternal = (node: ts.Node): boolean =>
  ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")

const isDocumented = (node: ts.Node): boolean => ts.getJSDocCommentsAndTags(node).some(ts.isJSDoc)

const bound = (name: ts.BindingName): ReadonlyArray<string> =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isBindingElement(element) ? bound(element.name) : []))

const specifierOf = ({ moduleSpecifier }: ts.ExportDeclaration | ts.ImportDeclaration): string | undefined =>
  moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier) && isRelative(moduleSpecifier.text)
    ? moduleSpecifier.text
    : undefined

const declared = (statement: ts.Statement): ReadonlyArray<Omit<Export, "from" | "origin">> => {
  if (!isExported(statement)) return []
  const documented = isDocumented(statement)
  const internal = isInternal(statement)
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations
      .flatMap(({ name }) => bound(name))
      .map((name) => ({ name, isType: false, isDocumented: documented, isInternal: internal }))
  }
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
    return [{ name: statement.name.text, isType: true, isDocumented: documented, isInternal: internal }]
  if (
    (ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isEnumDeclaration(statement)) &&
    statement.name !== undefined
  )
    return [{ name: statement.name.text, isType: false, isDocumented: documented, isInternal: internal }]
  return []
}

/** Every name that a file exports; a name with a value and a type stands twice. */
export const exportsOf = (path: string, text: string): ReadonlyArray<Export> =>
  parse(path, text).statements.flatMap((statement): ReadonlyArray<Export> => {
    if (!ts.isExportDeclaration(statement)) {
      return declared(statement).map((one) => ({ ...one, from: undefined, origin: one.name }))
    }
    const specifier = specifierOf(statement)
    const from = specifier === undefined ? undefined : target(path, specifier)
    const documented = isDocumented(statement)
    const clause = statement.exportClause
    if (clause === undefined) {
      return [
        {
          name: "*",
          isType: statement.isTypeOnly,
          isDocumented: documented,
          isInternal: false,
          from,
          origin: "*"
        }
      ]
    }
    if (ts.isNamespaceExport(clause)) {
      return [
        {
          name: clause.name.text,
          isType: false,
          isDocumented: documented,
          isInternal: false,
          from,
          origin: "*"
        }
      ]
    }
    return clause.elements.map((element) => ({
      name: element.name.text,
      isType: statement.isTypeOnly || element.isTypeOnly,
      isDocumented: documented || isDocumented(element),
      isInternal: false,
      from,
      origin: (element.propertyName ?? element.name).text
    }))
  })

/** The members of a namespace import that a file names, or `*` when the namespace itself is handed on. */
const members = (file: ts.SourceFile, namespace: string): ReadonlyArray<string> => {
  const found = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return
    if (ts.isIdentifier(node) && node.text === namespace) {
      const { parent } = node
      if (ts.isPropertyAccessExpression(parent)) {
        if (parent.expression === node) found.add(parent.name.text)
      } else if (ts.isQualifiedName(parent)) {
        if (parent.left === node) found.add(parent.right.text)
      } else if (!(ts.isPropertyAssignment(parent) && parent.name === node)) found.add("*")
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return [...found]
}

/** Everything of other files that this file uses, re-exports included. */
export const usesOf = (path: string, text: string): ReadonlyArray<Use> => {
  const file = parse(path, text)
  const uses: Array<Use> = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const { literal } = node.argument
      if (ts.isStringLiteral(literal) && isRelative(literal.text))
        uses.push({ file: target(path, literal.text), name: node.qualifier?.getText().split(".")[0] ?? "*" })
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments
      if (specifier !== undefined && ts.isStringLiteral(specifier) && isRelative(specifier.text))
        uses.push({ file: target(path, specifier.text), name: "*" })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  for (const { from, origin } of exportsOf(path, text))
    if (from !== undefined) uses.push({ file: from, name: origin })
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement)) continue
    const specifier = specifierOf(statement)
    const bindings = statement.importClause?.namedBindings
    if (specifier === undefined || bindings === undefined) continue
    const from = target(path, specifier)
    const names = ts.isNamespaceImport(bindings)
      ? members(file, bindings.name.text)
      : bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text)
    for (const name of names) uses.push({ file: from, name })
  }
  return uses
}

/** `file name` of each export that no other file uses. `isPublic`: files whose exports are for users. */
const unused = (sources: Sources, isPublic: (path: string) => boolean): ReadonlyArray<string> => {
  const used = new Set<string>()
  for (const [path, text] of sources)
    for (const { file, name } of usesOf(path, text)) used.add(`${file} ${name}`)
  return [...sources]
    .filter(([path]) => !isPublic(path))
    .flatMap(([path, text]) =>
      [...new Set(exportsOf(path, text).map(({ name }) => name))]
        .filter((name) => !used.has(`${path} ${name}`) && !used.has(`${path} *`))
        .map((name) => `${path} ${name}`)
    )
}

/** How often each identifier stands in a file, comments and texts apart. */
const identifiers = (path: string, text: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) counts.set(node.text, (counts.get(node.text) ?? 0) + 1)
    ts.forEachChild(node, visit)
  }
  visit(parse(path, text))
  return counts
}

/** `file name` of each export that no other file uses, and that its own file only declares. */
export const unmentioned = (sources: Sources, isPublic: (path: string) => boolean): ReadonlyArray<string> =>
  unused(sources, isPublic).filter((one) => {
    const [path, name] = one.split(" ") as [string, string]
    const text = sources.get(path)!
    const declarations = exportsOf(path, text).filter((own) => own.name === name).length
    return (identifiers(path, text).get(name) ?? 0) <= declarations
  })

/** Exported type names that more than one file declares, with those files. */
export const repeatedTypes = (sources: Sources): ReadonlyMap<string, ReadonlyArray<string>> => {
  const places = new Map<string, Array<string>>()
  for (const [path, text] of sources) {
    const own = exportsOf(path, text).filter(({ from, isType }) => isType && from === undefined)
    for (const name of new Set(own.map(({ name }) => name)))
      places.set(name, [...(places.get(name) ?? []), path])
  }
  return new Map([...places].filter(([, paths]) => paths.length > 1))
}
