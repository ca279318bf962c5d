/** Reads TypeScript sources for what they import; knows every way a module can be named. */
import { readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

/** Path below the folder, with `/`, to the file's text. */
export type Sources = ReadonlyMap<string, string>

export const root = fileURLToPath(new URL("../..", import.meta.url))

/** Every file below `folder` (relative to the project) whose name ends as given. */
export const readSources = (folder: string, ending = ".ts"): Sources => {
  const base = join(root, folder)
  const names = readdirSync(base, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) =>
      join(entry.parentPath, entry.name).slice(base.length).replaceAll("\\", "/").replace(/^\//, "")
    )
    // The packages that the benchmarks install are not sources.
    .filter((name) => !name.includes("bench/peers/"))
  return new Map(names.sort().map((name) => [name, readFileSync(join(base, name), "utf8")]))
}

export interface Import {
  readonly specifier: string
  readonly line: number
}

const literal = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined

/** The module a node names, whatever its form: import, re-export, `import()` of a value or of a type, `require`. */
const named = (node: ts.Node): string | undefined => {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier)
  if (ts.isExternalModuleReference(node)) return literal(node.expression)
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : undefined
  }
  if (!ts.isCallExpression(node)) return undefined
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === "require"
  if (!isImport && !isRequire) return undefined
  return literal(node.arguments[0]) ?? "(computed)"
}

/** What each text imports: parsing a source is most of the cost of every check, and each check asks anew. */
const known = new Map<string, ReadonlyArray<Import>>()

export const importsOf = (path: string, source: string): ReadonlyArray<Import> => {
  const seen = known.get(source)
  if (seen !== undefined) return seen
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const found: Array<Import> = []
  const visit = (node: ts.Node): void => {
    const specifier = named(node)
    if (specifier !== undefined) {
      found.push({ specifier, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  known.set(source, found)
  return found
}

export const isRelative = (specifier: string): boolean => specifier.startsWith(".")

/** The file a relative import means, as a path below the same folder. */
export const target = (from: string, specifier: string): string =>
  posix.normalize(posix.join(posix.dirname(from), specifier)).replace(/\.js$/, ".ts")

/** Every cycle of files, each once, starting at its first file by name. Type-only imports count. */
export const cycles = (sources: Sources): ReadonlyArray<ReadonlyArray<string>> => {
  const edges = new Map(
    [...sources].map(([path, text]) => [
      path,
      importsOf(path, text)
        .filter(({ specifier }) => isRelative(specifier))
        .map(({ specifier }) => target(path, specifier))
    ])
  )
  const found = new Map<string, ReadonlyArray<string>>()
  const done = new Set<string>()
  const walk = (path: string, trail: ReadonlyArray<string>): void => {
    const at = trail.indexOf(path)
    if (at >= 0) {
      const loop = trail.slice(at)
      const first = loop.indexOf([...loop].sort()[0]!)
      const turned = [...loop.slice(first), ...loop.slice(0, first)]
      found.set(turned.join(), turned)
    } else if (!done.has(path)) {
      for (const next of edges.get(path) ?? []) walk(next, [...trail, path])
      done.add(path)
    }
  }
  for (const path of edges.keys()) walk(path, [])
  return [...found.values()]
}
