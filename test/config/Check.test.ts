import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as PgConfig from "../../src/config/PgConfig.js"
import { left, right } from "./outcome.js"

const read = (conninfo: string) => PgConfig.fromConnectionString(conninfo)

describe("Check", () => {
  it("refuses a zero byte in any text, naming where it is (CON-003, S05)", () => {
    const nul = "a\0b"
    for (const key of [
      "user",
      "database",
      "password",
      "options",
      "applicationName",
      "sslPassword",
      "host"
    ] as const) {
      const error = left(PgConfig.make({ [key]: nul }))
      assert.strictEqual(error.key, key === "host" ? "hosts[0].host" : key)
      assert.include(error.reason, "NUL")
    }
    assert.strictEqual(
      left(PgConfig.make({ parameters: { search_path: nul } })).key,
      "parameters.search_path"
    )
    assert.strictEqual(left(PgConfig.make({ parameters: { [nul]: "x" } })).key, "parameters")
    assert.strictEqual(
      left(PgConfig.make({ hosts: [{ host: "h", password: nul }] })).key,
      "hosts[0].password"
    )
    assert.strictEqual(left(read(`user=${nul}`)).key, "user")
    assert.strictEqual(left(read(`host=${nul}`)).key, "host")
    assert.strictEqual(left(PgConfig.fromSources({ environment: { PGUSER: nul } })).key, "PGUSER")
    assert.strictEqual(left(PgConfig.fromSources({ environment: { PGTZ: nul } })).key, "parameters.timezone")
  })

  it("refuses run-time settings without a name, of the protocol, and with a field of their own (CON-004)", () => {
    assert.include(left(PgConfig.make({ parameters: { "": "x" } })).reason, "empty")
    for (const name of [
      "_pq_.x",
      "user",
      "Database",
      "replication",
      "options",
      "application_name",
      "client_encoding"
    ]) {
      assert.strictEqual(left(PgConfig.make({ parameters: { [name]: "x" } })).key, `parameters.${name}`)
    }
    const parameters = { search_path: "app", __proto__x: "y", constructor: "z" }
    assert.deepStrictEqual(right(PgConfig.make({ parameters })).parameters, parameters)
  })

  it("accepts direct TLS only where TLS is required (CON-040, TRP-004)", () => {
    for (const mode of ["disable", "allow", "prefer"]) {
      assert.strictEqual(left(read(`sslnegotiation=direct sslmode=${mode}`)).key, "sslnegotiation")
    }
    assert.strictEqual(left(read("sslnegotiation=direct")).key, "sslnegotiation")
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      assert.strictEqual(right(read(`sslnegotiation=direct sslmode=${mode}`)).sslNegotiation, "direct")
    }
  })

  it("makes the platform's certificates mean verify-full, and refuses anything weaker (CON-054)", () => {
    assert.strictEqual(right(read("sslrootcert=system")).sslMode, "verify-full")
    assert.strictEqual(right(PgConfig.make({ sslRootCert: "system" })).sslMode, "verify-full")
    for (const mode of ["disable", "allow", "prefer", "require", "verify-ca"]) {
      assert.strictEqual(left(read(`sslrootcert=system sslmode=${mode}`)).key, "sslmode")
    }
  })

  it.each([
    ["", "3.0", "3.0"],
    ["max_protocol_version=3.2", "3.0", "3.2"],
    ["max_protocol_version=latest", "3.0", "latest"],
    ["min_protocol_version=3.2", "3.2", "latest"],
    ["min_protocol_version=latest", "latest", "latest"],
    ["min_protocol_version=latest max_protocol_version=3.2", "latest", "3.2"],
    ["min_protocol_version=3.0 max_protocol_version=3.0", "3.0", "3.0"]
  ])("asks for the right protocol versions with %s (CON-062)", (text, min, max) => {
    const config = right(read(text))
    assert.deepStrictEqual<ReadonlyArray<string>>(
      [config.minProtocolVersion, config.maxProtocolVersion],
      [min, max]
    )
  })

  it("refuses a minimum above the maximum, and versions that do not exist (CON-062)", () => {
    for (const min of ["3.2", "latest"]) {
      const error = left(read(`min_protocol_version=${min} max_protocol_version=3.0`))
      assert.strictEqual(error.key, "min_protocol_version")
    }
    const environment = { PGMINPROTOCOLVERSION: "3.2", PGMAXPROTOCOLVERSION: "3.0" }
    assert.strictEqual(left(PgConfig.fromSources({ environment })).key, "PGMINPROTOCOLVERSION")
    for (const version of ["3.1", "3", "2.0", "3.9999", "Latest", ""]) {
      assert.strictEqual(left(read(`max_protocol_version='${version}'`)).key, "max_protocol_version")
    }
  })

  it("lets a server have to ask for our certificate only where there may be TLS (CON-060, AUT-053)", () => {
    assert.strictEqual(left(read("sslmode=disable sslcertmode=require")).key, "sslcertmode")
    for (const mode of ["allow", "prefer", "require", "verify-full"]) {
      assert.strictEqual(right(read(`sslmode=${mode} sslcertmode=require`)).sslCertMode, "require")
    }
    assert.strictEqual(right(read("")).sslCertMode, "allow")
    assert.strictEqual(left(read("sslcertmode=always")).key, "sslcertmode")
  })

  it("refuses empty ranges of TLS versions and of SCRAM iterations (CON-034)", () => {
    const tls = "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2"
    assert.strictEqual(left(read(tls)).key, "ssl_max_protocol_version")
    assert.strictEqual(
      left(PgConfig.make({ scramMinIterations: 5, scramMaxIterations: 4 })).key,
      "scramMinIterations"
    )
  })

  it("takes the two keys of SCRAM together, each of 32 bytes in base64, and never shows one (AUT-029)", () => {
    const key = Buffer.alloc(32, 7).toString("base64")
    const config = right(read(`scram_client_key=${key} scram_server_key=${key}`))
    assert.strictEqual(Redacted.value(config.scramServerKey!), key)
    assert.notInclude(String(config) + PgConfig.toConnectionString(config), key)
    const long = Buffer.alloc(33, 7).toString("base64")
    for (const wrong of ["AAAA", long, key.slice(0, -1), `${key.slice(0, 42)}d=`, "secret"]) {
      for (const name of ["scram_client_key", "scram_server_key"]) {
        const other = name === "scram_client_key" ? "scram_server_key" : "scram_client_key"
        const error = left(read(`${name}=${wrong} ${other}=${key}`))
        assert.strictEqual(error.key, name)
        assert.notInclude(error.message, wrong)
      }
    }
    assert.strictEqual(left(read(`scram_client_key=${key}`)).key, "scramServerKey")
    assert.strictEqual(left(PgConfig.make({ scramServerKey: key })).key, "scramClientKey")
  })

  it("refuses to require GSS on a Unix socket", () => {
    assert.strictEqual(left(read("host=/tmp gssencmode=require")).key, "gssencmode")
    assert.isTrue(Either.isRight(read("host=h gssencmode=require")))
    assert.isTrue(Either.isRight(read("host=/tmp gssencmode=prefer")))
  })

  it("blames the setting as its source wrote it", () => {
    const error = left(
      PgConfig.fromSources({ environment: { PGSSLNEGOTIATION: "direct" }, connectionString: "postgres://h" })
    )
    assert.deepStrictEqual([error.key, error.source], ["PGSSLNEGOTIATION", "environment"])
    const code = left(PgConfig.make({ sslNegotiation: "direct" }))
    assert.deepStrictEqual([code.key, code.source], ["sslNegotiation", "code"])
  })
})
