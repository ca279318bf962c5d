import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as RolePassword from "../../../src/connection/RolePassword.js"
import { s, open } from "../connection/sessions.js"
import { describeEachVersion } from "../support/server.js"

const hba = ["host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 md5", "local all all trust"]

describeEachVersion(
  "a changed password",
  (server, version) => {
    const login = (password: string) =>
      Effect.scoped(
        Effect.flatMap(
          open({ target: server(), config: { user: "ann", password, sslMode: "disable" } }),
          (pg) => pg.values(s("select current_user::text"))
        )
      )

    it.scopedLive("is valid for a login, hashed by the server's setting or by the method asked for", () =>
      Effect.gen(function* () {
        const pg = yield* open({ target: server() })
        yield* pg.simple("create role ann login")
        const stored = Effect.map(
          pg.values(s("select rolpassword from pg_authid where rolname = 'ann'")),
          ([row]) => String(row?.[0])
        )
        // Letters beyond ASCII go through SASLprep: U+2168 is "IX".
        yield* RolePassword.change(pg, "ann", Redacted.make("nine\u2168"))
        assert.match(yield* stored, /^SCRAM-SHA-256\$4096:/)
        assert.deepStrictEqual(yield* login("nineIX"), [["ann"]])
        yield* RolePassword.change(pg, "ann", Redacted.make("many"), { iterations: 10_000 })
        assert.match(yield* stored, /^SCRAM-SHA-256\$10000:/)
        assert.deepStrictEqual(yield* login("many"), [["ann"]])
        assert.strictEqual((yield* Effect.flip(login("nineIX")))._tag, "PgAuthError")
        if (version >= 16) {
          yield* pg.simple("set scram_iterations = 5000")
          yield* RolePassword.change(pg, "ann", Redacted.make("five"))
          assert.match(yield* stored, /^SCRAM-SHA-256\$5000:/)
        }
        yield* pg.simple("set password_encryption = 'md5'")
        yield* RolePassword.change(pg, "ann", Redacted.make("old"))
        assert.match(yield* stored, /^md5[0-9a-f]{32}$/)
        assert.deepStrictEqual(yield* login("old"), [["ann"]])
      })
    )

    it.scopedLive("of a role that is not there is refused, without the hash in the error", () =>
      Effect.gen(function* () {
        const pg = yield* open({ target: server() })
        const refused = yield* Effect.flip(RolePassword.change(pg, "nobody here", Redacted.make("p")))
        assert.deepStrictEqual([refused._tag, "code" in refused && refused.code], ["PgServerError", "42704"])
        assert.notInclude(refused.message, "SCRAM")
      })
    )
  },
  { hba }
)
