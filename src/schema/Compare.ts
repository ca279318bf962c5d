/**
 * The columns of a result beside those that a Schema wants. A column that the Schema does not want is left out of the rows
 * and is not a mismatch; a wanted column without a type is compared by its name only.
 */
import type { Column } from "../model/Column.js"
import * as TypeName from "../model/TypeName.js"
import type { Registry } from "../types/Registry.js"
import type { Compared, Nullability, Verdict } from "./Compared.js"
import * as PgType from "./PgType.js"
import * as Table from "./Table.js"
import type { ExpectedColumn, ExpectedRow } from "./ExpectedRow.js"

/** What only the catalogue knows of a result's columns. */
export interface CatalogueFacts {
  readonly nullability: (column: Column) => Nullability
  /** Name of a type that the registry does not know; `undefined` when the catalogue does not know it either. */
  readonly typeName: (oid: number) => string | undefined
}

/** Nothing was asked. */
export const nothingAsked: CatalogueFacts = { nullability: () => "unknown", typeName: () => undefined }

/** Verdicts that no row can pass. */
const refusing: ReadonlySet<Verdict> = new Set<Verdict>(["missing", "type", "excess"])

/** The comparison of a result with a Schema. */
export class Comparison {
  constructor(
    /** In the order of the result, then what is missing from it. */
    readonly columns: ReadonlyArray<Compared>
  ) {}

  /** What does not fit. `nullable` is among them only where the catalogue was asked. */
  get mismatches(): ReadonlyArray<Compared> {
    return this.columns.filter(({ verdict }) => verdict !== "fits" && verdict !== "unwanted")
  }

  /** Whether a column is missing, of another type, or too many: then the statement is not run. */
  get refuses(): boolean {
    return this.columns.some(({ verdict }) => refusing.has(verdict))
  }

  /** Side by side, as a table of text. */
  toString(): string {
    return Table.print(this.columns)
  }
}

/** A type's name when one is known: not when the registry has to make one of its OID. */
const knownName = (registry: Registry, facts: CatalogueFacts, oid: number): string | undefined => {
  const name = registry.nameOf(oid)
  return name === `OID ${oid}` ? facts.typeName(oid) : name
}

/** A type of the same name but for the case of its letters. */
const typeHint = ({ types }: ExpectedColumn, known: string | undefined): string | undefined =>
  known !== undefined && types?.some((type) => TypeName.differsInCase(type, known)) === true
    ? `${known} is spelled with other letters`
    : undefined

/** A column that is not wanted, of the same name but for the case of its letters or for `_`. */
const nameHint = (name: string, present: ReadonlyArray<Compared>): string | undefined => {
  const unwanted = present.filter(({ wanted }) => wanted === undefined)
  const folded = name.toLowerCase()
  const same = unwanted.find((each) => each.name.toLowerCase() === folded)
  if (same !== undefined) return `${same.name} is there; SQL folds names without quotes to lower case`
  const bare = folded.replaceAll("_", "")
  const near = unwanted.find((each) => each.name.toLowerCase().replaceAll("_", "") === bare)
  return near === undefined ? undefined : `${near.name} is there; Schema.fromKey renames`
}

/** Compares; of columns with equal names the last counts, because it is the one in the row. */
export const compare = (
  wanted: ExpectedRow,
  columns: ReadonlyArray<Column>,
  registry: Registry,
  facts: CatalogueFacts = nothingAsked
): Comparison => {
  const last = new Map(columns.map((column, index) => [column.name, index]))
  const present = columns.map((column, index): Compared => {
    const { name, typeOid } = column
    const known = knownName(registry, facts, typeOid)
    const want = last.get(name) === index ? wanted.get(name) : undefined
    const nullability = facts.nullability(column)
    const type = known ?? `OID ${typeOid}`
    const verdict: Verdict =
      want === undefined
        ? wanted.exact && last.get(name) === index
          ? "excess"
          : "unwanted"
        : want.types?.some((each) => PgType.fits(each, typeOid, known)) === false
          ? "type"
          : nullability === "nullable" && !want.nullable
            ? "nullable"
            : "fits"
    const hint = verdict === "type" && want !== undefined ? typeHint(want, known) : undefined
    return { name, type, nullability, wanted: want, verdict, ...(hint === undefined ? {} : { hint }) }
  })
  const missing = wanted.columns
    .filter(({ name }) => !last.has(name))
    .map((want): Compared => {
      const hint = want.optional ? undefined : nameHint(want.name, present)
      return {
        name: want.name,
        type: undefined,
        nullability: "unknown",
        wanted: want,
        verdict: want.optional ? "fits" : "missing",
        ...(hint === undefined ? {} : { hint })
      }
    })
  return new Comparison([...present, ...missing])
}
