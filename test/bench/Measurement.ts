/** One client, one workload, one run: a process of its own that prints what it measured. */
import * as Command from "@effect/platform/Command"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Before from "./Before.js"
import type { Client } from "./Client.js"
import * as Peers from "./Peers.js"
import type { BackupJob } from "./Cluster.js"
import type { Feed } from "./Changes.js"
import type { LogFeed } from "./Log.js"
import type { BenchServer } from "./Server.js"
import type { Workload } from "./Workload.js"
import { committers, familyStatements, fetchSize, fibers, mixedQueries, statement } from "./Workload.js"

/** What one value of a type cost, and what it was. */
const Family = Schema.Struct({
  wallNs: Schema.Number,
  cpuNs: Schema.Number,
  /** The dearest batch, where the dearest is of interest. */
  maxCpuNs: Schema.optional(Schema.Number),
  kind: Schema.String
})
export type Family = typeof Family.Type

/** What a child measured after its uncounted run. */
export class Sample extends Schema.Class<Sample>("Sample")({
  items: Schema.Number,
  wallMs: Schema.Number,
  /** User and system time of the whole process, collector threads included. */
  cpuMs: Schema.Number,
  maxRssMb: Schema.Number,
  /** From one turn of the event loop to the next, at the most. */
  longestGapMs: Schema.optional(Schema.Number),
  /** Resident memory when the millionth item had come, and the most it ever was after that. */
  atReferenceMb: Schema.optional(Schema.Number),
  peakMb: Schema.optional(Schema.Number),
  /** By family, for the workload of types. */
  families: Schema.optional(Schema.Record({ key: Schema.String, value: Family }))
}) {
  get rate(): number {
    return (this.items / this.wallMs) * 1000
  }
  get cpuPerItem(): number {
    return (this.cpuMs / this.items) * 1000
  }
}

/** The library has no counterpart of what the workload does, or there is no such program here. */
export const Unsupported = Schema.Struct({
  unsupported: Schema.Literal(true),
  why: Schema.optionalWith(Schema.String, { default: () => "no such thing" })
})
export type Unsupported = typeof Unsupported.Type

const Answer = Schema.parseJson(Schema.Union(Sample, Unsupported))

export class MeasurementError extends Data.TaggedError("MeasurementError")<{
  readonly client: string
  readonly workload: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `${this.client}, ${this.workload}: ${String(this.cause)}`
  }
}

/** Long enough for the memory workload, short enough that a client which hangs does not cost the evening. */
const patience = "5 minutes"

/** What only some workloads have. */
export interface Extra {
  /** The pace of a slow consumer. */
  readonly rowsPerSecond?: number
  /** Slots to read. */
  readonly feed?: Feed
  /** A physical slot, and where its log ends. */
  readonly log?: LogFeed
  readonly backup?: BackupJob
}

const jobOf = (
  client: Client,
  workload: Workload,
  server: BenchServer,
  { backup, feed, log, rowsPerSecond }: Extra
) => ({
  kind: workload.kind,
  module: client.module,
  shape: workload.shape,
  sql: statement(workload),
  families: familyStatements(workload),
  queries: workload.kind === "mixed" ? mixedQueries(workload) : undefined,
  items: workload.items,
  streaming: workload.streaming,
  way: client.copies ? "copy" : workload.way,
  channels: workload.channels,
  repeats: workload.repeats,
  preset: client.preset,
  decodes: client.name !== "floor",
  rowsPerSecond,
  feed,
  log,
  backup,
  committers,
  config: {
    ...(workload.kind === "connect" ? server.scram : server.trusted),
    connections: workload.connections,
    pipelined: workload.pipelined,
    preset: client.preset,
    traced: client.traced === true,
    listens: workload.channels !== undefined,
    fetchSize,
    ...(workload.multiplex === undefined ? {} : { multiplex: workload.multiplex }),
    fibers: workload.fibers ?? fibers
  }
})

/** Where its script lies beside what it imports. */
const folderOf = ({ before, peers }: Client): string =>
  before ? Before.scripts : peers === undefined ? Peers.clientsFolder : Peers.scriptsOf(peers)

/** Runs one measurement. */
export const take = Effect.fn("Measurement.take")(
  function* (client: Client, workload: Workload, server: BenchServer, extra: Extra) {
    const folder = folderOf(client)
    const runtime = client.peers === "bun" ? yield* Peers.bunExecutable : process.execPath
    const job = JSON.stringify(jobOf(client, workload, server, extra))
    const command = Command.make(runtime, `${folder}/child.mjs`, client.script, job)
    const child = yield* Command.start(Command.stderr(command, "inherit"))
    const [output, exit] = yield* Effect.all(
      [child.stdout.pipe(Stream.decodeText(), Stream.mkString), child.exitCode],
      { concurrency: 2 }
    )
    if (exit !== 0) return yield* Effect.fail(`its process ended with ${exit}`)
    return yield* Schema.decode(Answer)(output)
  },
  Effect.scoped,
  Effect.timeout(patience),
  (effect, client, workload) =>
    Effect.mapError(
      effect,
      (cause) => new MeasurementError({ client: client.name, workload: workload.name, cause })
    )
)
