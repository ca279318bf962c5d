/** The sets of a batch, of which telemetry has seen the first one: its statement names the operation, before any set is taken from a source of its own. */
import type { Statement } from "../../model/Statement.js"

export class TracedBatch<A> implements Iterable<A> {
  /** Sets that were taken. */
  taken = 0
  /** The source has nothing to be closed any more. */
  private isOver = false
  private readonly source: Iterator<A>
  private readonly first: IteratorResult<A>
  /** The statement of the first set, until it is asked for. */
  private begun: Statement | undefined

  /** Takes the first set. What the source or `statementOf` throws is thrown here. */
  constructor(
    sets: Iterable<A>,
    private readonly statementOf: (set: A) => Statement
  ) {
    this.source = sets[Symbol.iterator]()
    this.first = this.source.next()
    this.isOver = this.first.done === true
    try {
      this.begun = this.first.done === true ? undefined : statementOf(this.first.value)
    } catch (thrown) {
      this.close()
      throw thrown
    }
  }

  /** The statement of the first set; `undefined` without any. */
  get statement(): Statement | undefined {
    return this.begun
  }

  /** The statement of a set: called once for each, the first one apart. */
  statementFor(set: A): Statement {
    const { begun } = this
    this.begun = undefined
    return begun ?? this.statementOf(set)
  }

  *[Symbol.iterator](): Generator<A, void> {
    try {
      for (let next = this.first; next.done !== true; next = this.next()) {
        this.taken++
        yield next.value
      }
    } finally {
      this.close()
    }
  }

  /** Closes the source, unless it has ended. */
  close(): void {
    if (this.isOver) return
    this.isOver = true
    this.source.return?.()
  }

  private next(): IteratorResult<A> {
    // A source that throws is over.
    this.isOver = true
    const next = this.source.next()
    this.isOver = next.done === true
    return next
  }
}
