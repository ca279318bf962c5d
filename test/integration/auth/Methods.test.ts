import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import fc from "fast-check"
import { createHash, createHmac, pbkdf2Sync } from "node:crypto"
import { userInfo } from "node:os"
import * as Statement from "../../../src/model/Statement.js"
import type { ConnectorOptions } from "../../../src/connection/PgConnector.js"
import { served, show, tlsFile } from "../support/fixtures.js"
import { open, refused } from "../support/open.js"
import { tlsProxy } from "./tlsProxy.js"
import { psql, psqlVersion } from "../support/psql.js"
import { describeWithServer } from "../support/server.js"

const root = `sslrootcert=${tlsFile("root.crt")}`
const password = "pässword I­X"

/** One role for each method, so that one server can ask for all of them. */
const hba = [
  "local all postgres trust",
  "local all peered peer",
  "host all trusted 127.0.0.1/32 trust",
  "host all clear 127.0.0.1/32 password",
  "host all digest 127.0.0.1/32 md5",
  "host all scram 127.0.0.1/32 scram-sha-256",
  "host all refused 127.0.0.1/32 reject"
]

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

describeWithServer("a real server", { tls: served("good"), listen: "both", hba }, (server) => {
  const at = (user: string, more = ""): string =>
    `host=localhost hostaddr=127.0.0.1 port=${server().port} dbname=postgres user=${user} ${more}`
  const secret = `password=${quote(password).replace(/'/g, "'")}`
  const login = (user: string, more = "", options: ConnectorOptions = {}) =>
    Effect.scoped(
      Effect.gen(function* () {
        const connection = yield* open(at(user, more), options)
        const rows = yield* connection.query(Statement.make("select current_user::text as me"))
        assert.deepStrictEqual(rows, [{ me: connection.facts.user }])
        return connection.facts
      })
    )
  const prepare = Effect.gen(function* () {
    const admin = yield* open(`host=${server().socketFolder} port=${server().port} user=postgres`)
    const create = (user: string, encryption = "scram-sha-256"): string =>
      `drop role if exists ${user}; set password_encryption = '${encryption}'; create role ${user} login password ${quote(password)};`
    yield* admin.simple(
      [create("trusted"), create("clear"), create("digest", "md5"), create("scram"), create("refused")].join(
        ""
      )
    )
  }).pipe(Effect.scoped)

  it.effect(
    "accepts the client by every method it has, and the connection names the method (AUT-006, AUT-010, AUT-011, AUT-015, AUT-026)",
    () =>
      Effect.gen(function* () {
        yield* prepare
        for (const [user, method] of [
          ["trusted", "trust"],
          ["clear", "password"],
          ["digest", "md5"],
          ["scram", "scram-sha-256"]
        ] as const) {
          for (const mode of ["disable", "require"]) {
            const facts = yield* login(user, `${secret} sslmode=${mode}`)
            assert.strictEqual(facts.authentication, method)
            assert.strictEqual(facts.channelBound, user === "scram" && mode === "require")
          }
        }
      })
  )

  it.effect(
    "does not let us in with a wrong password, without one, or where it refuses (AUT-007, AUT-008, TRP-032)",
    () =>
      Effect.gen(function* () {
        yield* prepare
        for (const user of ["clear", "digest", "scram"]) {
          assert.deepInclude(yield* refused(at(user, "password=wrong")), {
            _tag: "PgAuthError",
            reason: "rejected"
          })
          assert.deepInclude(yield* refused(at(user, "passfile=/nowhere")), {
            _tag: "PgAuthError",
            reason: "password-missing"
          })
        }
        assert.deepInclude(yield* refused(at("refused", secret)), { _tag: "PgAuthError", reason: "rejected" })
      })
  )

  it.effect(
    "lets us in with every password it was given, prepared as it prepares them (A13, AUT-032, AUT-037, AUT-038, TRP-023, TRP-024)",
    () =>
      Effect.gen(function* () {
        yield* prepare
        const odd = fc.constantFrom(
          ..."aZ0 \u00aa\u00ad\u00a0\u200b\u2003\ufb01\uff11\u0301\u0340\u0007\u0627\u05d0\u0221\u{1f600}\u{e0001}\ufffd"
        )
        const passwords = [
          "I\u00adX",
          "a\u00a0b",
          "\ufb01\uff11\uff12",
          "\u{1f600}",
          "\u0007\u00aa",
          "\u0627a",
          "\u00ad",
          ...fc.sample(fc.string({ unit: odd, minLength: 1, maxLength: 6 }), { numRuns: 25, seed: 13 })
        ]
        const admin = yield* open(`host=${server().socketFolder} port=${server().port} user=postgres`)
        for (const password of passwords) {
          yield* admin.simple(`alter role scram password ${quote(password)}`)
          const credentials = { password: Redacted.make(password) }
          const facts = yield* login("scram", "sslmode=disable", { credentials })
          assert.strictEqual(facts.authentication, "scram-sha-256", JSON.stringify(password))
        }
      }).pipe(Effect.scoped)
  )

  it.effect("takes a password of a megabyte for a wrong one, and no harm is done (A13, AUT-039)", () =>
    Effect.gen(function* () {
      yield* prepare
      const credentials = { password: Redacted.make("\ufb01".repeat(350_000)) }
      for (const user of ["clear", "digest", "scram"]) {
        const error = yield* refused(at(user, "sslmode=disable"), { credentials })
        // Longer than any packet of the kind may be; what is made of it is not.
        if (user === "clear") assert.deepInclude(error, { _tag: "PgConfigError", key: "password" })
        else assert.deepInclude(error, { _tag: "PgAuthError", reason: "rejected" })
        assert.notInclude(error.message, "\ufb01")
      }
    })
  )

  it.effect(
    "binds the login to certificates of every hash, and libpq agrees (AUT-041, AUT-045, AUT-046, TRP-026, TRP-028)",
    () =>
      Effect.gen(function* () {
        yield* prepare
        for (const certificate of ["good", "sha384"]) {
          yield* show(server(), certificate)
          const conninfo = `${secret} sslmode=verify-full ${root} channel_binding=require`
          const facts = yield* login("scram", conninfo)
          assert.isTrue(facts.channelBound)
          if (psqlVersion !== undefined) {
            assert.deepStrictEqual(yield* psql(at("scram", conninfo), "select 1"), { output: "1" })
          }
        }
        yield* show(server(), "good")
      })
  )

  it.effect("is not trusted unbound where binding is required (AUT-046, AUT-072, TRP-025)", () =>
    Effect.gen(function* () {
      yield* prepare
      for (const user of ["trusted", "clear", "digest"]) {
        const error = yield* refused(at(user, `${secret} sslmode=require channel_binding=require`))
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-refused" })
      }
      const plain = yield* refused(at("scram", `${secret} sslmode=disable channel_binding=require`))
      assert.deepInclude(plain, { _tag: "PgAuthError", reason: "method-refused" })
    })
  )

  it.effect("is bound under prefer and allow too, where TLS is not demanded otherwise (AUT-046)", () =>
    Effect.gen(function* () {
      yield* prepare
      for (const mode of ["allow", "prefer"]) {
        const facts = yield* login("scram", `${secret} sslmode=${mode} channel_binding=require`)
        assert.isTrue(facts.channelBound)
        assert.strictEqual(facts.encryption._tag, "Tls")
      }
    })
  )

  it.effect(
    "with a certificate that defines no hash lets us in unbound, or not at all if we insist (AUT-042, TRP-027)",
    () =>
      Effect.gen(function* () {
        yield* prepare
        yield* show(server(), "ed25519")
        const facts = yield* login("scram", `${secret} sslmode=require`)
        assert.isFalse(facts.channelBound)
        const error = yield* refused(at("scram", `${secret} sslmode=require channel_binding=require`))
        assert.deepInclude(error, { _tag: "PgAuthError", reason: "method-refused" })
        yield* show(server(), "good")
      })
  )

  it.effect("is held to require_auth, as libpq would (AUT-048, AUT-049, AUT-050, AUT-051)", () =>
    Effect.gen(function* () {
      yield* prepare
      for (const [user, allowed, succeeds] of [
        ["trusted", "none", true],
        ["trusted", "scram-sha-256", false],
        ["trusted", "!none", false],
        ["clear", "password", true],
        ["clear", "!password", false],
        ["clear", "md5,scram-sha-256", false],
        ["digest", "md5", true],
        ["digest", "!md5", false],
        ["scram", "scram-sha-256", true],
        ["scram", "!scram-sha-256", false],
        ["scram", "password", false]
      ] as const) {
        const more = `${secret} sslmode=disable require_auth=${allowed}`
        if (succeeds) yield* login(user, more)
        else
          assert.deepInclude(
            yield* refused(at(user, more)),
            { reason: "method-refused" },
            `${user} ${allowed}`
          )
        if (psqlVersion !== undefined && psqlVersion >= 16) {
          assert.strictEqual("output" in (yield* psql(at(user, more), "select 1")), succeeds)
        }
      }
    })
  )

  it.effect("is logged in to with the two keys of SCRAM in place of the password (AUT-029)", () =>
    Effect.gen(function* () {
      yield* prepare
      const verifier = yield* Effect.scoped(
        Effect.gen(function* () {
          const admin = yield* open(`host=${server().socketFolder} port=${server().port} user=postgres`)
          const rows = yield* admin.values(
            Statement.make("select rolpassword from pg_catalog.pg_authid where rolname = 'scram'")
          )
          return String(rows[0]?.[0])
        })
      )
      const [, iterations = "", salt = ""] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier) ?? []
      // The soft hyphen is taken out by SASLprep.
      const salted = pbkdf2Sync(
        password.replace("­", "").normalize("NFKC"),
        Buffer.from(salt, "base64"),
        Number(iterations),
        32,
        "sha256"
      )
      const clientKey = new Uint8Array(createHmac("sha256", salted).update("Client Key").digest())
      const serverKey = new Uint8Array(createHmac("sha256", salted).update("Server Key").digest())
      assert.include(verifier, createHash("sha256").update(clientKey).digest("base64"))
      yield* login("scram", "", { credentials: { scramKeys: Redacted.make({ clientKey, serverKey }) } })
      const text = (key: Uint8Array) => Buffer.from(key).toString("base64")
      yield* login("scram", `scram_client_key=${text(clientKey)} scram_server_key=${text(serverKey)}`)
      const error = yield* refused(at("scram"), {
        credentials: { scramKeys: Redacted.make({ clientKey, serverKey: clientKey }) }
      })
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "server-unproven" })
    })
  )

  it.effect(
    "takes credentials that are had anew for every session, and another user with them (AUT-008)",
    () =>
      Effect.gen(function* () {
        yield* prepare
        let times = 0
        const credentials = Effect.sync(() => {
          times++
          return { user: times === 1 ? "scram" : "digest", password: Redacted.make(password) }
        })
        assert.strictEqual((yield* login("nobody", "", { credentials })).user, "scram")
        assert.strictEqual((yield* login("nobody", "", { credentials })).user, "digest")
        assert.strictEqual(times, 2)
      })
  )

  it.effect(
    "is protected from a proxy that ends TLS in between, and no login without binding is tried then (AUT-047)",
    () =>
      Effect.gen(function* () {
        yield* prepare
        const proxy = yield* tlsProxy(server().port)
        const through = (more: string) =>
          `host=localhost hostaddr=127.0.0.1 port=${proxy.port} dbname=postgres user=scram ${secret} ${more}`
        for (const mode of ["require", "prefer"]) {
          const error = yield* refused(through(`sslmode=${mode}`))
          assert.deepInclude(error, { _tag: "PgAuthError", reason: "rejected" })
          assert.include(error.message, "something in between")
        }
        assert.strictEqual(proxy.connections(), 2)
        yield* Effect.scoped(open(through("sslmode=require channel_binding=disable")))
      }).pipe(Effect.scoped)
  )

  it.effect("knows us by the system's user over a Unix socket (AUT-006)", () =>
    Effect.gen(function* () {
      yield* prepare
      const error = yield* refused(
        `host=${server().socketFolder} port=${server().port} user=peered dbname=postgres`
      )
      assert.deepInclude(error, { _tag: "PgAuthError", reason: "rejected" })
    })
  )
})

const whoami = userInfo().username

describeWithServer(
  "a server that asks the system for the user",
  { listen: "unix", hba: ["local all postgres trust", "local all all peer"] },
  (server) => {
    it.scoped("lets in the role with the name of the system's user (AUT-006)", () =>
      Effect.gen(function* () {
        const at = (user: string) =>
          `host=${server().socketFolder} port=${server().port} dbname=postgres user=${user}`
        const admin = yield* open(at("postgres"))
        yield* admin.simple(`create role "${whoami}" login`)
        const { facts } = yield* open(at(whoami))
        assert.deepInclude(facts, { authentication: "trust", user: whoami })
      })
    )
  }
)
