/**
 * Which fields a composite had when a value of it was written. A value out of the server's log has those of its time; a field
 * that was dropped since is left out, and one that was added since is NULL, as the server has it for rows that it stored then.
 *
 * The time is known from the transaction that wrote the value and from those that last changed each attribute, because
 * transactions get their numbers in order. Where both changed in one transaction, or ran side by side, the value itself has
 * to decide.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-attribute.html
 */

/** An attribute of a composite in the catalogue's order, those that were dropped too. */
export interface Attribute {
  /** Place among the fields there are, −1 for one that was dropped. */
  readonly field: number
  /** The transaction that last changed it: made, renamed or dropped it. */
  readonly changedBy: number
}

/** Of each value, the place of its field; −1 when the field was dropped. */
export type Layout = ReadonlyArray<number>

/** Numbers below are of no transaction: what the cluster began with, and what is known to be older than all. */
const firstNormal = 3

/** Whether a transaction got its number before another. Numbers wrap around. */
const isBefore = (self: number, that: number): boolean => self < firstNormal || ((self - that) | 0) < 0

const layoutAt = (
  attributes: ReadonlyArray<Attribute>,
  count: number,
  isPast: (changedBy: number) => boolean
): Layout | undefined => {
  const there = attributes.filter(({ changedBy, field }) => field >= 0 || !isPast(changedBy))
  if (there.length < count || there.slice(count).some(({ changedBy }) => isPast(changedBy))) return undefined
  return there.slice(0, count).map(({ field }) => field)
}

const isSame = (self: Layout, that: Layout): boolean =>
  self.length === that.length && self.every((field, at) => field === that[at])

export class Layouts {
  /** The transaction that changed an attribute last; 0 when nothing is known of any. */
  private readonly latest: number

  constructor(
    private readonly attributes: ReadonlyArray<Attribute>,
    private readonly width: number
  ) {
    this.latest = attributes.reduce((at, { changedBy }) => (isBefore(at, changedBy) ? changedBy : at), 0)
  }

  /** Whether a value that this transaction wrote has the fields there are now; 0 for a value that was not read out of the log. */
  isNow(writtenBy: number): boolean {
    return writtenBy === 0 || this.latest === 0 || isBefore(this.latest, writtenBy)
  }

  /** What a value of so many fields may consist of, the likeliest first. */
  of(writtenBy: number, count: number): ReadonlyArray<Layout> {
    const now = this.attributes.flatMap(({ field }) => (field < 0 ? [] : [field]))
    const found = [
      layoutAt(this.attributes, count, (changedBy) => isBefore(changedBy, writtenBy)),
      layoutAt(
        this.attributes,
        count,
        (changedBy) => changedBy === writtenBy || isBefore(changedBy, writtenBy)
      ),
      count === this.width ? now : undefined
    ]
    return found.flatMap((layout, at) => {
      const isKnown =
        layout === undefined || found.slice(0, at).some((other) => other && isSame(other, layout))
      return isKnown ? [] : [layout]
    })
  }
}
