/**
 * What a feed asks the catalogue about relations that the stream describes: whether they are partitioned, and of what types they are.
 *
 * The server describes a relation before the transaction is visible to others that may have made it, or its types: at once when it is
 * streamed before its end, a moment before otherwise. What is not found then is asked for again behind the transaction, and only what is not
 * found there is taken to be dropped.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TransactionInfo } from "../changes/LogicalEvent.js"
import type { PartitionTrees } from "../changes/PartitionTree.js"
import type { Relations } from "../changes/Relations.js"
import type { FeedTypes } from "./FeedTypes.js"
import type { ReadError } from "./ReaderOptions.js"

/** A relation, and the types of its columns that have to be asked for. */
interface Described {
  readonly table: number
  readonly oids: ReadonlyArray<number>
}

type Failure = Option.Option<ReadError>

export class RelationLookup {
  /** By streamed transaction, what was not found before its end. */
  private readonly unfound = new Map<number, Array<Described>>()

  constructor(
    private readonly types: FeedTypes,
    private readonly trees: PartitionTrees,
    private readonly relations: () => Relations,
    private readonly learnTree: (table: number) => Effect.Effect<void, ReadError>
  ) {}

  /** Looks up a relation that the transaction describes, which has ended; `undefined`: that any may have described. */
  behind(
    transaction: TransactionInfo | undefined,
    table: number,
    oids: ReadonlyArray<number>
  ): Effect.Effect<void, Failure> {
    const described = { table, oids }
    const again = Effect.suspend(() =>
      transaction === undefined || this.isFound(described)
        ? Effect.void
        : Effect.zipRight(this.types.readBehind(transaction), this.once(described))
    )
    return Effect.zipRight(
      this.once(described),
      Effect.map(again, () => this.trees.settle(table))
    )
  }

  /** Looks up a relation that a streamed transaction describes, which has not ended. */
  ahead(xid: number, table: number, oids: ReadonlyArray<number>): Effect.Effect<void, Failure> {
    const described = { table, oids }
    return Effect.map(this.once(described), () => {
      if (this.isFound(described)) return
      const unfound = this.unfound.get(xid)
      if (unfound === undefined) this.unfound.set(xid, [described])
      else unfound.push(described)
    })
  }

  /** Looks up what was not found before the end of the streamed transaction; gives the types of it. */
  late(transaction: TransactionInfo, xid: number): Effect.Effect<ReadonlyArray<number>, Failure> {
    const unfound = this.unfound.get(xid) ?? []
    this.unfound.delete(xid)
    return Effect.as(
      Effect.forEach(unfound, ({ oids, table }) => this.behind(transaction, table, oids), { discard: true }),
      unfound.flatMap(({ oids }) => oids)
    )
  }

  /** The streamed transaction is taken back. */
  forget(xid: number): void {
    this.unfound.delete(xid)
  }

  /** All streamed transactions come again. */
  clear(): void {
    this.unfound.clear()
  }

  private isFound({ oids, table }: Described): boolean {
    return !this.relations().isStrange(table) && !this.types.areMissing(oids)
  }

  private once({ oids, table }: Described): Effect.Effect<unknown, Failure> {
    const tree = Effect.suspend(() =>
      this.relations().isStrange(table)
        ? Effect.map(Effect.mapError(this.learnTree(table), Option.some), () => this.relations().replant())
        : Effect.void
    )
    return Effect.zipRight(tree, oids.length === 0 ? Effect.void : this.types.learn(oids))
  }
}
