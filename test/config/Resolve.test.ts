import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as Resolve from "../../src/config/Resolve.js"
import { left, right } from "./outcome.js"

const folders = { home: "/home/me" }
const machine: Resolve.Machine = { osUser: "me", defaultHost: "/run/postgresql" }
const resolve = (input: PgConfig.PgConfigInput, more: Resolve.Machine = {}) =>
  right(Resolve.resolve(right(PgConfig.make(input)), { ...machine, ...more }))
const conf = (text: string, path = "/home/me/.pg_service.conf"): Resolve.FileText => ({ path, text })

describe("Resolve", () => {
  it("falls back to the operating system's user, and to the user for the database (CON-107, CON-005)", () => {
    const own = resolve({})
    assert.deepStrictEqual([own.user, own.database], ["me", "me"])
    assert.strictEqual(resolve({ user: "you" }).database, "you")
    assert.strictEqual(resolve({ user: "you", database: "db" }).database, "db")
  })

  it("refuses to go without a user (CON-005)", () => {
    assert.strictEqual(left(Resolve.resolve(right(PgConfig.make({})), {})).key, "user")
  })

  it("uses the machine's socket folder without a host, and localhost where the machine has no socket folder (CON-013)", () => {
    assert.deepStrictEqual(resolve({}).hosts, [{ host: "/run/postgresql", port: 5432 }])
    assert.deepStrictEqual(right(Resolve.resolve(right(PgConfig.make({})), { osUser: "me" })).hosts, [
      { host: "localhost", port: 5432 }
    ])
    assert.deepStrictEqual(resolve({ hostaddr: "10.0.0.1" }).hosts[0].host, "")
    assert.deepStrictEqual(resolve({ host: ["a", ""] }).hosts[1]?.host, "/run/postgresql")
  })

  it("refuses a default socket folder whose path is too long (CON-012)", () => {
    const defaultHost = `/${"x".repeat(120)}`
    assert.strictEqual(
      left(Resolve.resolve(right(PgConfig.make({})), { osUser: "me", defaultHost })).key,
      "host"
    )
  })

  describe("service files", () => {
    const named = (more: Partial<Parameters<typeof PgConfig.fromSources>[0]> = {}) =>
      right(PgConfig.fromSources({ connectionString: "service=shop", ...more }))

    it("are read from the configured path, else from the home folder, then from the common folder (CON-108)", () => {
      assert.deepStrictEqual(Resolve.serviceFiles(right(PgConfig.make({})), folders), [])
      assert.deepStrictEqual(Resolve.serviceFiles(named(), folders), ["/home/me/.pg_service.conf"])
      assert.deepStrictEqual(
        Resolve.serviceFiles(
          named({ environment: { PGSERVICEFILE: "/own", PGSYSCONFDIR: "/etc/pg" } }),
          folders
        ),
        ["/own", "/etc/pg/pg_service.conf"]
      )
      assert.deepStrictEqual(
        Resolve.serviceFiles(named({ connectionString: "service=shop servicefile=/mine" }), folders),
        ["/mine"]
      )
      assert.deepStrictEqual(Resolve.serviceFiles(named(), { appData: "C:\\App" }), [
        "C:\\App\\postgresql\\.pg_service.conf"
      ])
    })

    it("count by the first that has the section, and a service found nowhere is an error (CON-108)", () => {
      const files = [
        conf("[other]\nuser=o"),
        conf("[shop]\nuser=second", "/b"),
        conf("[shop]\nuser=third", "/c")
      ]
      assert.strictEqual(right(Resolve.withService(named(), files)).user, "second")
      const error = left(Resolve.withService(named(), files.slice(0, 1)))
      assert.strictEqual(error.key, "service")
      assert.include(error.message, "/home/me/.pg_service.conf")
      assert.strictEqual(left(Resolve.withService(named(), [])).key, "service")
    })

    it.each([
      ["code over all", { explicit: { user: "code" }, connectionString: "service=shop user=string" }, "code"],
      ["string over service", { connectionString: "service=shop user=string" }, "string"],
      ["service over environment", {}, "service"]
    ])("give way in libpq's order: %s (CON-104)", (_, sources, user) => {
      const config = named({ environment: { PGUSER: "environment" }, ...sources })
      assert.strictEqual(right(Resolve.withService(config, [conf("[shop]\nuser=service")])).user, user)
    })

    it("leave to the environment the settings that they do not have, port by port (CON-104)", () => {
      const config = named({ environment: { PGUSER: "environment", PGPORT: "1,2", PGSSLMODE: "nonsense" } })
      const read = right(Resolve.withService(config, [conf("[shop]\nhost=a,b\nsslmode=require")]))
      assert.deepStrictEqual([read.user, read.sslMode], ["environment", "require"])
      assert.deepStrictEqual(read.hosts, [
        { host: "a", port: 1 },
        { host: "b", port: 2 }
      ])
      assert.isUndefined(read.pending)
    })

    it("refuse unknown keywords and services within services, naming the file (CON-109)", () => {
      const unknown = left(Resolve.withService(named(), [conf("[shop]\ncolour=red")]))
      assert.deepStrictEqual([unknown.key, unknown.source], ["colour", "/home/me/.pg_service.conf"])
      assert.strictEqual(left(Resolve.withService(named(), [conf("[shop]\nservice=shop")])).key, "service")
      const wrong = left(Resolve.withService(named(), [conf("[shop]\nport=0")]))
      assert.deepStrictEqual([wrong.key, wrong.source], ["port", "/home/me/.pg_service.conf"])
    })

    it("must have been read before a connection is opened", () => {
      assert.strictEqual(left(Resolve.resolve(named(), machine)).key, "service")
    })

    it("may be named in code and by PGSERVICE", () => {
      const text = conf("[shop]\ndbname=found")
      const byCode = right(PgConfig.make({ service: "shop", servicefile: "/mine" }))
      assert.deepStrictEqual(Resolve.serviceFiles(byCode, folders), ["/mine"])
      assert.strictEqual(right(Resolve.withService(byCode, [text])).database, "found")
      const byVariable = right(PgConfig.fromSources({ environment: { PGSERVICE: "shop" } }))
      assert.strictEqual(right(Resolve.withService(byVariable, [text])).database, "found")
    })
  })

  describe("names that an old server cuts", () => {
    it("are reported with their length, in bytes (CON-006)", () => {
      const long = "ä".repeat(31)
      assert.deepStrictEqual(resolve({ user: `${long}a`, database: `${long}a` }).warnings, [])
      assert.deepStrictEqual(resolve({ user: `${long}ab`, database: "d" }).warnings, [
        "user is 64 bytes long: servers before PostgreSQL 17 use its first 63 bytes, which may name another user"
      ])
      assert.include(resolve({ database: "d".repeat(70) }).warnings[0], "database is 70 bytes long")
    })
  })

  describe("password files", () => {
    const passFile = (text: string, mode = 0o600) => ({ passFile: { path: "/home/me/.pgpass", text, mode } })
    const password = (config: Resolve.ResolvedPgConfig, index = 0) => {
      const found = Resolve.passwordOf(config, config.hosts[index]!)
      return found === undefined ? undefined : Redacted.value(found)
    }

    it("are asked only when no password was given (CON-110)", () => {
      const path = (input: PgConfig.PgConfigInput, where: Resolve.Folders = folders) =>
        Resolve.passFile(right(PgConfig.make(input)), where)
      assert.strictEqual(path({}), "/home/me/.pgpass")
      assert.strictEqual(path({ passfile: "/p" }), "/p")
      assert.strictEqual(path({}, { appData: "C:\\App" }), "C:\\App\\postgresql\\pgpass.conf")
      assert.isUndefined(path({ password: "x" }))
      assert.isUndefined(path({ passfileLookup: false }))
      assert.isUndefined(path({}, {}))
      assert.strictEqual(password(resolve({ password: "given" }, passFile("*:*:*:*:file"))), "given")
      assert.strictEqual(password(resolve({ password: "" }, passFile("*:*:*:*:file"))), "file")
      assert.isUndefined(password(resolve({ passfileLookup: false }, passFile("*:*:*:*:file"))))
    })

    it("are ignored with a warning when other users may read them (CON-112)", () => {
      const config = resolve({}, passFile("*:*:*:*:file", 0o644))
      assert.isUndefined(password(config))
      assert.lengthOf(config.warnings, 1)
      assert.include(config.warnings[0], "/home/me/.pgpass")
      assert.deepStrictEqual(resolve({}, passFile("*:*:*:*:file")).warnings, [])
    })

    it("know a host as it is configured, defaults as localhost, host by host (CON-113)", () => {
      const file = passFile(
        "localhost:*:*:*:local\n10.0.0.1:*:*:*:address\nname:*:*:*:name\n/tmp:*:*:*:folder"
      )
      assert.strictEqual(password(resolve({}, file)), "local")
      assert.strictEqual(password(resolve({ host: "/run/postgresql" }, file)), "local")
      assert.strictEqual(password(resolve({ host: "/tmp" }, file)), "folder")
      assert.strictEqual(password(resolve({ hostaddr: "10.0.0.1" }, file)), "address")
      assert.strictEqual(password(resolve({ host: "name", hostaddr: "10.0.0.1" }, file)), "name")
      const several = resolve({ host: "other,name,localhost" }, file)
      assert.deepStrictEqual(
        [0, 1, 2].map((index) => password(several, index)),
        [undefined, "name", "local"]
      )
    })

    it("know a connection for physical replication as the database replication (CON-113)", () => {
      const file = passFile("*:*:replication:*:wal\n*:*:*:*:other")
      assert.strictEqual(password(resolve({ replication: "true" }, file)), "wal")
      assert.strictEqual(password(resolve({ replication: "database" }, file)), "other")
    })

    it("are named beside the password they gave", () => {
      const config = resolve({}, passFile("*:*:*:*:file"))
      assert.strictEqual(config.hosts[0].passwordFrom, "/home/me/.pgpass")
      assert.notInclude(String(config) + JSON.stringify(config), '"file"')
    })
  })

  it("keeps what was set", () => {
    const config = resolve({ maxConnections: 3, sslMode: "require", parameters: { search_path: "app" } })
    assert.deepStrictEqual([config.maxConnections, config.sslMode], [3, "require"])
    assert.deepStrictEqual(config.parameters, { search_path: "app" })
    assert.isTrue(Either.isRight(Resolve.resolve(config, machine)))
  })
})
