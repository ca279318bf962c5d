import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Statement from "../../../src/model/Statement.js"
import { keyFile, served, tlsFile, tlsText } from "../support/fixtures.js"
import { eventually } from "../support/eventually.js"
import { open, outcomeOf, refused } from "../support/open.js"
import { describeWithServer, live } from "../support/server.js"
import { peer } from "./peer.js"
import { message, ready, tlsPeer } from "./tlsPeer.js"

const root = `sslrootcert=${tlsFile("root.crt")}`
const at = (port: number, more: string): string =>
  `host=localhost hostaddr=127.0.0.1 port=${port} user=postgres dbname=postgres ${more}`

const codeOf = (conninfo: string) =>
  Effect.map(refused(conninfo), (error) => {
    if (error._tag !== "PgConnectError") return error._tag
    const cause = error.attempts.at(-1)!.cause
    return cause._tag === "TransportFailure" ? cause.code : cause._tag
  })

describe("a channel by TLS", () => {
  it.scoped(
    "begins with one request, one answer and the handshake, and only then sends the user's name (CON-022, CON-028, CON-030)",
    () =>
      Effect.gen(function* () {
        const { port, seen } = yield* tlsPeer()
        yield* open(at(port, `sslmode=verify-full ${root}`))
        const [client] = seen()
        assert.isFalse(client?.direct)
        assert.strictEqual(client?.first.readInt32BE(4), 0x30000)
      })
  )

  it.scoped("names the host in the clear by default (CON-032)", () =>
    Effect.gen(function* () {
      const { port, seen } = yield* tlsPeer()
      yield* open(at(port, "sslmode=require"))
      yield* open(at(port, "sslmode=require sslsni=0"))
      assert.deepStrictEqual(
        seen().map(({ serverName }) => serverName),
        ["localhost", false]
      )
    })
  )

  it.scoped(
    "never names an address in the clear, and finds it among the certificate's addresses (CON-032, CON-057, TRP-006)",
    () =>
      Effect.gen(function* () {
        const { port, seen } = yield* tlsPeer()
        const { facts } = yield* open(`host=127.0.0.1 port=${port} user=app sslmode=verify-full ${root}`)
        assert.deepInclude(facts.encryption, { _tag: "Tls", verified: "identity" })
        assert.isFalse(seen()[0]?.serverName)
      })
  )

  it.scoped("is never taken up again, so that every certificate is looked at (CON-036, TRP-007)", () =>
    Effect.gen(function* () {
      const { port, seen } = yield* tlsPeer()
      for (let times = 0; times < 3; times++) {
        yield* Effect.scoped(open(at(port, `sslmode=verify-full ${root}`)))
      }
      assert.deepStrictEqual(
        seen().map(({ resumed }) => resumed),
        [false, false, false]
      )
    })
  )

  it.scoped(
    "begins at once when asked to, by a server that names the protocol (CON-033, CON-038, CON-039)",
    () =>
      Effect.gen(function* () {
        const { port, seen } = yield* tlsPeer({ alpn: ["postgresql"] })
        const { facts } = yield* open(at(port, `sslmode=verify-full sslnegotiation=direct ${root}`))
        assert.deepInclude(facts.encryption, { _tag: "Tls", alpn: true })
        assert.isTrue(seen()[0]?.direct)
      })
  )

  it.scoped(
    "is refused when it begins at once and the server does not name the protocol (CON-039, TRP-005)",
    () =>
      Effect.gen(function* () {
        const { port, seen } = yield* tlsPeer()
        assert.strictEqual(
          yield* codeOf(at(port, `sslmode=verify-full sslnegotiation=direct ${root}`)),
          "EFFECT_POSTGRES_ALPN"
        )
        assert.isEmpty(seen())
      })
  )

  it.scoped("keeps to the versions that are allowed (CON-034)", () =>
    Effect.gen(function* () {
      const old = yield* tlsPeer({ maxVersion: "TLSv1.2" })
      const { facts } = yield* open(at(old.port, "sslmode=require"))
      assert.deepInclude(facts.encryption, { protocol: "TLSv1.2" })
      assert.strictEqual(
        yield* outcomeOf(at(old.port, "sslmode=require ssl_min_protocol_version=TLSv1.3")),
        "fails"
      )
      const fresh = yield* tlsPeer({ minVersion: "TLSv1.3" })
      assert.strictEqual(
        yield* outcomeOf(at(fresh.port, "sslmode=require ssl_max_protocol_version=TLSv1.2")),
        "fails"
      )
    })
  )

  it.scoped(
    "that is cut in the middle of rows fails the query: no result ends with the stream (CON-037, CON-134)",
    () =>
      Effect.gen(function* () {
        const column = Buffer.from("a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0", "latin1")
        const row = message("D", "\0\x01\0\0\0\x01x")
        const { port } = yield* tlsPeer({
          onQuery: (socket, raw) => {
            socket.write(
              Buffer.concat([message("T", Buffer.concat([Buffer.from([0, 1]), column])), row, row]),
              () => raw.end()
            )
          }
        })
        const connection = yield* open(at(port, "sslmode=require"))
        const outcome = yield* Effect.either(connection.simple("select a from t"))
        assert.isTrue(Either.isLeft(outcome))
        if (Either.isLeft(outcome)) assert.include(["PgClosedError"], outcome.left._tag)
      }).pipe(live)
  )

  for (const silent of ["sends nothing", "sends nothing in the handshake"] as const) {
    it.scoped(`with a peer that ${silent} is given up at the deadline (CON-019, TRP-019)`, () =>
      Effect.gen(function* () {
        const { port } = yield* peer(silent)
        const error = yield* refused(at(port, "sslmode=require connect_timeout=1"))
        assert.strictEqual(error._tag, "PgConnectError")
        if (error._tag !== "PgConnectError") return
        assert.deepInclude(error.attempts[0], { phase: "encryption" })
        assert.deepInclude(error.attempts[0]?.cause, { _tag: "PgTimeoutError", deadline: "connect" })
      }).pipe(live)
    )
  }

  for (const silent of ["sends nothing", "sends nothing in the handshake"] as const) {
    it.scoped(`with a peer that ${silent} is closed when its caller is interrupted`, () =>
      Effect.gen(function* () {
        const { connections, port } = yield* peer(silent)
        const opening = yield* Effect.fork(Effect.scoped(open(at(port, "sslmode=require"))))
        const reaches = (wanted: ReturnType<typeof connections>) =>
          eventually(
            Effect.sync(connections),
            ({ made, open }) => made === wanted.made && open === wanted.open
          )
        yield* reaches({ made: 1, open: 1 })
        yield* Fiber.interrupt(opening)
        yield* reaches({ made: 1, open: 0 })
      }).pipe(live)
    )
  }

  it.scoped("shows nothing of what was sent in the clear (CON-024, TRP-002)", () =>
    Effect.gen(function* () {
      const { port } = yield* peer("answers with an error")
      const error = yield* refused(at(port, "sslmode=require"))
      assert.notInclude(error.message, "believe me")
      assert.include(error.message, "error")
    })
  )

  it.scoped("carries its cancel requests too, by request or at once (CON-043, CON-125, TRP-012)", () =>
    Effect.gen(function* () {
      for (const direct of [false, true]) {
        const { port, seen } = yield* tlsPeer({
          alpn: ["postgresql"],
          onQuery: (socket) => {
            // Answers only after the request to cancel: the script of a statement that runs.
            const wait = setInterval(() => {
              if (seen().length < 2) return
              clearInterval(wait)
              const fields = "SERROR\0VERROR\0C57014\0Mcanceled\0\0"
              socket.write(Buffer.concat([message("E", fields), ready]))
            }, 5)
          }
        })
        const connection = yield* open(
          at(port, `sslmode=verify-full ${root} ${direct ? "sslnegotiation=direct" : ""}`)
        )
        const query = yield* Effect.fork(connection.simple("select pg_sleep(60)"))
        yield* Effect.sleep("50 millis")
        yield* Fiber.interrupt(query)
        const [session, cancel] = seen()
        assert.strictEqual(session?.direct, direct)
        assert.strictEqual(cancel?.direct, direct)
        assert.strictEqual(cancel?.serverName, "localhost")
        assert.deepStrictEqual(
          [...(cancel?.first ?? [])],
          [0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 7, 1, 2, 3, 4]
        )
        assert.deepInclude(yield* connection.status, { state: "clean" })
      }
    }).pipe(live)
  )

  it.scoped("is as strict for a cancel request: another's certificate gets no key (CON-125, TRP-012)", () =>
    Effect.gen(function* () {
      const { port, seen } = yield* tlsPeer({ thenCertificate: "wrong-name", onQuery: () => {} })
      const connection = yield* open(at(port, `sslmode=verify-full ${root}`))
      const query = yield* Effect.fork(connection.simple("select pg_sleep(60)"))
      yield* Effect.sleep("50 millis")
      yield* Fiber.interrupt(query)
      assert.lengthOf(seen(), 1)
      assert.deepInclude(yield* connection.status, { state: "broken" })
    }).pipe(live)
  )

  it.scoped("is judged by the caller's own rule where one is given", () =>
    Effect.gen(function* () {
      const { port } = yield* tlsPeer({ certificate: "wrong-name" })
      const conninfo = at(port, `sslmode=verify-full ${root}`)
      const asked: Array<string> = []
      yield* open(conninfo, {
        checkIdentity: (host, certificate) => {
          asked.push(`${host} ${certificate.alternativeNames}`)
          return undefined
        }
      })
      assert.deepStrictEqual(asked, ["localhost DNS:other.example.com, IP Address:192.0.2.1"])
      const error = yield* refused(conninfo, { checkIdentity: () => "this one is not ours" })
      assert.include(error.message, "this one is not ours")
    })
  )
})

describe("a certificate that is not good enough", () => {
  const cases = [
    ["wrong-name", "", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["name-hidden", "", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["address-as-name", "", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["expired", "", "CERT_HAS_EXPIRED"],
    ["unknown-authority", "", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["ed25519", "", "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["revoked", `sslcrl=${tlsFile("root.crl")}`, "CERT_REVOKED"]
  ] as const
  for (const [certificate, more, code] of cases) {
    it.scoped(`is refused with its own cause: ${certificate} (CON-056, CON-058, CON-059)`, () =>
      Effect.gen(function* () {
        const { port, seen } = yield* tlsPeer({ certificate })
        assert.strictEqual(yield* codeOf(at(port, `sslmode=verify-full ${root} ${more}`)), code)
        assert.isEmpty(seen())
      })
    )
  }

  it.scoped("matches a wildcard for one label and no other (CON-058)", () =>
    Effect.gen(function* () {
      const wildcard = yield* tlsPeer({ certificate: "wildcard" })
      const partial = yield* tlsPeer({ certificate: "partial-wildcard" })
      const of = (host: string, port: number) =>
        outcomeOf(`host=${host} hostaddr=127.0.0.1 port=${port} user=app sslmode=verify-full ${root}`)
      assert.strictEqual(yield* of("db.example.com", wildcard.port), "tls")
      assert.strictEqual(yield* of("DB.Example.COM", wildcard.port), "tls")
      assert.strictEqual(yield* of("a.db.example.com", wildcard.port), "fails")
      assert.strictEqual(yield* of("example.com", wildcard.port), "fails")
      assert.strictEqual(yield* of("db.example.com", partial.port), "fails")
    })
  )

  it.effect("cannot be looked for without a name (CON-056)", () =>
    Effect.gen(function* () {
      const error = yield* refused(`hostaddr=127.0.0.1 port=1 user=app sslmode=verify-full ${root}`)
      assert.deepInclude(error, { _tag: "PgConfigError", key: "host" })
    })
  )
})

describeWithServer(
  "a server that asks for certificates",
  {
    tls: { ...served("good"), ca: tlsFile("root.crt"), crl: tlsFile("root.crl") },
    listen: "both",
    hba: [
      "local all all trust",
      "hostssl all app 127.0.0.1/32 cert",
      "hostssl all postgres 127.0.0.1/32 trust clientcert=verify-ca"
    ]
  },
  (server) => {
    const tls = (more: string) =>
      `host=localhost hostaddr=127.0.0.1 port=${server().port} dbname=postgres sslmode=verify-full ${root} ${more}`
    const app = (more: string) => tls(`user=app ${more}`)
    const createApp = Effect.gen(function* () {
      const admin = yield* open(`host=${server().socketFolder} port=${server().port} user=postgres`)
      yield* admin.simple("drop role if exists app; create role app login")
    }).pipe(Effect.scoped)

    it.scoped("lets us in with one, given as files or as text (CON-060)", () =>
      Effect.gen(function* () {
        yield* createApp
        const files = yield* open(app(`sslcert=${tlsFile("client.crt")} sslkey=${keyFile("client.key")}`))
        assert.deepInclude(files.facts, { authentication: "trust", user: "app" })
        const text = (name: string) => `'${tlsText(name)}'`
        const texts = yield* open(app(`sslcert=${text("client.crt")} sslkey=${text("client.key")}`))
        const rows = yield* texts.query(Statement.make("select current_user::text as me"))
        assert.deepStrictEqual(rows, [{ me: "app" }])
      })
    )

    it.scoped("lets us in with an encrypted key, and with one in DER (CON-060)", () =>
      Effect.gen(function* () {
        yield* createApp
        const cert = `sslcert=${tlsFile("client.crt")}`
        yield* open(app(`${cert} sslkey=${keyFile("client-encrypted.key")} sslpassword=knock`))
        yield* open(app(`${cert} sslkey=${keyFile("client-key.der")}`))
      })
    )

    it.effect("keeps us out without one, and with a revoked one (CON-060)", () =>
      Effect.gen(function* () {
        yield* createApp
        assert.strictEqual(yield* outcomeOf(app("")), "fails")
        assert.strictEqual(
          yield* outcomeOf(
            app(`sslcert=${tlsFile("client-revoked.crt")} sslkey=${keyFile("client-revoked.key")}`)
          ),
          "fails"
        )
      })
    )

    it.effect("is not reached with a key that cannot be used, and the setting is named (CON-060)", () =>
      Effect.gen(function* () {
        const cert = `sslcert=${tlsFile("client.crt")}`
        const open644 = join(mkdtempSync(join(tmpdir(), "key-")), "client.key")
        writeFileSync(open644, tlsText("client.key"), { mode: 0o644 })
        const encrypted = `${cert} sslkey=${keyFile("client-encrypted.key")}`
        for (const [settings, words] of [
          [`${cert} sslkey=${keyFile("good.key")}`, "does not belong"],
          [`${cert} sslkey=/nowhere/client.key`, "no such key file"],
          [`${cert} sslkey=${open644}`, "others may read"],
          [encrypted, "sslpassword is missing"],
          [`${encrypted} sslpassword=guess`, "sslpassword is wrong"]
        ] as const) {
          const error = yield* refused(app(settings))
          assert.deepInclude(error, { _tag: "PgConfigError", key: "sslkey" })
          assert.include(error.message, words)
          assert.notInclude(error.message, "guess")
        }
        rmSync(dirname(open644), { recursive: true })
      })
    )

    it.scoped("reports the facts of the channel", () =>
      Effect.gen(function* () {
        yield* createApp
        const { facts } = yield* open(app(`sslcert=${tlsFile("client.crt")} sslkey=${keyFile("client.key")}`))
        assert.deepInclude(facts.encryption, {
          _tag: "Tls",
          protocol: "TLSv1.3",
          cipher: "TLS_AES_256_GCM_SHA384",
          verified: "identity",
          alpn: true
        })
        assert.deepStrictEqual(facts.address, { _tag: "Tcp", host: "127.0.0.1", port: server().port })
        assert.strictEqual(facts.host, "localhost")
      })
    )

    it.scoped("sends no request for TLS over a Unix socket, under any sslmode (CON-014)", () =>
      Effect.gen(function* () {
        const { facts } = yield* open(
          `host=${server().socketFolder} port=${server().port} user=postgres sslmode=verify-full ${root}`
        )
        assert.deepStrictEqual(facts.encryption, { _tag: "None" })
      })
    )
  }
)

describe("settings of TLS that cannot be used", () => {
  it.effect("are found before a socket is opened (CON-054, CON-055)", () =>
    Effect.gen(function* () {
      for (const [settings, key] of [
        ["sslmode=verify-ca", "sslrootcert"],
        ["sslmode=verify-full", "sslrootcert"],
        ["sslmode=verify-full sslrootcert=/nowhere/root.crt", "sslrootcert"],
        [`sslmode=verify-full sslrootcert=${tlsFile("good.key")}`, "sslrootcert"],
        [`sslmode=verify-full ${root} sslcrl=/nowhere/root.crl`, "sslcrl"],
        [`sslmode=verify-full ${root} sslcert=/nowhere/client.crt`, "sslcert"]
      ] as const) {
        const error = yield* refused(`host=localhost port=1 user=app ${settings}`)
        assert.deepInclude(error, { _tag: "PgConfigError", key }, settings)
      }
    })
  )

  it.scoped("do not hide: the platform's own certificates do not know ours (CON-054)", () =>
    Effect.gen(function* () {
      const { port } = yield* tlsPeer()
      const error = yield* refused(at(port, "sslrootcert=system"))
      assert.include(["PgConnectError", "PgConfigError"], error._tag)
      assert.include(error.message, "sslrootcert")
    })
  )
})
