import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as NodeCrypto from "node:crypto"
import * as NodeFs from "node:fs"
import { networkInterfaces } from "node:os"
import * as Statement from "../../../src/model/Statement.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import { EmbeddedPostgres } from "../../../src/testing/clients/EmbeddedClient.js"
import { authority } from "../support/certificates.js"
import { eventually } from "../support/eventually.js"
import { clustersIn, privateTemporaryFolder, unfinishedIn } from "../support/folders.js"
import { isRunning, mentioning, ownerOf, runScript } from "../support/processes.js"
import { serve } from "../support/peers.js"
import { rawQuery, rawRows } from "../support/rawSession.js"
import { askForTls, shakeHands } from "../support/rawTls.js"
import { open } from "../support/open.js"
import { describeEachVersion, live, shared } from "../support/server.js"

const isRoot = process.getuid?.() === 0
/** Whether this machine has `::1`. */
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1")
)
const hasProc = NodeFs.existsSync("/proc/self/stat")

const value = (server: EmbeddedServer, sql: string) =>
  Effect.map(rawRows(server, sql), (rows) => rows[0]?.[0])

/** A server's process ends a moment after its parent and its lock file. */
const isGone = (server: { readonly processId: number; readonly socketFolder: string }) =>
  eventually(
    Effect.sync(() => isRunning(server.processId) || NodeFs.existsSync(server.socketFolder)),
    (left) => !left
  )

/** What is left of servers in a folder for temporary files; finished caches are there to stay. */
const leftIn = (tmp: string) => [...clustersIn(tmp), ...unfinishedIn(tmp)]

describe("the shared server", () => {
  it.effect("is PostgreSQL 18 and answers over TCP and its Unix socket", () =>
    Effect.gen(function* () {
      const sql = "select current_setting('server_version_num')::int / 10000"
      assert.deepStrictEqual(yield* rawRows(shared, sql), [["18"]])
      assert.deepStrictEqual(yield* rawRows({ host: shared.socketFolder, port: shared.port }, sql), [["18"]])
    })
  )
})

describeEachVersion("a server of every version", (server, version) => {
  it.effect("is the version that was asked for, and all set for replication", () =>
    Effect.gen(function* () {
      assert.strictEqual(server().version, version)
      const settings =
        "select current_setting('server_version_num')::int / 10000, current_setting('wal_level')"
      assert.deepStrictEqual(yield* rawRows(server(), settings), [[String(version), "logical"]])
    })
  )

  it.effect("stops and starts again with its data, at the same address, as another process", () =>
    Effect.gen(function* () {
      yield* rawRows(server(), "create table kept as select 1 as x")
      const before = server().processId
      yield* server().stop("immediate")
      assert.isFalse(isRunning(before))
      yield* server().startAgain
      assert.strictEqual(yield* value(server(), "select x from kept"), "1")
      yield* server().restart()
      assert.strictEqual(yield* value(server(), "select x from kept"), "1")
      assert.notStrictEqual(server().processId, before)
    })
  )

  it.effect("starts again after it was killed, when its children are still leaving", () =>
    Effect.gen(function* () {
      yield* server().kill("SIGKILL")
      yield* server().startAgain
      assert.strictEqual(yield* value(server(), "select 1"), "1")
    })
  )
})

describe("start", () => {
  it.effect("is over with its scope: the process has ended and its folder is gone", () =>
    Effect.gen(function* () {
      const server = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* start()
          assert.isTrue(isRunning(server.processId))
          assert.isTrue(NodeFs.existsSync(server.dataFolder))
          assert.strictEqual(yield* value(server, "select 1"), "1")
          return server
        })
      )
      assert.isFalse(isRunning(server.processId))
      assert.isFalse(NodeFs.existsSync(server.socketFolder))
      assert.strictEqual(yield* server.log, "")
    })
  )

  it.effect("comes as a layer", () =>
    Effect.gen(function* () {
      const server = yield* EmbeddedPostgres
      assert.strictEqual(server.uri, `postgresql://postgres@127.0.0.1:${server.port}/postgres`)
      assert.strictEqual(yield* value(server, "select current_user"), "postgres")
    }).pipe(Effect.provide(EmbeddedPostgres.layer()))
  )

  it.scoped("runs several servers side by side", () =>
    Effect.gen(function* () {
      const servers = yield* Effect.all([start(), start(), start()], { concurrency: "unbounded" })
      assert.strictEqual(new Set(servers.map((server) => server.port)).size, 3)
      for (const server of servers) assert.strictEqual(yield* value(server, "select 1"), "1")
    })
  )

  it.scoped("takes settings over its defaults, quoted for the file", () =>
    Effect.gen(function* () {
      const server = yield* start({
        settings: { work_mem: "7MB", cluster_name: "it's \\ fine", fsync: "on" }
      })
      assert.strictEqual(yield* value(server, "show work_mem"), "7MB")
      assert.strictEqual(yield* value(server, "show cluster_name"), "it's \\ fine")
      assert.strictEqual(yield* value(server, "show fsync"), "on")
      assert.strictEqual(yield* value(server, "show full_page_writes"), "off")
    })
  )

  it.scoped("takes the lines of pg_hba.conf as all there is", () =>
    Effect.gen(function* () {
      const server = yield* start({
        hba: ["host postgres postgres 127.0.0.1/32 trust", "host all guest 127.0.0.1/32 scram-sha-256"]
      })
      const asked = yield* rawQuery(server, "select 1", { user: "guest", database: "postgres" })
      const refused = yield* rawQuery(server, "select 1", { database: "template1" })
      assert.strictEqual(asked.error?.message, "asked for authentication 10")
      assert.strictEqual(refused.error?.code, "28000")
      assert.strictEqual(yield* value(server, "select 1"), "1")
    })
  )

  it.scoped("asks for the password when there is one, and keeps a verifier of that very password", () =>
    Effect.gen(function* () {
      const server = yield* start({ password: "s3cr'et /?" })
      const asked = yield* rawQuery(server, "select 1")
      assert.strictEqual(asked.error?.message, "asked for authentication 10")
      assert.strictEqual(
        server.uri,
        `postgresql://postgres:s3cr'et%20%2F%3F@127.0.0.1:${server.port}/postgres`
      )
      const trusting = yield* start({ password: "s3cr'et /?", hba: ["host all all 127.0.0.1/32 trust"] })
      const verifier = yield* value(trusting, "select rolpassword from pg_authid where rolname = 'postgres'")
      const [, iterations = "", salt = "", storedKey = ""] =
        /^SCRAM-SHA-256\$(\d+):(.*)\$(.*):/.exec(verifier ?? "") ?? []
      const salted = NodeCrypto.pbkdf2Sync(
        "s3cr'et /?",
        Buffer.from(salt, "base64"),
        Number(iterations),
        32,
        "sha256"
      )
      const clientKey = NodeCrypto.createHmac("sha256", salted).update("Client Key").digest()
      assert.strictEqual(NodeCrypto.createHash("sha256").update(clientKey).digest("base64"), storedKey)
    })
  )

  it.scoped("listens on a Unix socket only when configured, and on TCP only when configured", () =>
    Effect.gen(function* () {
      const unix = yield* start({ listen: "unix" })
      assert.strictEqual(unix.host, unix.socketFolder)
      assert.strictEqual(yield* value(unix, "show listen_addresses"), "")
      assert.strictEqual(
        unix.uri,
        `postgresql://postgres@${encodeURIComponent(unix.socketFolder)}:5432/postgres`
      )
      const tcp = yield* start({ listen: "tcp" })
      assert.strictEqual(yield* value(tcp, "show unix_socket_directories"), "")
      assert.isFalse(NodeFs.existsSync(`${tcp.socketFolder}/.s.PGSQL.${tcp.port}`))
    })
  )

  it.scoped.runIf(hasIpv6)("listens on ::1, on 127.0.0.1, or on both, by its option", () =>
    Effect.gen(function* () {
      const answers = (host: string, { port }: EmbeddedServer) =>
        Effect.isSuccess(rawRows({ host, port }, "select 1"))
      for (const [family, expected] of [
        ["ipv4", [true, false]],
        ["ipv6", [false, true]],
        ["both", [true, true]]
      ] as const) {
        const server = yield* start({ listen: "tcp", family })
        const found: ReadonlyArray<boolean> = [
          yield* answers("127.0.0.1", server),
          yield* answers("::1", server)
        ]
        assert.deepStrictEqual(found, expected, family)
        const [host, authority] = family === "ipv6" ? ["::1", "[::1]"] : ["127.0.0.1", "127.0.0.1"]
        assert.strictEqual(server.host, host)
        assert.strictEqual(server.uri, `postgresql://postgres@${authority}:${server.port}/postgres`)
        yield* server.restart()
        assert.isTrue(yield* answers(server.host, server))
        const [row] = yield* Effect.flatMap(open(server.uri), (connection) =>
          connection.query(Statement.make("select host(inet_server_addr()) as host"))
        )
        assert.deepStrictEqual(row, { host: server.host })
      }
    }).pipe(live)
  )

  it.scoped("offers TLS with the material given, and only then", () =>
    Effect.gen(function* () {
      const issuer = authority()
      const own = issuer.issue({ commonName: "localhost", names: ["localhost"] })
      const guest = issuer.issue({ commonName: "postgres" })
      const revoked = issuer.issue({ commonName: "postgres" })
      const server = yield* start({
        tls: { cert: own.cert, key: own.key, ca: issuer.cert, crl: issuer.revoke([revoked]) },
        hba: ["hostssl all all 127.0.0.1/32 cert", "host all all 127.0.0.1/32 reject"]
      })
      assert.strictEqual(yield* askForTls(shared), "N")
      assert.strictEqual(yield* askForTls(server), "S")
      assert.strictEqual(yield* shakeHands(server, { ca: issuer.cert, ...guest }), "R")
      assert.notStrictEqual(yield* shakeHands(server, { ca: issuer.cert, ...revoked }), "R")
    })
  )

  it.scoped("reads changed files at reload", () =>
    Effect.gen(function* () {
      const server = yield* start()
      NodeFs.appendFileSync(`${server.dataFolder}/postgresql.conf`, "work_mem = '9MB'\n")
      NodeFs.writeFileSync(`${server.dataFolder}/pg_hba.conf`, "host postgres all 127.0.0.1/32 trust\n")
      yield* server.reload
      assert.strictEqual(yield* value(server, "show work_mem"), "9MB")
      assert.strictEqual(
        (yield* rawQuery(server, "select 1", { database: "template1" })).error?.code,
        "28000"
      )
    })
  )

  it.scoped("starts a standby from the data folder of a stopped server", () =>
    Effect.gen(function* () {
      const primary = yield* start()
      yield* rawRows(primary, "create table kept as select 1 as x")
      yield* primary.stop()
      const standby = yield* start({
        dataFolder: primary.dataFolder,
        settings: { primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres` }
      })
      assert.strictEqual(yield* value(standby, "select pg_is_in_recovery()"), "t")
      yield* primary.startAgain
      yield* rawRows(primary, "insert into kept values (2)")
      yield* eventually(value(standby, "select count(*) from kept"), (count) => count === "2")
    })
  )

  it.scoped("shows the server's log when a setting keeps it from starting, and leaves nothing", () =>
    Effect.gen(function* () {
      const tmp = yield* privateTemporaryFolder
      // The test's own scope is still open when it looks.
      const error = yield* Effect.flip(start({ settings: { shared_buffers: "plenty" } }))
      assert.strictEqual(error._tag, "EmbeddedPostgresError")
      assert.strictEqual(error.reason, "start")
      assert.include(error.log, `invalid value for parameter "shared_buffers": "plenty"`)
      assert.include(error.message, error.log)
      assert.deepStrictEqual(leftIn(tmp), [])
    })
  )

  it.scoped("waits, when it was killed, for a child that still holds the memory of the old server", () =>
    Effect.gen(function* () {
      const server = yield* start()
      const pid = Number(
        yield* value(server, "select pid from pg_stat_activity where backend_type = 'checkpointer'")
      )
      process.kill(pid, "SIGSTOP")
      yield* server.kill("SIGKILL")
      const starting = yield* Effect.fork(server.startAgain)
      yield* eventually(server.log, (log) => log.includes("pre-existing shared memory block"))
      process.kill(pid, "SIGCONT")
      yield* Fiber.join(starting)
      assert.strictEqual(yield* value(server, "select 1"), "1")
    })
  )

  it.scoped("shows the log of a later start too when that fails, and only of that", () =>
    Effect.gen(function* () {
      const server = yield* start()
      yield* server.stop()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* serve({ port: server.port })
          const error = yield* Effect.flip(server.startAgain)
          assert.strictEqual(error.reason, "start")
          assert.include(error.log, "Address already in use")
          assert.notInclude(error.log, "database system is ready to accept connections")
        })
      )
      yield* server.startAgain
      assert.strictEqual(yield* value(server, "select 1"), "1")
    })
  )
})

describe("the user of the server's process", () => {
  it.scoped.runIf(isRoot && hasProc)("is another user when this process runs as root", () =>
    Effect.gen(function* () {
      const server = yield* start()
      const owner = NodeFs.statSync(server.dataFolder).uid
      assert.notStrictEqual(owner, 0)
      assert.strictEqual(ownerOf(server.processId), owner)
    })
  )

  it.scoped.runIf(isRoot && hasProc)("is this process's user when that is an ordinary one", () =>
    Effect.gen(function* () {
      const child = yield* runScript("holdServer.ts", [], { uid: 65534, gid: 65534 })
      const held = JSON.parse(yield* child.firstLine)
      assert.strictEqual(held.uid, 65534)
      assert.strictEqual(ownerOf(held.processId), 65534)
      yield* child.kill("SIGTERM")
      yield* isGone(held)
    })
  )
})

describe("a start that is interrupted", () => {
  /** What is to be seen in the folder for temporary files at four stages of a first start. */
  const stages: ReadonlyArray<readonly [string, (tmp: string) => boolean]> = [
    ["at once", () => true],
    ["while initdb runs", (tmp) => unfinishedIn(tmp).length > 0],
    ["while the cluster is copied", (tmp) => clustersIn(tmp).length > 0],
    [
      "while the server starts",
      (tmp) => clustersIn(tmp).some((folder) => NodeFs.existsSync(`${folder}/data/postmaster.pid`))
    ]
  ]
  for (const [stage, reached] of stages) {
    it.scoped(`leaves nothing ${stage}`, () =>
      Effect.gen(function* () {
        const tmp = yield* privateTemporaryFolder
        const fiber = yield* Effect.fork(Effect.scoped(start()))
        yield* eventually(
          Effect.sync(() => reached(tmp)),
          (reached) => reached
        )
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(leftIn(tmp), [])
        if (hasProc) assert.deepStrictEqual(mentioning(tmp).filter(isRunning), [])
      })
    )
  }

  it.scoped("does not spoil the next one", () =>
    Effect.gen(function* () {
      yield* privateTemporaryFolder
      const scope = yield* Scope.make()
      const fiber = yield* Effect.fork(Scope.extend(start(), scope))
      yield* Fiber.interrupt(fiber)
      yield* Scope.close(scope, Exit.void)
      const server = yield* start()
      assert.strictEqual(yield* value(server, "select 1"), "1")
    })
  )
})

describe("the end of the process", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it.scoped(`by ${signal} leaves neither server nor folder, and keeps its meaning`, () =>
      Effect.gen(function* () {
        const child = yield* runScript("holdServer.ts", [])
        const held = JSON.parse(yield* child.firstLine)
        assert.isTrue(isRunning(held.processId))
        yield* child.kill(signal)
        assert.deepStrictEqual(yield* child.ended, { code: null, signal })
        yield* isGone(held)
      })
    )
  }

  it.scoped("by a signal under NodeRuntime.runMain closes the scope in order", () =>
    Effect.gen(function* () {
      const child = yield* runScript("holdServer.ts", ["{}", "runMain"])
      const held = JSON.parse(yield* child.firstLine)
      yield* child.kill("SIGTERM")
      assert.strictEqual((yield* child.ended).signal, null)
      yield* isGone(held)
    })
  )

  it.scoped("by a signal whose listener exits in a hurry leaves neither server nor folder", () =>
    Effect.gen(function* () {
      const child = yield* runScript("holdServer.ts", ["{}", "hasty"])
      const held = JSON.parse(yield* child.firstLine)
      yield* child.kill("SIGTERM")
      assert.strictEqual((yield* child.ended).code, 4)
      yield* isGone(held)
    })
  )

  it.scoped("by a signal whose listener waits to be alone is not waited for", () =>
    Effect.gen(function* () {
      const child = yield* runScript("holdServer.ts", ["{}", "courteous"])
      const held = JSON.parse(yield* child.firstLine)
      yield* child.kill("SIGTERM")
      assert.strictEqual((yield* child.ended).signal, "SIGTERM")
      yield* isGone(held)
    })
  )

  it.scoped("by process.exit leaves neither server nor folder", () =>
    Effect.gen(function* () {
      const child = yield* runScript("holdServer.ts", ["{}", "exit"])
      const held = JSON.parse(yield* child.firstLine)
      yield* child.tell("now\n")
      assert.strictEqual((yield* child.ended).code, 3)
      yield* isGone(held)
    })
  )
})
