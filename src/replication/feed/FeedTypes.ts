/** The types that a reader of a feed knows, and those in tables described so far that may be altered while it reads. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CatalogError } from "./CatalogSession.js"
import type { Registry } from "../../types/Registry.js"
import type { TransactionInfo } from "../changes/LogicalEvent.js"
import type { ReadDefinitions, TypeDefinitions } from "./TypeDefinitions.js"
import { sees } from "./TypeDefinitions.js"

/** Gives a registry that knows what can be known of types of these OIDs. */
export type Learn = (oids: ReadonlyArray<number>) => Effect.Effect<Registry, CatalogError>

/** The server sends a transaction a moment before other sessions see it. */
const visibleAfter = "2 millis"
/** How often to look for it: a second in all. */
const maxLooks = 500

type Failure = Option.Option<CatalogError>

export class FeedTypes {
  private readonly withFields = new Set<number>()
  /** What the registry was read by, at the least. */
  private definitions: TypeDefinitions | undefined
  /** The last transaction that was looked for has become visible in time. */
  private waits = true

  constructor(
    public registry: Registry,
    private readonly ask: Learn,
    private readonly read: ReadDefinitions,
    /** Whether types are looked up; otherwise those are used that are given. */
    private readonly finds: boolean,
    /** Called with every registry that takes the place of another. */
    private readonly use: (registry: Registry) => void
  ) {}

  /** Whether all of these types are known in their binary form. */
  areBinary(oids: ReadonlyArray<number>): boolean {
    return oids.every((oid) => this.registry.lookup(oid)?.decodeBinary !== undefined)
  }

  /** Whether one of these types is not in the catalogue. */
  areMissing(oids: ReadonlyArray<number>): boolean {
    return oids.some((oid) => this.registry.isMissing(oid))
  }

  /** Whether one of these types is known, and not in its binary form. */
  areText(oids: ReadonlyArray<number>): boolean {
    return !this.areBinary(oids.filter((oid) => !this.registry.isMissing(oid)))
  }

  /** Whether nothing has to be done about these types: no composite is among them either, which would be asked for again. */
  areSettled(oids: ReadonlyArray<number>): boolean {
    return this.areBinary(oids) && !oids.some((oid) => this.registry.lookup(oid)?.hasFields)
  }

  /** Whether what the transaction wrote is described by the definitions that are known. */
  describes({ xid }: TransactionInfo): boolean {
    if (!this.finds) return true
    return this.definitions !== undefined && sees(this.definitions.snapshot, xid)
  }

  /** Learns what can be known of these types; true when that is something new. */
  learn(oids: ReadonlyArray<number>): Effect.Effect<boolean, Failure> {
    return Effect.mapBoth(this.ask(oids), {
      onFailure: Option.some,
      onSuccess: (registry) => {
        for (const oid of oids) {
          if (registry.lookup(oid)?.hasFields !== true || this.withFields.has(oid)) continue
          this.withFields.add(oid)
          this.definitions = undefined
        }
        if (registry === this.registry) return false
        this.registry = registry
        this.use(registry)
        return true
      }
    })
  }

  /** Reads the composites again. */
  readonly learnFields: Effect.Effect<boolean, Failure> = Effect.suspend(() =>
    this.withFields.size > 0 ? this.learn([...this.withFields]) : Effect.succeed(false)
  )

  /** Reads the composites again, if they have been altered, from a snapshot that has the transaction. */
  learnBehind(transaction: TransactionInfo): Effect.Effect<void, Failure> {
    return Effect.suspend(() => {
      if (this.withFields.size === 0 || this.describes(transaction)) return Effect.void
      return Effect.flatMap(this.readBehind(transaction), (found) => {
        const isSame = found.text === this.definitions?.text
        return Effect.map(isSame ? Effect.void : this.learnFields, () => {
          this.definitions = found
        })
      })
    })
  }

  /** The definitions from a snapshot that has the transaction, as far as there is one soon. */
  readBehind(transaction: TransactionInfo): Effect.Effect<TypeDefinitions, Failure> {
    const read = Effect.suspend(() => this.read([...this.withFields]))
    return Effect.gen(this, function* () {
      // One that is only prepared is not visible before its end.
      let looks = this.waits && transaction.gid === undefined ? maxLooks : 0
      let found = yield* read
      for (; !sees(found.snapshot, transaction.xid) && looks > 0 && !found.isSynchronous; looks--) {
        yield* Effect.sleep(visibleAfter)
        found = yield* read
      }
      if (transaction.gid === undefined && !found.isSynchronous)
        this.waits = sees(found.snapshot, transaction.xid)
      return found
    }).pipe(Effect.mapError(Option.some))
  }
}
