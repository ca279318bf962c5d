import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as PgConfig from "../../src/config/PgConfig.js"
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

    it("may be any list", () => {
      assert.strictEqual(left(PgConfig.fromUri("postgres://u@h", { allow: ["host"] })).key, "user")
    })

    it("does not bind what code says", () => {
      const overrides = { sslRootCert: "/ca.pem", sslMode: "verify-full" } as const
      const config = right(
        PgConfig.fromUri("postgres://h/?sslmode=disable", { allow: PgConfig.untrusted, overrides })
      )
      assert.deepStrictEqual([config.sslRootCert, config.sslMode], ["/ca.pem", "verify-full"])
    })
  })
})
