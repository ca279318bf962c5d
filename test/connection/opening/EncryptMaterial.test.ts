import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as Material from "../../../src/connection/opening/EncryptMaterial.js"
import * as Host from "../../../src/host/Host.js"
import type { HostService } from "../../../src/host/Host.js"

const pem = (name: string): Buffer => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url))

interface Stored {
  readonly bytes: Uint8Array
  readonly mode?: number
  readonly owner?: number
}

/** A machine with these files and no others. */
const machine = (files: Readonly<Record<string, Stored>>, more: Partial<HostService> = {}): HostService =>
  Host.make({
    homeFolder: Effect.succeed("/home/app"),
    readFile: (path) => {
      const found = files[path]
      return Effect.succeed(
        Option.map(Option.fromNullable(found), ({ bytes, mode = 0o600, owner = 1000 }) => ({
          path,
          bytes,
          text: new TextDecoder().decode(bytes),
          mode,
          owner: Option.some(owner)
        }))
      )
    },
    listFolder: (path) => {
      const names = Object.keys(files).flatMap((file) =>
        file.startsWith(`${path}/`) ? [file.slice(path.length + 1)] : []
      )
      return Effect.succeed(names.length === 0 ? Option.none() : Option.some(names))
    },
    ...more
  })

const cache = new Material.MaterialCache()
const read = (config: PgConfig.PgConfig) => Material.load(config, cache)

const load = (conninfo: string, files: Readonly<Record<string, Stored>>, more: Partial<HostService> = {}) =>
  Effect.flatMap(PgConfig.fromConnectionString(`host=db user=app ${conninfo}`), read).pipe(
    Effect.provideService(Host.Host, machine(files, more))
  )

const root = { bytes: pem("root.crt"), mode: 0o644 }
const cert = { bytes: pem("client.crt"), mode: 0o644 }
const key = { bytes: pem("client.key") }
const home = "/home/app/.postgresql"

describe("certificates and keys", () => {
  it.effect("are prepared once for one configuration, and again when a file has changed (CON-060)", () =>
    Effect.gen(function* () {
      const config = yield* PgConfig.fromConnectionString("host=db user=app sslmode=require")
      const having = (files: Readonly<Record<string, Stored>>) =>
        Effect.provideService(read(config), Host.Host, machine(files))
      const bare = yield* having({})
      assert.strictEqual((yield* having({})).context, bare.context)
      const verifying = yield* having({ [`${home}/root.crt`]: root })
      assert.deepStrictEqual([bare.verifies, verifying.verifies], [false, true])
      assert.strictEqual((yield* having({ [`${home}/root.crt`]: root })).context, verifying.context)
      const own = { [`${home}/postgresql.crt`]: cert, [`${home}/postgresql.key`]: key }
      const certifying = yield* having({ [`${home}/root.crt`]: root, ...own })
      assert.isTrue(certifying.certifies)
      assert.notStrictEqual(certifying.context, verifying.context)
      assert.isFalse((yield* having({})).verifies)
    })
  )

  it.effect("are taken from libpq's usual folder when nothing names them (CON-060)", () =>
    Effect.gen(function* () {
      const bare = yield* load("sslmode=require", {})
      assert.isFalse(bare.verifies)
      // A file of roots makes every mode check, as in libpq.
      const checked = yield* load("sslmode=require", {
        [`${home}/root.crt`]: root,
        [`${home}/root.crl`]: { bytes: pem("root.crl") },
        [`${home}/postgresql.crt`]: cert,
        [`${home}/postgresql.key`]: key
      })
      assert.isTrue(checked.verifies)
      yield* load("sslmode=verify-full", { [`${home}/root.crt`]: root })
    })
  )

  it.effect("are taken from the folder of applications on Windows", () =>
    Effect.gen(function* () {
      const prepared = yield* load(
        "sslmode=verify-ca",
        { "C:\\App\\postgresql\\root.crt": root },
        { family: "windows", environment: Effect.succeed({ APPDATA: "C:\\App" }) }
      )
      assert.isTrue(prepared.verifies)
    })
  )

  for (const [name, conninfo, files, setting, words] of [
    ["roots that are demanded and nowhere", "sslmode=verify-full", {}, "sslrootcert", "and there is no"],
    [
      "roots that are named and not there",
      "sslmode=prefer sslrootcert=/r",
      {},
      "sslrootcert",
      "no such file"
    ],
    ["invalid roots", "sslmode=require sslrootcert=/r", { "/r": key }, "sslrootcert", "no certificate"],
    [
      "a list that is named and not there",
      "sslmode=require sslrootcert=/r sslcrl=/l",
      { "/r": root },
      "sslcrl",
      "no such file"
    ],
    [
      "an invalid list",
      "sslmode=require sslrootcert=/r sslcrl=/l",
      { "/r": root, "/l": key },
      "sslcrl",
      "no list of revoked"
    ],
    [
      "a list that is broken",
      "sslmode=require sslrootcert=/r sslcrl=/l",
      { "/r": root, "/l": { bytes: Buffer.from(pem("root.crl").toString().replace("MI", "AA")) } },
      "sslcrl",
      "cannot be used"
    ],
    [
      "a folder of lists that is not there",
      "sslmode=require sslrootcert=/r sslcrldir=/d",
      { "/r": root },
      "sslcrldir",
      "no such folder"
    ],
    [
      "a folder of lists that holds none",
      "sslmode=require sslrootcert=/r sslcrldir=/d",
      { "/r": root, "/d/key": key },
      "sslcrldir",
      "no file with a list"
    ],
    ["a certificate that must be shown and is nowhere", "sslcertmode=require", {}, "sslcert", "is needed"],
    ["an invalid certificate", "sslcert=/c sslkey=/k", { "/c": key, "/k": key }, "sslcert", "cannot be used"],
    ["a certificate without its key", "", { [`${home}/postgresql.crt`]: cert }, "sslkey", "no such key file"],
    [
      "a key of something else",
      "sslcert=/c sslkey=/k",
      { "/c": cert, "/k": { bytes: pem("good.key") } },
      "sslkey",
      "does not belong"
    ],
    [
      "an invalid key",
      "sslcert=/c sslkey=/k",
      { "/c": cert, "/k": { bytes: Uint8Array.of(1, 2, 3) } },
      "sslkey",
      "cannot be used"
    ],
    [
      "a key that its group may read",
      "sslcert=/c sslkey=/k",
      { "/c": cert, "/k": { ...key, mode: 0o640 } },
      "sslkey",
      "others may read"
    ],
    [
      "root's key that every user may read",
      "sslcert=/c sslkey=/k",
      { "/c": cert, "/k": { ...key, mode: 0o644, owner: 0 } },
      "sslkey",
      "others may read"
    ]
  ] as ReadonlyArray<readonly [string, string, Readonly<Record<string, Stored>>, string, string]>) {
    it.effect(`are refused by the setting's name: ${name} (CON-055, CON-059, CON-060)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(load(conninfo, files))
        assert.strictEqual(error.key, setting)
        assert.include(error.reason, words)
        assert.notInclude(error.message, "BEGIN")
      })
    )
  }

  it.effect("may be a key of root's that its group reads, and one in DER (CON-060)", () =>
    Effect.gen(function* () {
      yield* load("sslcert=/c sslkey=/k", { "/c": cert, "/k": { ...key, mode: 0o640, owner: 0 } })
      yield* load("sslcert=/c sslkey=/k", { "/c": cert, "/k": { bytes: pem("client-key.der") } })
    })
  )

  it.effect("are no more looked for in the usual list when a folder of lists is named (CON-059)", () =>
    Effect.gen(function* () {
      const files = { "/r": root, "/d/list": { bytes: pem("root.crl") }, [`${home}/root.crl`]: key }
      yield* load("sslmode=require sslrootcert=/r sslcrldir=/d", files)
      const error = yield* Effect.flip(load("sslmode=require sslrootcert=/r", files))
      assert.strictEqual(error.key, "sslcrl")
    })
  )

  it.effect("may be texts, a certificate with its key in one", () =>
    Effect.gen(function* () {
      const config = yield* PgConfig.make({
        host: "db",
        sslMode: "verify-full",
        sslRootCert: root.bytes.toString(),
        sslCert: `${cert.bytes.toString()}${key.bytes.toString()}`,
        sslCrl: pem("root.crl").toString()
      })
      const prepared = yield* Effect.provideService(read(config), Host.Host, machine({}))
      assert.isTrue(prepared.verifies)
    })
  )
})

describe("settings of TLS that are not kept", () => {
  it.effect("are refused by name, never passed over (CON-015)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(PgConfig.fromConnectionString("requirepeer=postgres"))
      assert.strictEqual(error.key, "requirepeer")
    })
  )
})

describe("the platform's own certificates", () => {
  it.effect("are read where distributions keep them, or from SSL_CERT_FILE (CON-054)", () =>
    Effect.gen(function* () {
      for (const path of [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem"
      ]) {
        assert.isTrue((yield* load("sslrootcert=system", { [path]: root })).verifies)
      }
      const environment = Effect.succeed({ SSL_CERT_FILE: "/elsewhere" })
      assert.isTrue((yield* load("sslrootcert=system", { "/elsewhere": root }, { environment })).verifies)
    })
  )

  it.effect("that cannot be found are an error with the way out, never no check at all (CON-054)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(load("sslrootcert=system", {}))
      assert.strictEqual(error.key, "sslrootcert")
      assert.include(error.reason, "SSL_CERT_FILE")
    })
  )
})
