/** Where a run took place, because its absolute numbers mean nothing elsewhere. */
import * as Effect from "effect/Effect"
import { availableParallelism, cpus, loadavg, totalmem } from "node:os"
import type { Client } from "./Client.js"
import * as Peers from "./Peers.js"

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly node: string
  readonly postgres: string
  readonly packages: ReadonlyArray<string>
  /** Of the last minute, before the first measurement and after the last. */
  readonly loadBefore: number
  readonly loadAfter: number
  /** How long all measurements took. */
  readonly minutes: number
}

export const load = Effect.sync(() => loadavg()[0] ?? 0)

/** A load above which ratios begin to wander: other programs use half of the cores. */
export const isBusy = (load: number): boolean => load > availableParallelism() / 2

const packagesOf = (client: Client) =>
  Effect.map(
    Effect.forEach(client.packages, (name) =>
      client.peers === undefined ? Effect.succeed(name) : Peers.versionOf(client.peers, name)
    ),
    (names) => (names.length === 0 ? [] : [`${client.name}: ${names.join(", ")}`])
  )

export const describe = Effect.fn("Machine.describe")(function* (
  clients: ReadonlyArray<Client>,
  postgres: string,
  loadBefore: number,
  minutes: number
) {
  const machine: Machine = {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres,
    packages: (yield* Effect.forEach(clients, packagesOf)).flat(),
    loadBefore,
    loadAfter: yield* load,
    minutes
  }
  return machine
})
