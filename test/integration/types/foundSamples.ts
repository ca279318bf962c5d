/** Types that a client has to find at run time, in a database of their own that has them all. */
import * as Effect from "effect/Effect"
import type { Target } from "../connection/sessions.js"
import { open, s } from "../connection/sessions.js"
import * as Registry from "../../../src/types/Registry.js"
import type { FoundTypes } from "./readers.js"
import { composites, compositeTypes } from "./samples/composites.js"
import { domains, domainTypes } from "./samples/domains.js"
import { enums, enumTypes } from "./samples/enums.js"
import { extensions, extensionTypes } from "./samples/extensions.js"
import type { Sample } from "./samples/sample.js"
import { rangeTypes, userRanges } from "./samples/userRanges.js"

export const foundSamples: ReadonlyArray<Sample> = [
  ...enums,
  ...domains,
  ...composites,
  ...extensions,
  ...userRanges
]

let databases = 0

/** Makes the database, for the scope, and finds what is in it. */
export const findTypes = (target: Target) =>
  Effect.gen(function* () {
    const database = `found_${process.pid}_${++databases}`
    const outside = yield* open({ target })
    yield* Effect.acquireRelease(outside.simple(`create database ${database}`), () =>
      Effect.ignore(outside.simple(`drop database ${database} with (force)`))
    )
    return yield* Effect.scoped(
      Effect.gen(function* () {
        const inside = { target, config: { database } }
        const pg = yield* open(inside)
        yield* pg.simple(`${enumTypes}${domainTypes}${compositeTypes}${extensionTypes}${rangeTypes}`)
        const rows = yield* pg.values(s("select oid from pg_type where oid >= 16384"))
        const oids = rows.map(([oid]) => oid as number)
        const lossless = yield* pg.findTypes(oids)
        const familiar = yield* Effect.flatMap(open({ ...inside, types: Registry.familiar }), (other) =>
          other.findTypes(oids)
        )
        const found: FoundTypes = { database, oids, lossless, familiar }
        return found
      })
    )
  })
