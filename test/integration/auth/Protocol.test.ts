import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { isRunning } from "../connection/sessions.js"
import { open, refused } from "../support/open.js"
import { describeWithServer, live } from "../support/server.js"
import { served, tlsFile } from "../support/fixtures.js"

const root = `sslrootcert=${tlsFile("root.crt")}`

describeWithServer("PostgreSQL 18", { version: 18, tls: served("good"), listen: "tcp" }, (server) => {
  const at = (more: string) =>
    `host=localhost hostaddr=127.0.0.1 port=${server().port} user=postgres dbname=postgres ${more}`

  it.scoped("speaks 3.0 unless asked for more (CON-062, CON-073)", () =>
    Effect.gen(function* () {
      const { facts } = yield* open(at(""))
      assert.strictEqual(facts.protocolVersion, "3.0")
      assert.lengthOf(Redacted.value(facts.cancelKey!), 4)
    })
  )

  for (const settings of [
    "max_protocol_version=3.2",
    "max_protocol_version=latest",
    "min_protocol_version=3.2",
    `max_protocol_version=3.2 sslmode=verify-full ${root}`,
    `max_protocol_version=3.2 sslmode=verify-full sslnegotiation=direct ${root}`
  ]) {
    it.scoped(
      `gives a long key, and takes it whole: ${settings.replace(/\S*\//g, "")} (CON-071, CON-126, TRP-010)`,
      () =>
        Effect.gen(function* () {
          const connection = yield* open(at(settings))
          assert.strictEqual(connection.facts.protocolVersion, "3.2")
          assert.lengthOf(Redacted.value(connection.facts.cancelKey!), 32)
          // Longer than any test: only its cancelling ends it.
          const sleeping = yield* Effect.fork(connection.simple("select pg_sleep(3600)"))
          yield* isRunning(connection, "pg_sleep", server())
          yield* Fiber.interrupt(sleeping)
          assert.deepInclude(yield* connection.status, { state: "clean" })
        }).pipe(live)
    )
  }
})

for (const [version, spoken] of [
  [18, "3.2"],
  [15, "3.0"]
] as const) {
  describeWithServer(
    `PostgreSQL ${version}, asked for a version that does not exist,`,
    { version, listen: "tcp" },
    (server) => {
      it.scoped("answers with the version it has, and the session uses it (CON-065, CON-072)", () =>
        Effect.gen(function* () {
          const connection = yield* open(
            `host=127.0.0.1 port=${server().port} user=postgres dbname=postgres max_protocol_version=grease`
          )
          assert.strictEqual(connection.facts.protocolVersion, spoken)
          assert.lengthOf(yield* connection.simple("select 1"), 1)
        }).pipe(live)
      )
    }
  )
}

describeWithServer("PostgreSQL 15", { version: 15, listen: "tcp" }, (server) => {
  const at = (more: string) => `host=127.0.0.1 port=${server().port} user=postgres dbname=postgres ${more}`

  it.scoped("falls back to 3.0 with a short key (CON-065, CON-067, TRP-008)", () =>
    Effect.gen(function* () {
      const connection = yield* open(at("max_protocol_version=3.2"))
      assert.strictEqual(connection.facts.protocolVersion, "3.0")
      assert.lengthOf(Redacted.value(connection.facts.cancelKey!), 4)
      const sleeping = yield* Effect.fork(connection.simple("select pg_sleep(3600)"))
      yield* isRunning(connection, "pg_sleep", server())
      yield* Fiber.interrupt(sleeping)
      assert.deepInclude(yield* connection.status, { state: "clean" })
    }).pipe(live)
  )

  it.effect("is refused where more is demanded, and the setting is named (CON-062, CON-066)", () =>
    Effect.gen(function* () {
      const error = yield* refused(at("min_protocol_version=3.2"))
      assert.strictEqual(error._tag, "PgConnectError")
      assert.include(error.message, "min_protocol_version")
    })
  )
})
