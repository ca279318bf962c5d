/**
 * The types that the connections of one database know together: those given, and those that one of them has found in the
 * catalogue. Learning and forgetting make another registry; a holder of the old one keeps it.
 */
import type { PgType } from "../../model/PgType.js"
import type { Registry } from "../../types/Registry.js"

/**
 * The most types that are kept. Beyond that all are forgotten, and found again when they are met. Temporary tables have
 * types too.
 */
export const maxTypes = 10_000

const none: ReadonlyArray<number> = []

/** Types are plain data, made in one place. */
const isDeepEqual = (self: PgType | undefined, that: PgType): boolean =>
  self !== undefined && JSON.stringify(self) === JSON.stringify(that)

export class KnownTypes {
  registry: Registry
  /** Grows whenever types are forgotten: what was described before may name types that are no more. */
  generation = 0
  private readonly found = new Map<number, PgType>()
  /** Asked for and not to be asked for again: found, or not there. */
  private readonly asked = new Set<number>()
  /** Known, and to be asked for again because they may have been altered. */
  private readonly doubted = new Set<number>()

  private checksText = false

  constructor(private given: Registry) {
    this.registry = given
  }

  /** Has every text checked from now on: the encoding of the database is SQL_ASCII. */
  checkText(): void {
    if (this.checksText) return
    this.checksText = true
    this.given = this.given.checkingText()
    this.compile()
  }

  private compile(): void {
    const missing = [...this.asked].filter((oid) => !this.found.has(oid))
    const registry = this.given.withTypes(this.found.values(), missing)
    this.registry = this.checksText ? registry.checkingText() : registry
  }

  /** Which of these OIDs the catalogue has to be asked for, each once. */
  unknown(oids: ReadonlyArray<number>): ReadonlyArray<number> {
    let unknown: Array<number> | undefined
    for (const oid of oids) {
      if (oid === 0 || !this.isUnknown(oid)) continue
      if (unknown === undefined) unknown = [oid]
      else if (!unknown.includes(oid)) unknown.push(oid)
    }
    return unknown ?? none
  }

  private isUnknown(oid: number): boolean {
    return this.doubted.has(oid) || (!this.asked.has(oid) && this.registry.lookup(oid) === undefined)
  }

  /**
   * Has those of these types asked for again that have fields, because composites may be altered without a sign, arrays of them
   * included, and those that were not found, because their transaction may not have been visible yet.
   */
  doubt(oids: ReadonlyArray<number>): void {
    for (const oid of oids) {
      const codec = this.registry.lookup(oid)
      const isDoubtful =
        codec === undefined
          ? this.asked.has(oid)
          : codec.hasFields === true && this.given.lookup(oid) === undefined
      if (isDoubtful) this.doubted.add(oid)
    }
  }

  /** What the catalogue answered when it was asked for these. */
  learn(types: ReadonlyArray<PgType>, asked: ReadonlyArray<number>): void {
    if (this.found.size + types.length > maxTypes || this.asked.size + asked.length > maxTypes) {
      this.found.clear()
      this.asked.clear()
    }
    for (const oid of asked) this.doubted.delete(oid)
    const isKnown =
      asked.every((oid) => this.asked.has(oid)) &&
      types.every((type) => isDeepEqual(this.found.get(type.oid), type))
    if (isKnown) return
    for (const type of types) this.found.set(type.oid, type)
    for (const oid of asked) this.asked.add(oid)
    this.compile()
  }

  /** A session was lost: another cluster may answer by now, with other types under the same OIDs. */
  lose(): void {
    if (this.asked.size > 0) this.forget()
  }

  /** Forgets what was found: types are asked for again when they are met. */
  forget(): void {
    this.found.clear()
    this.asked.clear()
    this.doubted.clear()
    this.registry = this.given
    this.generation++
  }
}
