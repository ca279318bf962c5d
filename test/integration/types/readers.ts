/** Sessions that read and write the same types in text only, in binary only, and as an application does. */
import { afterAll, assert, beforeAll } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as Oid from "../../../src/model/Oid.js"
import type { Codec } from "../../../src/types/Codec.js"
import * as Registry from "../../../src/types/Registry.js"
import type { Target } from "../connection/sessions.js"
import { open } from "../connection/sessions.js"

const everyCodec = (registry: Registry.Registry, found: ReadonlyArray<number>): ReadonlyArray<Codec> =>
  [...Object.values(Oid), ...found]
    .flatMap((oid) => (typeof oid === "number" ? [registry.lookup(oid)] : []))
    .filter((codec) => codec !== undefined)
    // A codec brings its array along, which a codec for the array alone has to follow.
    .sort((a, b) => Number(a.arrayOid === 0) - Number(b.arrayOid === 0))

/** The same types, read and written in text only; `found`: the OIDs of those found at run time. */
export const inText = (registry: Registry.Registry, found: ReadonlyArray<number> = []): Registry.Registry =>
  registry.withAll(
    everyCodec(registry, found).map((codec) => ({
      ...codec,
      decodeBinary: undefined,
      encodeBinary: undefined,
      parameterFormat: 0
    }))
  )

/** The same types, written in binary wherever a codec can, and not only where it wants to. */
export const inBinary = (registry: Registry.Registry, found: ReadonlyArray<number> = []): Registry.Registry =>
  registry.withAll(
    everyCodec(registry, found).map((codec) => ({
      ...codec,
      parameterFormat: codec.encodeBinary === undefined ? 0 : 1
    }))
  )

export type Preset = "lossless" | "familiar"

export interface Reader {
  readonly name: string
  readonly preset: Preset
  readonly binary: PgConnection
  readonly text: PgConnection
}

/** One that makes the values, and those that have to agree. */
export interface Sessions {
  readonly version: number
  readonly maker: PgConnection
  readonly readers: ReadonlyArray<Reader>
}

/** Types of a database of their own, and both presets with all of them. */
export interface FoundTypes {
  readonly database: string
  readonly oids: ReadonlyArray<number>
  readonly lossless: Registry.Registry
  readonly familiar: Registry.Registry
}

/** Sessions for the scope; they may compare any number of types, one after the other. */
export const openSessions = (server: Target & { readonly version: number }, found?: FoundTypes) =>
  Effect.gen(function* () {
    const at = {
      target: server,
      ...(found === undefined ? {} : { config: { database: found.database } })
    }
    const readerOf = (preset: Preset) => {
      const registry = found?.[preset] ?? Registry[preset]
      return Effect.all({
        binary: open({ ...at, types: inBinary(registry, found?.oids) }),
        text: open({ ...at, types: inText(registry, found?.oids) })
      }).pipe(Effect.map((pair): Reader => ({ name: preset, preset, ...pair })))
    }
    const maker = yield* open(at)
    const lossless = yield* readerOf("lossless")
    const readers = [lossless, yield* readerOf("familiar")]
    // As an application has them: found on the way, each in the format that its codec wants.
    if (found !== undefined) readers.push({ ...lossless, name: "as found", binary: yield* open(at) })
    const sessions: Sessions = { version: server.version, maker, readers }
    return sessions
  })

/** Sessions for the tests of a suite; to be asked for in tests only. */
export const suiteSessions = <E>(opened: () => Effect.Effect<Sessions, E, Scope.Scope>): (() => Sessions) => {
  const scope = Effect.runSync(Scope.make())
  let sessions: Sessions | undefined
  beforeAll(async () => {
    sessions = await Effect.runPromise(Scope.extend(opened(), scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return () => sessions ?? assert.fail("the sessions are opened by the suite's first hook")
}
