/** Who answers, and how fast. */
import { Effect } from "effect"
import { Sql } from "effect-postgres"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import type { Stage } from "./Stage.js"
import type { Where } from "./Where.js"

const { sql } = Sql

export const connect = ({ connectMillis, connection, schema }: Stage, { whose }: Where) =>
  Effect.gen(function* () {
    const { address, authentication, encryption, processId, protocolVersion } = connection.facts
    const rows = yield* connection.query(sql`select current_user as "user", current_database() as "database"`)
    const version = yield* connection.parameter("server_version")
    const place = address._tag === "Tcp" ? `${address.host}:${address.port}` : address.path
    yield* Screen.fact("PostgreSQL", `${version ?? "of unknown version"}, ${whose}`)
    const travels =
      encryption._tag === "Tls" ? encryption.protocol : encryption._tag === "Gss" ? "GSS" : "not encrypted"
    yield* Screen.fact("address", `${place}, ${travels}, database ${String(rows[0]?.["database"])}`)
    yield* Screen.fact(
      "session",
      `${String(rows[0]?.["user"])} by ${authentication}, protocol ${protocolVersion}, process ${processId ?? "unknown"}`
    )
    yield* Screen.fact("schema", `${schema}, dropped at the end`)
    yield* Screen.number(
      "memory",
      Screen.megabytes(process.memoryUsage.rss()),
      "MB resident: Node, the TypeScript loader and this program"
    )
    yield* Screen.number("connected in", connectMillis.toFixed(1), "ms")
    yield* Expect.equal("the session's state", (yield* connection.status).state, "clean")
  })
