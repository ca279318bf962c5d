import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Environment from "../../src/config/Environment.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import { settings } from "../../src/config/Settings.js"
import { left, right } from "./outcome.js"

const fromVariables = (environment: Record<string, string>) => PgConfig.fromSources({ environment })

describe("Environment", () => {
  it("knows every variable of libpq (CON-105)", () => {
    const documented =
      "PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE PGSYSCONFDIR PGOPTIONS " +
      "PGAPPNAME PGCLIENTENCODING PGSSLMODE PGSSLNEGOTIATION PGSSLCOMPRESSION PGSSLCERT PGSSLKEY PGSSLCERTMODE " +
      "PGSSLROOTCERT PGSSLCRL PGSSLCRLDIR PGSSLSNI PGSSLMINPROTOCOLVERSION PGSSLMAXPROTOCOLVERSION PGREQUIREPEER " +
      "PGREQUIREAUTH PGCHANNELBINDING PGGSSENCMODE PGKRBSRVNAME PGGSSLIB PGGSSDELEGATION PGCONNECT_TIMEOUT " +
      "PGTARGETSESSIONATTRS PGLOADBALANCEHOSTS PGMINPROTOCOLVERSION PGMAXPROTOCOLVERSION PGOAUTHCAFILE PGREQUIRESSL " +
      "PGDATESTYLE PGTZ PGGEQO"
    assert.sameMembers([...Environment.variables], documented.split(" "))
  })

  it("reads each variable as the keyword it stands for (CON-105)", () => {
    const config = right(
      fromVariables({
        PGHOST: "a,b",
        PGPORT: "1,2",
        PGUSER: "me",
        PGDATABASE: "shop",
        PGPASSWORD: "pw",
        PGAPPNAME: "app",
        PGOPTIONS: "-c geqo=off",
        PGSSLMODE: "verify-full",
        PGSSLSNI: "0",
        PGCONNECT_TIMEOUT: "3",
        PGREQUIREAUTH: "!md5,!password",
        PGTARGETSESSIONATTRS: "primary",
        PGLOADBALANCEHOSTS: "random",
        PGMAXPROTOCOLVERSION: "3.2"
      })
    )
    assert.deepStrictEqual(config.hosts, [
      { host: "a", port: 1 },
      { host: "b", port: 2 }
    ])
    assert.deepStrictEqual([config.user, config.database, config.applicationName], ["me", "shop", "app"])
    assert.strictEqual(Redacted.value(config.password!), "pw")
    assert.deepStrictEqual(
      [config.options, config.sslMode, config.sslSni],
      ["-c geqo=off", "verify-full", false]
    )
    assert.isTrue(Duration.equals(config.connectTimeout, Duration.seconds(3)))
    assert.deepStrictEqual(config.requireAuth, { negated: true, methods: ["md5", "password"] })
    assert.deepStrictEqual(
      [config.targetSessionAttrs, config.loadBalanceHosts, config.maxProtocolVersion],
      ["primary", "random", "3.2"]
    )
  })

  it("sends session defaults as run-time settings, but for the word default (CON-105)", () => {
    assert.deepStrictEqual(
      right(fromVariables({ PGDATESTYLE: "ISO, DMY", PGTZ: "UTC", PGGEQO: "Default" })).parameters,
      { datestyle: "ISO, DMY", timezone: "UTC" }
    )
  })

  it("takes PGREQUIRESSL=1 for sslmode=require unless PGSSLMODE is set (CON-105)", () => {
    assert.strictEqual(right(fromVariables({ PGREQUIRESSL: "1" })).sslMode, "require")
    assert.strictEqual(right(fromVariables({ PGREQUIRESSL: "0" })).sslMode, "prefer")
    assert.strictEqual(right(fromVariables({ PGREQUIRESSL: "1", PGSSLMODE: "disable" })).sslMode, "disable")
  })

  it("names the variable that is wrong", () => {
    for (const [variable, value] of [
      ["PGPORT", "0"],
      ["PGSSLMODE", ""],
      ["PGCONNECT_TIMEOUT", "soon"],
      ["PGREQUIREPEER", "postgres"]
    ] as const) {
      const error = left(fromVariables({ [variable]: value }))
      assert.deepStrictEqual([error.key, error.source], [variable, "environment"])
    }
  })

  it("does not read a variable that something stronger overrules", () => {
    const config = right(
      PgConfig.fromSources({
        environment: { PGPORT: "none", PGSSLMODE: "?" },
        connectionString: "port=1",
        explicit: { sslMode: "require" }
      })
    )
    assert.deepStrictEqual([config.hosts[0].port, config.sslMode], [1, "require"])
  })

  it("reads secrets from variables of secrets only", () => {
    const secret = settings.filter((setting) => setting.secret).map(({ keyword }) => keyword)
    assert.sameMembers(secret, [
      "sslkey",
      "password",
      "scram_client_key",
      "scram_server_key",
      "sslpassword",
      "oauth_client_secret"
    ])
    assert.deepStrictEqual([...Environment.secretVariables], ["PGPASSWORD", "PGSSLKEY"])
  })
})
