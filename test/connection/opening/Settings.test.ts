import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { PgConfigInput } from "../../../src/config/PgConfig.js"
import * as Settings from "../../../src/connection/opening/Settings.js"
import * as Host from "../../../src/host/Host.js"
import type { HostService } from "../../../src/host/Host.js"

const made = (input: PgConfigInput): PgConfig.PgConfig => Either.getOrThrow(PgConfig.make(input))

/** A machine with these files, which may change, and the user `ann`. */
const machine = (files: Map<string, { text: string; mode: number }>, more: Partial<HostService> = {}) =>
  Host.make({
    homeFolder: Effect.succeed("/home/ann"),
    osUser: Effect.succeed("ann"),
    readFile: (path) =>
      Effect.sync(() =>
        Option.map(Option.fromNullable(files.get(path)), ({ mode, text }) => ({
          path,
          text,
          mode,
          bytes: new TextEncoder().encode(text),
          owner: Option.none()
        }))
      ),
    ...more
  })

const cache = new Settings.SettingsCache()
const resolve = (config: PgConfig.PgConfig, host: HostService) => Settings.resolve(config, host, cache)

const passFile = "/home/ann/.pgpass"
const passwordOf = ({ hosts }: PgConfig.PgConfig): string | undefined =>
  hosts[0].password === undefined ? undefined : Redacted.value(hosts[0].password)

describe("settings that leave nothing open", () => {
  it.effect("ask nothing of the machine, and are checked once", () =>
    Effect.gen(function* () {
      const asked = Effect.die("nothing is to be asked")
      const host = Host.make({
        readFile: () => asked,
        isFolder: () => asked,
        environment: asked,
        osUser: asked,
        homeFolder: asked
      })
      const config = made({ host: "db", user: "ann", password: "x" })
      const first = yield* resolve(config, host)
      assert.strictEqual(first.database, "ann")
      assert.strictEqual(yield* resolve(config, host), first)
      assert.notStrictEqual(yield* resolve(made({ host: "db", user: "ann", password: "x" }), host), first)
      assert.notStrictEqual(yield* Settings.resolve(config, host, new Settings.SettingsCache()), first)
    })
  )
})

describe("settings that the machine completes", () => {
  it.effect(
    "are checked again only when it gives something else, and a changed file is seen (CON-107, CON-110, CON-112)",
    () =>
      Effect.gen(function* () {
        const files = new Map([[passFile, { text: "*:*:*:*:old", mode: 0o600 }]])
        const host = machine(files)
        const config = made({ host: "db" })
        const first = yield* resolve(config, host)
        assert.deepStrictEqual([first.user, passwordOf(first)], ["ann", "old"])
        assert.strictEqual(yield* resolve(config, host), first)

        files.set(passFile, { text: "*:*:*:*:new", mode: 0o600 })
        assert.strictEqual(passwordOf(yield* resolve(config, host)), "new")
        files.set(passFile, { text: "*:*:*:*:new", mode: 0o644 })
        assert.isUndefined(passwordOf(yield* resolve(config, host)))
        files.delete(passFile)
        assert.isUndefined(passwordOf(yield* resolve(config, host)))

        const other = machine(files, { osUser: Effect.succeed("bob") })
        assert.strictEqual((yield* resolve(config, other)).user, "bob")
      })
  )

  it.effect("follow a socket folder that comes and goes (CON-013)", () =>
    Effect.gen(function* () {
      let there = true
      const path = "/var/run/postgresql/.s.PGSQL.5432"
      const host = machine(new Map(), {
        isFolder: () => Effect.succeed(true),
        isSocket: (asked) => Effect.sync(() => there && asked === path)
      })
      const config = made({ user: "ann", password: "x" })
      assert.strictEqual((yield* resolve(config, host)).hosts[0].host, "/var/run/postgresql")
      there = false
      assert.strictEqual((yield* resolve(config, host)).hosts[0].host, "localhost")
    })
  )

  it.effect("look for a socket of the port, and not for a folder that holds none (CON-013)", () =>
    Effect.gen(function* () {
      const host = machine(new Map(), {
        isFolder: () => Effect.succeed(true),
        isSocket: (asked) => Effect.succeed(asked === "/tmp/.s.PGSQL.5433")
      })
      const found = (port: number) =>
        Effect.map(resolve(made({ port, user: "ann", password: "x" }), host), ({ hosts }) => hosts[0].host)
      assert.strictEqual(yield* found(5433), "/tmp")
      assert.strictEqual(yield* found(5432), "localhost")
    })
  )

  it.effect(
    "come from the files that PGPASSFILE and PGSERVICEFILE name, whatever their source (CON-105)",
    () =>
      Effect.gen(function* () {
        const files = new Map([
          ["/pass", { text: "db:*:*:ann:secret", mode: 0o600 }],
          ["/mine", { text: "db:*:*:ann:mine", mode: 0o600 }],
          ["/services", { text: "[shop]\nhost=db\nuser=ann\n", mode: 0o644 }]
        ])
        const host = machine(files, {
          environment: Effect.succeed({ PGPASSFILE: "/pass", PGSERVICEFILE: "/services" })
        })
        const uri = Either.getOrThrow(PgConfig.fromUri("postgres://ann@db/"))
        assert.strictEqual(passwordOf(yield* resolve(uri, host)), "secret")
        const own = made({ host: "db", user: "ann", passfile: "/mine" })
        assert.strictEqual(passwordOf(yield* resolve(own, host)), "mine")
        const service = Either.getOrThrow(PgConfig.fromConnectionString("service=shop"))
        const served = yield* resolve(service, host)
        assert.deepStrictEqual([served.hosts[0].host, passwordOf(served)], ["db", "secret"])
        const empty = machine(files, { environment: Effect.succeed({ PGPASSFILE: "", PGSERVICEFILE: "" }) })
        assert.isUndefined(passwordOf(yield* resolve(uri, empty)))
      })
  )

  it.effect("follow a service file that changes (CON-108)", () =>
    Effect.gen(function* () {
      const services = "/home/ann/.pg_service.conf"
      const files = new Map([[services, { text: "[shop]\nhost=one\nuser=ann\n", mode: 0o644 }]])
      const config = Either.getOrThrow(PgConfig.fromConnectionString("service=shop"))
      const host = machine(files)
      assert.strictEqual((yield* resolve(config, host)).hosts[0].host, "one")
      files.set(services, { text: "[shop]\nhost=two\nuser=ann\n", mode: 0o644 })
      assert.strictEqual((yield* resolve(config, host)).hosts[0].host, "two")
    })
  )
})
