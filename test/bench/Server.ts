/** The server all clients are measured against: a throw-away one on TCP loopback, with a role that must use SCRAM. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as EmbeddedPostgres from "../../src/testing/EmbeddedPostgres.js"

/** How a child reaches the server. */
export interface Access {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password?: string
}

export interface BenchServer {
  /** Admits every user by trust, so that nothing but the workload is measured. */
  readonly trusted: Access
  /** Asks for SCRAM-SHA-256, with the server's usual 4,096 rounds. */
  readonly scram: Access
  readonly version: string
}

export class BenchServerError extends Data.TaggedError("BenchServerError")<{ readonly cause: unknown }> {
  override get message(): string {
    return `the benchmark's server cannot be prepared: ${String(this.cause)}`
  }
}

const role = "bench_scram"
const password = "a secret of the benchmark"

/** What the bare socket of the floor offers for preparing the server. */
interface Socket {
  readonly serverVersion: string
  readonly simple: (sql: string) => Promise<void>
  readonly close: () => Promise<void>
}

const prepare = async (access: Access): Promise<string> => {
  const path: string = new URL("clients/bareSocket.mjs", import.meta.url).href
  const { BareSocket } = (await import(path)) as { BareSocket: { open: (access: Access) => Promise<Socket> } }
  const socket = await BareSocket.open(access)
  await socket.simple(`create role ${role} login password '${password}'`)
  await socket.close()
  return socket.serverVersion
}

export const start = Effect.gen(function* () {
  const { host, port, user, database } = yield* EmbeddedPostgres.start({
    listen: "tcp",
    settings: { shared_buffers: "256MB", work_mem: "64MB", autovacuum: "off", max_connections: "100" },
    hba: [`host all ${role} 127.0.0.1/32 scram-sha-256`, "host all all 127.0.0.1/32 trust"]
  })
  const trusted: Access = { host, port, user, database }
  const version = yield* Effect.tryPromise({
    try: () => prepare(trusted),
    catch: (cause) => new BenchServerError({ cause })
  })
  const server: BenchServer = { trusted, scram: { ...trusted, user: role, password }, version }
  return server
})
