import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as PgConfig from "../../src/config/PgConfig.js"
import { left, right } from "./outcome.js"

const read = (conninfo: string) => PgConfig.fromConnectionString(conninfo)

describe("ValueParser", () => {
  it.each([
    ["scram-sha-256", { negated: false, methods: ["scram-sha-256"] }],
    ["scram-sha-256,oauth,none", { negated: false, methods: ["scram-sha-256", "oauth", "none"] }],
    ["!password,!md5", { negated: true, methods: ["password", "md5"] }],
    ["!none", { negated: true, methods: ["none"] }],
    ["gss,sspi", { negated: false, methods: ["gss", "sspi"] }]
  ] as const)("reads require_auth=%s (AUT-048)", (text, expected) => {
    assert.deepStrictEqual<unknown>(right(read(`require_auth='${text}'`)).requireAuth, expected)
    assert.deepStrictEqual<unknown>(right(PgConfig.make({ requireAuth: text })).requireAuth, expected)
  })

  it.each([
    "md5,!password",
    "!md5,password",
    "md5,md5",
    "!md5,!md5",
    "md4",
    "!password,xmd5",
    "md5,",
    ",",
    "md5, password",
    "!",
    "MD5"
  ])("refuses require_auth=%s (AUT-048)", (text) => {
    assert.strictEqual(left(read(`require_auth='${text}'`)).key, "require_auth")
    assert.strictEqual(left(PgConfig.make({ requireAuth: text })).key, "requireAuth")
  })

  it("reads connect_timeout in seconds, zero and less as for ever, and 10 when absent", () => {
    const timeout = (conninfo: string) => right(read(conninfo)).connectTimeout
    assert.isTrue(Duration.equals(timeout(""), Duration.seconds(10)))
    assert.isTrue(Duration.equals(timeout("connect_timeout=1"), Duration.seconds(1)))
    assert.isTrue(Duration.equals(timeout("connect_timeout=0"), Duration.infinity))
    assert.isTrue(Duration.equals(timeout("connect_timeout=-1"), Duration.infinity))
    assert.isTrue(
      Duration.equals(right(PgConfig.make({ connectTimeout: 0 })).connectTimeout, Duration.infinity)
    )
  })

  it("reads keepalive settings, zero as the system's own", () => {
    const config = right(
      read("keepalives=0 keepalives_idle=5 keepalives_interval=0 keepalives_count=3 tcp_user_timeout=1500")
    )
    assert.isFalse(config.keepalives)
    assert.isTrue(Duration.equals(config.keepalivesIdle!, Duration.seconds(5)))
    assert.isUndefined(config.keepalivesInterval)
    assert.strictEqual(config.keepalivesCount, 3)
    assert.isTrue(Duration.equals(config.tcpUserTimeout!, Duration.millis(1500)))
    assert.isTrue(right(read("")).keepalives)
    assert.isUndefined(right(read("")).keepalivesIdle)
    // Not the same as unset: that is 60 seconds.
    assert.isTrue(Duration.equals(right(read("keepalives_idle=0")).keepalivesIdle!, Duration.zero))
  })

  it("reads the booleans of replication and the word database, exactly", () => {
    for (const word of ["true", "on", "yes", "1", "TRUE"]) {
      assert.strictEqual(right(read(`replication=${word}`)).replication, "true")
    }
    for (const word of ["false", "off", "no", "0"]) {
      assert.isUndefined(right(read(`replication=${word}`)).replication)
    }
    assert.strictEqual(right(read("replication=database")).replication, "database")
    assert.strictEqual(left(read("replication=Database")).key, "replication")
  })

  it("knows six words for the role wanted and no other (CON-118)", () => {
    for (const word of ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]) {
      assert.strictEqual<string>(right(read(`target_session_attrs=${word}`)).targetSessionAttrs, word)
    }
    assert.strictEqual(left(read("target_session_attrs=master")).key, "target_session_attrs")
  })

  it("knows six words for sslmode and no other (CON-053)", () => {
    for (const word of ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]) {
      assert.strictEqual<string>(right(read(`sslmode=${word}`)).sslMode, word)
    }
    assert.strictEqual(right(read("")).sslMode, "prefer")
    for (const word of ["", "Require", "verify_full", "no-verify"]) {
      const error = left(read(`sslmode='${word}'`))
      assert.strictEqual(error.key, "sslmode")
      assert.include(error.reason, "verify-full")
    }
  })

  it("speaks UTF-8 only, under whatever name", () => {
    for (const word of ["UTF8", "utf-8", "auto", "unicode"]) {
      assert.strictEqual(right(read(`client_encoding=${word}`)).clientEncoding, "UTF8")
    }
    assert.strictEqual(left(read("client_encoding=LATIN1")).key, "client_encoding")
  })

  it("reads flags and TLS versions as libpq does", () => {
    assert.isFalse(right(read("sslsni=0")).sslSni)
    assert.isFalse(right(read("sslsni=2")).sslSni)
    assert.isFalse(right(read("sslsni=''")).sslSni)
    assert.isTrue(right(read("sslsni=10")).sslSni)
    assert.isFalse(right(PgConfig.fromSources({ environment: { PGSSLSNI: "" } })).sslSni)
    assert.isTrue(right(read("")).sslSni)
    assert.isTrue(Either.isLeft(read("sslsni=yes")))
    assert.strictEqual(right(read("ssl_min_protocol_version=tlsv1.3")).sslMinProtocolVersion, "TLSv1.3")
    assert.strictEqual(left(read("ssl_max_protocol_version=SSLv3")).key, "ssl_max_protocol_version")
  })
})
