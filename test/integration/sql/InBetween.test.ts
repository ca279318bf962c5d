/** Our client for `@effect/sql` through what may stand before a server: a proxy, PgBouncer, and PGlite's socket server in its place. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll } from "@effect/vitest"
import { SqlClient } from "@effect/sql/SqlClient"
import { readFileSync } from "node:fs"
import type { PgClientOptions } from "../../../src/client/PgClient.js"
import type { PgConfigInput } from "../../../src/config/Input.js"
import * as PgSqlClient from "../../../src/sql/PgSqlClient.js"
import type { Target } from "../connection/sessions.js"
import { configOf } from "../connection/sessions.js"
import * as NetProxy from "../support/netProxy.js"
import * as PgBouncer from "../support/pgBouncer.js"
import * as PGlite from "../support/pglite.js"
import { shared } from "../support/server.js"
import type { Contract, Program } from "./contract.js"
import { contract } from "./contract.js"

interface Place {
  readonly start: Effect.Effect<Target, unknown, Scope.Scope>
  readonly config?: PgConfigInput
  readonly pool?: PgClientOptions
  /** What it cannot do: listed in docs/poolers.md under these names. */
  readonly cannot: ReadonlyArray<Contract>
}

const places: Readonly<Record<string, Place>> = {
  "nothing in between": { start: Effect.succeed(shared), cannot: [] },
  "a proxy": { start: NetProxy.start(shared), cannot: [] },
  "PgBouncer with pool_mode session": {
    start: PgBouncer.start({ target: shared, poolMode: "session", poolSize: 6 }),
    cannot: []
  },
  "PgBouncer with pool_mode transaction": {
    start: PgBouncer.start({ target: shared, poolSize: 6 }),
    config: { statementCacheSize: 0 },
    pool: { reset: "none" },
    cannot: [
      "notifications, those of a transaction with its COMMIT",
      "a reserved connection is one session",
      "prepared statements are kept"
    ]
  },
  "PGlite's socket server": {
    start: PGlite.start(1),
    pool: { max: 1 },
    cannot: [
      "another connection is another session",
      "interrupting cancels the statement on the server",
      "a session that is lost in a transaction is a failure",
      "notifications, those of a transaction with its COMMIT"
    ]
  }
}

describe("the page on poolers", () => {
  it("lists what each cannot do, by the name of the program that is left out", () => {
    const page = readFileSync(new URL("../../../docs/poolers.md", import.meta.url), "utf8")
    const listed = [...page.matchAll(/^\| +(.+?) +\| (yes|no) +\| (yes|no) +\| (yes|no) +\|$/gm)].map((row) =>
      row.slice(1)
    )
    const has = (name: string, title: string): string =>
      places[name]!.cannot.some((one) => one === title) ? "no" : "yes"
    assert.deepStrictEqual(
      listed,
      Object.keys(contract).map((title) => [
        title,
        has("PgBouncer with pool_mode session", title),
        has("PgBouncer with pool_mode transaction", title),
        has("PGlite's socket server", title)
      ])
    )
  })
})

for (const [name, { cannot, config = {}, pool = {}, start }] of Object.entries(places)) {
  const describeIt = name.startsWith("PgBouncer") ? PgBouncer.describePgBouncer : describe
  describeIt(`@effect/sql through ${name}`, () => {
    const scope = Effect.runSync(Scope.make())
    let client: PgSqlClient.PgSqlClient | undefined
    beforeAll(async () => {
      client = await Effect.runPromise(
        Scope.extend(
          Effect.gen(function* () {
            const target = yield* start
            const layer = PgSqlClient.layer(configOf({ target, config }), { max: 4, ...pool })
            return Context.get(yield* Layer.build(layer), PgSqlClient.PgSqlClient)
          }),
          scope
        )
      )
    })
    afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    for (const [title, program] of Object.entries<Program>(contract)) {
      if (cannot.some((one) => one === title)) continue
      it.scopedLive(title, () =>
        program(client!).pipe(
          Effect.provideService(SqlClient, client!),
          Logger.withMinimumLogLevel(LogLevel.None)
        )
      )
    }
  })
}
