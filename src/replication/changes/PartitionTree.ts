/**
 * Partitioned tables as the catalogue has them now: to which a partition belongs, by which columns its rows are identified,
 * and what replica identities the partitions have. A stream has none of this: a table that is published by its root is
 * described with the root's replica identity, and its old rows have the columns of the partition's.
 *
 * @see https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE
 */

/** A unique index whose columns are all NOT NULL, so that it may be a replica identity. */
export interface MemberKey {
  /** Whether it is the replica identity now. */
  readonly identity: boolean
  readonly columns: ReadonlyArray<string>
}

/** One table of a tree. */
export interface Member {
  readonly id: number
  readonly root: number
  /** The table that it is a partition of; `undefined` for the root. */
  readonly parent: number | undefined
  readonly schema: string
  readonly name: string
  readonly isLeaf: boolean
  readonly keys: ReadonlyArray<MemberKey>
  /** The columns that it is partitioned by; none for a leaf, or where it is done by expressions. */
  readonly partitionedBy: ReadonlyArray<string>
}

/** A partitioned table, or a partition, in its tree. */
export interface PartitionTree {
  /** OID of the topmost table. */
  readonly root: number
  /** The tables that it is a partition of, the nearest first; none for the root. */
  readonly ancestors: ReadonlyArray<{ readonly schema: string; readonly name: string }>
  /**
   * The columns that identify the rows of the tree, wherever they lie: those of the replica identity of all partitions, without the columns that decide in which partition a row lies. Without any, rows cannot be identified.
   */
  readonly rowColumns: ReadonlyArray<string>
  /** Each key that a partition has or may have had as its replica identity, by `nameOfKey`. */
  readonly leafKeys: ReadonlySet<string>
}

/** Columns as one text, whatever their order. */
export const nameOfKey = (columns: ReadonlyArray<string>): string => [...columns].sort().join("\0")

const splitKey = (name: string): ReadonlyArray<string> => name.split("\0")

/** The key that identifies rows everywhere, by its name: that of all partitions, or else the root's. */
const commonKey = (root: Member | undefined, leaves: ReadonlyArray<Member>): string | undefined => {
  const identities = new Set(
    leaves.flatMap(({ keys }) => keys.filter((key) => key.identity).map((key) => nameOfKey(key.columns)))
  )
  if (identities.size > 1) return undefined
  const [only] = identities
  const own = root?.keys.find((key) => key.identity) ?? root?.keys[0]
  return only ?? (own === undefined ? undefined : nameOfKey(own.columns))
}

const rowColumnsOf = (
  members: ReadonlyArray<Member>,
  leaves: ReadonlyArray<Member>
): ReadonlyArray<string> => {
  const key = commonKey(
    members.find(({ parent }) => parent === undefined),
    leaves
  )
  if (key === undefined) return []
  const places = new Set(members.flatMap(({ partitionedBy }) => partitionedBy))
  const columns = splitKey(key)
  const others = columns.filter((name) => !places.has(name))
  return others.length === 0 ? columns : others
}

const ancestorsOf = (member: Member, byId: ReadonlyMap<number, Member>): PartitionTree["ancestors"] => {
  const found: Array<{ readonly schema: string; readonly name: string }> = []
  for (
    let at = member.parent === undefined ? undefined : byId.get(member.parent);
    at !== undefined;
    at = at.parent === undefined ? undefined : byId.get(at.parent)
  ) {
    found.push({ schema: at.schema, name: at.name })
  }
  return found
}

const isSame = (self: PartitionTree, that: PartitionTree): boolean =>
  JSON.stringify({ ...self, leafKeys: [...self.leafKeys].sort() }) ===
  JSON.stringify({ ...that, leafKeys: [...that.leafKeys].sort() })

/** What one feed knows of partitioned tables. It grows as tables are described that are not known yet. */
export class PartitionTrees {
  /** `undefined` for a table that is neither partitioned nor a partition. */
  private readonly known = new Map<number, PartitionTree | undefined>()
  /** Known, and to be asked for again. */
  private readonly doubted = new Set<number>()

  /** Whether the catalogue has returned what the table is. */
  has(id: number): boolean {
    return this.known.has(id) && !this.doubted.has(id)
  }

  /** Has the table asked for again: it may have become a partition, or be one no longer. */
  doubt(id: number): void {
    if (this.known.has(id)) this.doubted.add(id)
  }

  /** Takes the table for what was known of it last: the catalogue does not have it any more. */
  settle(id: number): void {
    this.known.set(id, this.known.get(id))
    this.doubted.delete(id)
  }

  get(id: number): PartitionTree | undefined {
    return this.known.get(id)
  }

  /** Takes what the catalogue answered: `tables` are all that it has of those asked for, `members` the whole trees that they are in. */
  learn(tables: Iterable<number>, members: ReadonlyArray<Member>): void {
    const before = new Map(this.known)
    for (const id of tables) {
      this.known.set(id, undefined)
      this.doubted.delete(id)
    }
    const byId = new Map(members.map((member) => [member.id, member]))
    const byRoot = new Map<number, Array<Member>>()
    for (const member of members) {
      const tree = byRoot.get(member.root)
      if (tree === undefined) byRoot.set(member.root, [member])
      else tree.push(member)
    }
    for (const [root, tree] of byRoot) {
      const leaves = tree.filter(({ isLeaf }) => isLeaf)
      const rowColumns = rowColumnsOf(tree, leaves)
      const leafKeys = new Set(leaves.flatMap(({ keys }) => keys.map(({ columns }) => nameOfKey(columns))))
      for (const member of tree) {
        const last = before.get(member.id)
        const tree = { root, ancestors: ancestorsOf(member, byId), rowColumns, leafKeys }
        this.known.set(member.id, last !== undefined && isSame(last, tree) ? last : tree)
        this.doubted.delete(member.id)
      }
    }
  }
}
