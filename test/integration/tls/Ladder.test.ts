import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Outcome } from "../support/open.js"
import { outcomeOf } from "../support/open.js"
import { psql, psqlVersion } from "../support/psql.js"
import { describeWithServer } from "../support/server.js"
import { served, show, tlsFile } from "../support/fixtures.js"
import type { Behaviour } from "./peer.js"
import { peer } from "./peer.js"

const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const

/** A letter for each mode in this order: `p` plain, `t` TLS, `-` fails. */
const outcomes = { p: "plain", t: "tls", "-": "fails" } as const
const expectedIn = (row: string, index: number): Outcome => outcomes[row[index] as keyof typeof outcomes]

const root = `sslrootcert=${tlsFile("root.crt")}`
const rootAndList = `${root} sslcrl=${tlsFile("root.crl")}`

/** What libpq makes of the same string: `undefined` when it does not know a keyword of it. */
const byPsql = (conninfo: string): Effect.Effect<Outcome | undefined> => {
  if (psqlVersion === undefined) return Effect.succeed(undefined)
  if (conninfo.includes("sslnegotiation") && psqlVersion < 17) return Effect.succeed(undefined)
  return Effect.map(
    psql(conninfo, "select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()"),
    (answer) => ("error" in answer ? "fails" : answer.output === "t" ? "tls" : "plain")
  )
}

const cell = (conninfo: string, expected: Outcome) =>
  Effect.gen(function* () {
    assert.strictEqual(yield* outcomeOf(conninfo), expected, conninfo)
    const theirs = yield* byPsql(conninfo)
    if (theirs !== undefined) assert.strictEqual(theirs, expected, `psql: ${conninfo}`)
  })

/** Rows of: certificate, further settings, outcome of each mode by request and directly. */
const certificates: ReadonlyArray<
  readonly [certificate: string, settings: string, byRequest: string, direct: string, ids: string]
> = [
  ["good", root, "pptttt", "---ttt", ""],
  ["good", "", "pptt--", "---t--", "CON-055"],
  ["good", rootAndList, "pptttt", "---ttt", ""],
  ["wrong-name", root, "ppttt-", "---tt-", "CON-056"],
  ["name-only", root, "pptttt", "---ttt", "CON-056"],
  ["name-hidden", root, "ppttt-", "---tt-", "CON-056"],
  ["address-as-name", root, "ppttt-", "---tt-", "CON-057, TRP-006"],
  ["unknown-authority", root, "ppp---", "------", "CON-052"],
  ["expired", root, "ppp---", "------", "CON-052"],
  ["expired", "", "pptt--", "---t--", "CON-055"],
  ["revoked", rootAndList, "ppp---", "------", "CON-059"],
  ["revoked", root, "pptttt", "---ttt", ""]
]

describeWithServer("a server", { tls: served("good"), listen: "tcp" }, (server) => {
  for (const [certificate, settings, byRequest, direct, ids] of certificates) {
    const named = settings.replaceAll(/\S*\//g, "") || "no root certificate"
    it.effect(
      `that shows the certificate ${certificate} is accepted or refused by sslmode, with ${named}${ids === "" ? "" : ` (${ids})`}`,
      () =>
        Effect.gen(function* () {
          yield* show(server(), certificate)
          for (const [index, mode] of modes.entries()) {
            const conninfo = `host=localhost hostaddr=127.0.0.1 port=${server().port} user=postgres dbname=postgres sslmode=${mode} ${settings}`
            yield* cell(conninfo, expectedIn(byRequest, index))
            yield* cell(`${conninfo} sslnegotiation=direct`, expectedIn(direct, index))
          }
        })
    )
  }
})

describeWithServer("a server without TLS", { listen: "tcp" }, (server) => {
  it.effect(
    "is used in the clear where that is allowed, and never directly (CON-041, CON-051, TRP-003)",
    () =>
      Effect.forEach(modes, (mode, index) => {
        const conninfo = `host=localhost hostaddr=127.0.0.1 port=${server().port} user=postgres dbname=postgres sslmode=${mode} ${root}`
        return Effect.zipRight(
          cell(conninfo, expectedIn("ppp---", index)),
          cell(`${conninfo} sslnegotiation=direct`, "fails")
        )
      })
  )
})

describeWithServer(
  "a server that admits no one without TLS",
  { tls: served("good"), listen: "tcp", hba: ["hostssl all all 127.0.0.1/32 trust"] },
  (server) => {
    it.effect("is reached by the second try of allow (CON-052)", () =>
      Effect.forEach(modes, (mode, index) =>
        cell(
          `host=localhost hostaddr=127.0.0.1 port=${server().port} user=postgres dbname=postgres sslmode=${mode} ${root}`,
          expectedIn("-ttttt", index)
        )
      )
    )
  }
)

describeWithServer(
  "a server that admits no one with TLS",
  { tls: served("good"), listen: "tcp", hba: ["hostnossl all all 127.0.0.1/32 trust"] },
  (server) => {
    it.effect("is reached by the second try of prefer (CON-052)", () =>
      Effect.forEach(modes, (mode, index) =>
        cell(
          `host=localhost hostaddr=127.0.0.1 port=${server().port} user=postgres dbname=postgres sslmode=${mode} ${root}`,
          expectedIn("ppp---", index)
        )
      )
    )
  }
)

/**
 * Rows of: what the peer does when asked for TLS, and the outcomes, ours and psql's. They differ in one place: a peer
 * that was caught tampering receives nothing more, while libpq takes the bytes for a handshake that fails.
 */
const behaviours: ReadonlyArray<readonly [does: Behaviour, ours: string, libpq: string, ids: string]> = [
  ["refuses", "ppp---", "ppp---", "CON-022, CON-051, TRP-003"],
  ["closes", "pp----", "pp----", "CON-029, CON-041"],
  ["answers with an error", "pp----", "pp----", "CON-024, TRP-002"],
  ["answers with another byte", "pp----", "pp----", "CON-023"],
  ["fails in the handshake", "ppp---", "ppp---", "CON-041"],
  ["closes in the handshake", "ppp---", "ppp---", "CON-041"],
  ["adds plaintext to its yes", "pp----", "ppp---", "CON-025, TRP-001"]
]

describe("a peer that, asked for TLS,", () => {
  for (const [does, byRequest, byLibpq, ids] of behaviours) {
    it.scoped(`${does}, is accepted or refused by sslmode (${ids})`, () =>
      Effect.gen(function* () {
        const { events, port } = yield* peer(does)
        for (const [index, mode] of modes.entries()) {
          const conninfo = `host=localhost hostaddr=127.0.0.1 port=${port} user=app dbname=app sslmode=${mode} ${root}`
          const expected = expectedIn(byRequest, index)
          assert.strictEqual(yield* outcomeOf(conninfo), expected, conninfo)
          const ours = events()
          if (psqlVersion !== undefined) {
            const answer = yield* psql(conninfo, "")
            const theirs = events()
            const expectedThere = expectedIn(byLibpq, index)
            assert.strictEqual("error" in answer ? "fails" : "plain", expectedThere, `psql: ${conninfo}`)
            if (byLibpq === byRequest) assert.deepStrictEqual(theirs, ours, `events: ${conninfo}`)
          }
          assert.strictEqual(yield* outcomeOf(`${conninfo} sslnegotiation=direct`), "fails")
          events()
        }
      })
    )
  }
})
