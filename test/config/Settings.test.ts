import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as Resolve from "../../src/config/Resolve.js"
import { find, settings } from "../../src/config/Settings.js"
import { left, right } from "./outcome.js"

const keywords =
  "service servicefile user password passfile channel_binding connect_timeout dbname host hostaddr port client_encoding " +
  "options application_name fallback_application_name keepalives keepalives_idle keepalives_interval keepalives_count " +
  "tcp_user_timeout sslmode sslnegotiation sslcompression sslcert sslkey sslcertmode sslpassword sslrootcert sslcrl " +
  "sslcrldir sslsni sslkeylogfile ssl_min_protocol_version ssl_max_protocol_version requirepeer require_auth " +
  "min_protocol_version max_protocol_version gssencmode krbsrvname gsslib gssdelegation replication " +
  "target_session_attrs load_balance_hosts scram_client_key scram_server_key oauth_issuer oauth_client_id " +
  "oauth_client_secret oauth_scope oauth_ca_file"

describe("Settings", () => {
  it("knows every keyword of libpq (CON-106)", () => {
    assert.sameMembers(
      settings.map(({ keyword }) => keyword),
      keywords.split(" ")
    )
  })

  it.each([
    ["requirepeer", "postgres"],
    ["gssdelegation", "1"]
  ])("refuses %s=%s, which promises what is not kept (CON-106, CON-015)", (keyword, text) => {
    const error = left(PgConfig.fromConnectionString(`${keyword}=${text}`))
    assert.strictEqual(error.key, keyword)
    assert.include(error.reason, "support")
  })

  it("accepts the harmless word of what it does not support", () => {
    for (const text of ["gssdelegation=0", "sslcompression=1", "gsslib=gssapi"]) {
      assert.isTrue(Either.isRight(PgConfig.fromConnectionString(text)), text)
    }
  })

  it("refuses unknown keywords by name, from every source", () => {
    const error = left(PgConfig.fromConnectionString("statement_timeout=5"))
    assert.strictEqual(error.key, "statement_timeout")
    assert.include(error.reason, "options")
    assert.strictEqual(left(PgConfig.make({ hostname: "h" } as never)).key, "hostname")
    assert.strictEqual(find("toString"), undefined)
  })

  it("reads the old name of sslmode", () => {
    assert.strictEqual(right(PgConfig.fromConnectionString("requiressl=1")).sslMode, "require")
  })

  describe("an allow-list (S12)", () => {
    const read = (text: string) => PgConfig.fromConnectionString(text, { allow: PgConfig.untrusted })

    it.each([
      "service",
      "servicefile",
      "passfile",
      "sslrootcert",
      "sslcert",
      "sslkey",
      "sslpassword",
      "sslcrl",
      "sslcrldir",
      "sslkeylogfile",
      "options",
      "replication",
      "gsslib",
      "krbsrvname",
      "oauth_issuer",
      "oauth_ca_file"
    ])("refuses %s", (keyword) => {
      assert.strictEqual(left(read(`${keyword}=1`)).key, keyword)
      assert.strictEqual(left(read(`postgres://h/?${keyword}=1`)).key, keyword)
    })

    it("refuses sockets of the file system, wherever they hide", () => {
      for (const text of [
        "host=/run/pg",
        "host=h,/run/pg",
        "host=@pg",
        "postgres://%2Frun",
        "postgres://h/?host=/run"
      ]) {
        assert.strictEqual(left(read(text)).key, "host", text)
      }
    })

    it("lets through what is needed to reach a server, and looks no password up", () => {
      const config = right(read("postgres://u:p@h:1/db?sslmode=require&connect_timeout=3&application_name=a"))
      assert.strictEqual(config.user, "u")
      assert.isFalse(config.passfileLookup)
    })

    it("refuses the default socket, which a string without a host means", () => {
      for (const text of [
        "postgresql:///postgres",
        "postgresql://",
        "postgresql://u:p@/db",
        "postgresql://u@:5433/db",
        "postgresql://h,/db",
        "postgresql:///db?host=",
        "",
        "dbname=postgres",
        "host='' user=u",
        "port=5433"
      ]) {
        const error = left(read(text))
        assert.strictEqual(error.key, "host", text)
        assert.include(error.reason, "Unix socket")
      }
      for (const text of ["hostaddr=127.0.0.1 user=u", "host=h", "postgresql:///db?host=h"]) {
        assert.isTrue(Either.isRight(read(text)), text)
      }
    })

    it("refuses the user and the database that are implied, when it names neither", () => {
      const implying = (text: string, allow: ReadonlyArray<string>, overrides = {}) =>
        PgConfig.fromConnectionString(text, { allow, overrides })
      assert.strictEqual(left(implying("host=h dbname=d", ["host", "dbname"])).key, "user")
      assert.strictEqual(left(implying("host=h user=u", ["host", "user"])).key, "dbname")
      assert.isTrue(Either.isRight(implying("host=h", ["host"], { user: "u", database: "d" })))
      assert.isTrue(Either.isRight(implying("user=u", ["user", "dbname"], { host: "/run/pg" })))
    })

    it("keeps the certificate of the user's own folder, unless code names one", () => {
      const text = "postgres://u@h/db"
      const { untrusted: allow } = PgConfig
      assert.strictEqual(right(read(text)).sslCertMode, "disable")
      const own = { sslCert: "/own.crt", sslKey: "/own.key" }
      assert.strictEqual(right(PgConfig.fromUri(text, { allow, overrides: own })).sslCertMode, "allow")
      assert.strictEqual(right(PgConfig.fromUri(text)).sslCertMode, "allow")
    })

    it("holds for a service that code names only when its file has been read", () => {
      const named = PgConfig.fromUri("postgres://u@/db", {
        allow: PgConfig.untrusted,
        overrides: { service: "shop" }
      })
      const served = (text: string) => Resolve.withService(right(named), [{ path: "/s", text }])
      assert.isTrue(Either.isRight(served("[shop]\nhost=h\n")))
      assert.strictEqual(left(served("[shop]\nport=1\n")).key, "host")
    })

    it("may be any list", () => {
      assert.strictEqual(left(PgConfig.fromUri("postgres://u@h", { allow: ["host"] })).key, "user")
    })

    it("does not restrict settings given in code", () => {
      const overrides = { sslRootCert: "/ca.pem", sslMode: "verify-full" } as const
      const config = right(
        PgConfig.fromUri("postgres://h/?sslmode=disable", { allow: PgConfig.untrusted, overrides })
      )
      assert.deepStrictEqual([config.sslRootCert, config.sslMode], ["/ca.pem", "verify-full"])
    })
  })
})
