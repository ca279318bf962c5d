/** Where the tablespaces of a backup come to on this machine. */
import * as Effect from "effect/Effect"
import type { PgBackupError } from "../../model/BackupError.js"
import { failure } from "./BackupFailure.js"
import type { BackupTablespace } from "./BackupEvent.js"
import { shown } from "./MemberPath.js"

/** A tablespace, and its folder here. */
export interface TablespacePlace {
  readonly oid: number
  readonly location: string
  readonly path: string
  /** Whether it lies inside the data folder, and is no link. */
  readonly isInPlace: boolean
}

const clean = (path: string): string => path.replace(/\/+$/, "") || "/"

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`)

const isPlain = (path: string): boolean => !path.split("/").some((part) => part === ".." || part === ".")

/** The places of these tablespaces, by the mapping; every pair of it must be of one of them. */
export const places = (
  folder: string,
  tablespaces: ReadonlyArray<BackupTablespace>,
  mapping: Readonly<Record<string, string>>
): Effect.Effect<ReadonlyArray<TablespacePlace>, PgBackupError> =>
  Effect.gen(function* () {
    const found: Array<TablespacePlace> = []
    const unused = new Map(Object.entries(mapping).map(([from, to]) => [clean(from), to]))
    const refuse = (path: string, detail: string) => Effect.fail(failure("target", path, detail))
    for (const { location, oid } of tablespaces) {
      if (oid === undefined || location === undefined) continue
      if (!location.startsWith("/")) {
        const inside = `pg_tblspc/${oid}`
        if (location !== inside) {
          return yield* refuse(location, `the folder of a tablespace must be absolute, or ${inside}`)
        }
        found.push({ oid, location, path: `${folder}/${inside}`, isInPlace: true })
        continue
      }
      const path = clean(unused.get(clean(location)) ?? location)
      unused.delete(clean(location))
      if (!path.startsWith("/") || !isPlain(path)) {
        return yield* refuse(path, `the new folder of the tablespace ${shown(location)} must be absolute`)
      }
      if (isWithin(path, clean(folder)) || isWithin(clean(folder), path)) {
        return yield* refuse(path, `a tablespace and the data folder must not lie in each other`)
      }
      const other = found.find((one) => isWithin(one.path, path) || isWithin(path, one.path))
      if (other !== undefined) {
        return yield* refuse(path, `the tablespaces ${oid} and ${other.oid} must not lie in each other`)
      }
      found.push({ oid, location, path, isInPlace: false })
    }
    const [left] = unused.keys()
    if (left !== undefined) return yield* refuse(left, "the backup has no tablespace in this folder")
    return found
  })
