/** The exports of the public modules, followed to where they are declared, and whether each has a doc comment. */
import type { Sources } from "./imports.js"
import { exportsOf } from "./exports.js"
import { publicModules } from "./publicModules.js"

export interface PublicExport {
  /** As a user writes it: `PgTypes.Oid.int4`. */
  readonly path: string
  readonly isDocumented: boolean
  /** Whether its declaration is marked as `@internal`. */
  readonly isInternal: boolean
}

/** The names that a file exports, each with whether a doc comment stands at its declaration or at the way to it. */
const resolved = (sources: Sources, file: string, prefix: string): ReadonlyArray<PublicExport> => {
  const text = sources.get(file)
  if (text === undefined) return []
  return exportsOf(file, text).flatMap((one): ReadonlyArray<PublicExport> => {
    if (one.from === undefined) {
      const { isDocumented, isInternal } = one
      return [{ path: `${prefix}.${one.name}`, isDocumented, isInternal }]
    }
    if (one.origin === "*") {
      return resolved(sources, one.from, one.name === "*" ? prefix : `${prefix}.${one.name}`)
    }
    const there = resolved(sources, one.from, prefix).filter(({ path }) => path === `${prefix}.${one.origin}`)
    return [
      {
        path: `${prefix}.${one.name}`,
        isDocumented: one.isDocumented || there.some(({ isDocumented }) => isDocumented),
        isInternal: there.some(({ isInternal }) => isInternal)
      }
    ]
  })
}

/** Every public name once: a name with a value and a type is documented when one of the two is. */
export const publicExports = (sources: Sources): ReadonlyArray<PublicExport> => {
  const found = new Map<string, PublicExport>()
  for (const { name } of publicModules) {
    for (const one of resolved(sources, `${name}.ts`, name)) {
      const before = found.get(one.path)
      found.set(one.path, {
        path: one.path,
        isDocumented: one.isDocumented || before?.isDocumented === true,
        isInternal: one.isInternal || before?.isInternal === true
      })
    }
  }
  return [...found.values()]
}
