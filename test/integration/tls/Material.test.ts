import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as KeywordValue from "../../../src/config/KeywordValue.js"
import { authority } from "../support/certificates.js"
import { printed } from "../../support/printed.js"
import { keyFile, tlsFile, tlsText } from "../support/fixtures.js"
import { open, outcomeOf, refused } from "../support/open.js"
import { tlsPeer } from "./tlsPeer.js"

const root = `sslrootcert=${tlsFile("root.crt")}`
const at = (port: number, more: string): string =>
  `host=localhost hostaddr=127.0.0.1 port=${port} user=app ${more}`

/** A folder that goes with the scope. */
const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tls-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const codeOf = (conninfo: string) =>
  Effect.map(refused(conninfo), (error) => {
    if (error._tag !== "PgConnectError") return error._tag
    const { cause } = error.attempts.at(-1)!
    return cause._tag === "TransportFailure" ? cause.code : cause._tag
  })

describe("lists of revoked certificates", () => {
  const ours = authority("ours")
  const theirs = authority("theirs")
  const good = ours.issue({ commonName: "server", names: ["localhost"] })
  const revoked = ours.issue({ commonName: "server", names: ["localhost"] })
  const lists = { ours: ours.revoke([revoked]), theirs: theirs.revoke([]) }
  const peers = Effect.all({
    good: tlsPeer({ certificate: good }),
    revoked: tlsPeer({ certificate: revoked })
  })
  const settings = (path: string, more: string) => {
    writeFileSync(join(path, "root.pem"), ours.cert)
    return `sslmode=verify-full sslrootcert=${join(path, "root.pem")} ${more}`
  }

  it.scoped("are all read from a file that holds several (CON-059)", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const { good, revoked } = yield* peers
      writeFileSync(join(path, "all.crl"), lists.theirs + lists.ours)
      const conninfo = settings(path, `sslcrl=${join(path, "all.crl")}`)
      assert.strictEqual(yield* outcomeOf(at(good.port, conninfo)), "tls")
      assert.strictEqual(yield* codeOf(at(revoked.port, conninfo)), "CERT_REVOKED")
    })
  )

  it.scoped("are read from every file of a folder that holds one, whatever its name (CON-059)", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const { good, revoked } = yield* peers
      const crls = join(path, "crls")
      mkdirSync(join(crls, "deeper"), { recursive: true })
      writeFileSync(join(crls, "0a1b2c3d.r0"), lists.theirs)
      writeFileSync(join(crls, "ours"), lists.ours)
      writeFileSync(join(crls, "README"), "no list")
      const conninfo = settings(path, `sslcrldir=${crls}`)
      assert.strictEqual(yield* outcomeOf(at(good.port, conninfo)), "tls")
      assert.strictEqual(yield* codeOf(at(revoked.port, conninfo)), "CERT_REVOKED")
    })
  )

  it.scoped("of a folder and of a file count together, and the same list twice counts once (CON-059)", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const { good, revoked } = yield* peers
      const crls = join(path, "crls")
      mkdirSync(crls)
      writeFileSync(join(crls, "theirs"), lists.theirs)
      writeFileSync(join(path, "file.crl"), lists.ours + lists.theirs)
      const conninfo = settings(path, `sslcrldir=${crls} sslcrl=${join(path, "file.crl")}`)
      assert.strictEqual(yield* outcomeOf(at(good.port, conninfo)), "tls")
      assert.strictEqual(yield* codeOf(at(revoked.port, conninfo)), "CERT_REVOKED")
    })
  )

  it.scoped("without one of the server's authority let no certificate pass (CON-059)", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const { good } = yield* peers
      const crls = join(path, "crls")
      mkdirSync(crls)
      writeFileSync(join(crls, "theirs"), lists.theirs)
      assert.strictEqual(
        yield* codeOf(at(good.port, settings(path, `sslcrldir=${crls}`))),
        "UNABLE_TO_GET_CRL"
      )
    })
  )
})

const passphrase = "knock"

/** What a base64 text would be found by, wherever its lines were broken. */
const bodyOf = (pem: string): string => pem.split("\n")[1]!

describe("our key and its passphrase", () => {
  it.scoped("are in nothing that a session can print, nor an error of one (A15)", () =>
    Effect.gen(function* () {
      const { port } = yield* tlsPeer({ asks: true })
      const key = tlsText("client-encrypted.key")
      const settings = (password: string) =>
        KeywordValue.format([
          ["host", "localhost"],
          ["hostaddr", "127.0.0.1"],
          ["port", String(port)],
          ["user", "app"],
          ["sslmode", "verify-full"],
          ["sslrootcert", tlsFile("root.crt")],
          ["sslcert", tlsFile("client.crt")],
          ["sslkey", key],
          ["sslpassword", password]
        ])
      const connection = yield* open(settings(passphrase))
      assert.deepInclude(connection.facts.encryption, { _tag: "Tls", certificateShown: true })
      const error = yield* refused(settings("Zq7hushZq7hush"))
      for (const text of [printed(connection), printed({ connection }), printed(error)])
        for (const secret of [passphrase, "Zq7hushZq7hush", bodyOf(key), bodyOf(tlsText("client.key"))])
          assert.notInclude(text, secret)
    })
  )
})

describe("our certificate", () => {
  const own = () =>
    `sslmode=verify-full ${root} sslcert=${tlsFile("client.crt")} sslkey=${keyFile("client.key")}`

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    it.scoped(`is sent to a server that asks, and the connection reports that: ${maxVersion} (CON-060)`, () =>
      Effect.gen(function* () {
        const asking = yield* tlsPeer({ asks: true, maxVersion })
        const silent = yield* tlsPeer({ maxVersion })
        for (const mode of ["allow", "require"]) {
          const { facts } = yield* open(at(asking.port, `${own()} sslcertmode=${mode}`))
          assert.deepInclude(facts.encryption, { _tag: "Tls", certificateShown: true })
        }
        const { facts } = yield* open(at(silent.port, own()))
        assert.deepInclude(facts.encryption, { _tag: "Tls", certificateShown: false })
        assert.deepStrictEqual(
          asking.seen().map(({ shown }) => shown),
          ["app", "app"]
        )
      })
    )

    it.scoped(
      `that a server must ask for refuses a server that does not ask, before a name is sent: ${maxVersion} (CON-060, AUT-053)`,
      () =>
        Effect.gen(function* () {
          const silent = yield* tlsPeer({ maxVersion })
          for (const mode of ["verify-full", "prefer"]) {
            const conninfo = at(silent.port, `${own()} sslcertmode=require sslmode=${mode}`)
            assert.strictEqual(yield* codeOf(conninfo), "EFFECT_POSTGRES_NO_CERTIFICATE_REQUEST")
          }
          assert.isEmpty(silent.seen())
        })
    )
  }

  it.scoped("is never shown with sslcertmode=disable, and its files are not read (CON-060)", () =>
    Effect.gen(function* () {
      const asking = yield* tlsPeer({ asks: true })
      yield* open(at(asking.port, `${own()} sslcertmode=disable`))
      yield* open(at(asking.port, `sslmode=verify-full ${root} sslcert=/nowhere sslcertmode=disable`))
      assert.deepStrictEqual(
        asking.seen().map(({ shown }) => shown),
        [undefined, undefined]
      )
    })
  )
})

describe("the keys of sessions", () => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    it.scoped(
      `are added to the file of sslkeylogfile, which only its owner may read, and are those the server has: ${maxVersion} (CON-061)`,
      () =>
        Effect.gen(function* () {
          const path = join(yield* folder, "keys")
          const { port, seen } = yield* tlsPeer({ maxVersion })
          const conninfo = at(port, `sslmode=verify-full ${root} sslkeylogfile=${path}`)
          yield* open(conninfo)
          yield* open(conninfo)
          const sorted = (text: string) => text.trim().split("\n").sort()
          assert.deepStrictEqual(
            sorted(readFileSync(path, "latin1")),
            sorted(
              seen()
                .map(({ keys }) => keys)
                .join("")
            )
          )
          assert.match(readFileSync(path, "latin1"), /^CLIENT_(RANDOM|HANDSHAKE_TRAFFIC_SECRET) /m)
          assert.strictEqual(statSync(path).mode & 0o777, 0o600)
        })
    )
  }

  it.scoped("are there for a handshake that fails too (CON-061)", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "keys")
      const { port } = yield* tlsPeer({ certificate: "wrong-name" })
      yield* refused(at(port, `sslmode=verify-full ${root} sslkeylogfile=${path}`))
      assert.include(readFileSync(path, "latin1"), "CLIENT_HANDSHAKE_TRAFFIC_SECRET")
    })
  )

  it.scoped("that cannot be written are reported in a warning, and the session is opened (CON-061)", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        told.push(`${logLevel.label} ${String(message)}`)
      })
      const { port } = yield* tlsPeer()
      const there = yield* folder
      for (const path of ["/nowhere/keys", there]) {
        const conninfo = at(port, `sslmode=verify-full ${root} sslkeylogfile=${path}`)
        yield* open(conninfo).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
        const line = told.pop() ?? ""
        assert.match(line, /^WARN .*sslkeylogfile/)
        assert.include(line, path)
      }
      assert.isEmpty(told)
    })
  )
})
