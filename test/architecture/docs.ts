/** The exports of the public modules, followed to where they are declared, and whether each has a doc comment. */
import type { Sources } from "./imports.js"
import { exportsOf } from "./exports.js"
import { publicModules } from "./publicModules.js"

export interface PublicExport {
  /** As a user writes it: `PgTypes.Oid.int4`. */
  readonly path: string
  readonly isDocumented: boolean
}

/** The names that a file exports, each with whether a doc comment stands at its declaration or at the way to it. */
const resolved = (sources: Sources, file: string, prefix: string): ReadonlyArray<PublicExport> => {
  const text = sources.get(file)
  if (text === undefined) return []
  return exportsOf(file, text).flatMap((one): ReadonlyArray<PublicExport> => {
    if (one.from === undefined) return [{ path: `${prefix}.${one.name}`, isDocumented: one.isDocumented }]
    if (one.origin === "*") {
      return resolved(sources, one.from, one.name === "*" ? prefix : `${prefix}.${one.name}`)
    }
    const there = resolved(sources, one.from, prefix).filter(({ path }) => path === `${prefix}.${one.origin}`)
    return [
      {
        path: `${prefix}.${one.name}`,
        isDocumented: one.isDocumented || there.some(({ isDocumented }) => isDocumented)
      }
    ]
  })
}

/** Every public name once: a name with a value and a type is documented when one of the two is. */
export const publicExports = (sources: Sources): ReadonlyArray<PublicExport> => {
  const found = new Map<string, boolean>()
  for (const { name } of publicModules) {
    for (const { isDocumented, path } of resolved(sources, `${name}.ts`, name))
      found.set(path, isDocumented || found.get(path) === true)
  }
  return [...found].map(([path, isDocumented]) => ({ path, isDocumented }))
}
