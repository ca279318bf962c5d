/** The types that a reader of a feed knows, and those in tables described so far that may be altered while it reads. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PgOpenError } from "../../model/PgError.js"
import type { Registry } from "../../types/Registry.js"

/** Gives a registry that knows what can be known of types of these OIDs. */
export type Learn = (oids: ReadonlyArray<number>) => Effect.Effect<Registry, PgOpenError>

export class KnownTypes {
  private readonly withFields = new Set<number>()

  constructor(
    public registry: Registry,
    private readonly ask: Learn,
    /** Told of every registry that takes the place of another. */
    private readonly use: (registry: Registry) => void
  ) {}

  /** Whether composites are in tables described so far. */
  get hasFields(): boolean {
    return this.withFields.size > 0
  }

  /** Whether all of these types are known in their binary form. */
  areBinary(oids: ReadonlyArray<number>): boolean {
    return oids.every((oid) => this.registry.lookup(oid)?.decodeBinary !== undefined)
  }

  /** Whether nothing has to be done about these types: no composite is among them either, which would be asked for again. */
  areSettled(oids: ReadonlyArray<number>): boolean {
    return this.areBinary(oids) && !oids.some((oid) => this.registry.lookup(oid)?.hasFields)
  }

  /** Learns what can be known of these types; true when that is something new. */
  learn(oids: ReadonlyArray<number>): Effect.Effect<boolean, Option.Option<PgOpenError>> {
    return Effect.mapBoth(this.ask(oids), {
      onFailure: Option.some,
      onSuccess: (registry) => {
        for (const oid of oids) if (registry.lookup(oid)?.hasFields === true) this.withFields.add(oid)
        if (registry === this.registry) return false
        this.registry = registry
        this.use(registry)
        return true
      }
    })
  }

  /** Asks for the composites again. */
  readonly learnFields: Effect.Effect<boolean, Option.Option<PgOpenError>> = Effect.suspend(() =>
    this.hasFields ? this.learn([...this.withFields]) : Effect.succeed(false)
  )
}
