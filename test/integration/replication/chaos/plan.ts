/** How a cycle goes, as far as its seed fixes it, and what is counted over all of them. */
import type { Random } from "../../../campaign/campaign.js"
import type { Change } from "../../../../src/replication/changes/LogicalEvent.js"
import type { LogicalOptions } from "../../../../src/replication/feed/LogicalFeed.js"

/** The handler has died: before it wrote, or when it had written and not yet acknowledged. */
export interface Crashed {
  readonly _tag: "Crashed"
}
export const crashed: Crashed = { _tag: "Crashed" }

/** What is counted over all cycles, so that a chaos in which nothing happens is no success. */
export interface Tally {
  openings: number
  crashes: number
  repeated: number
  streamed: number
  prepared: number
  /** Times that a run has opened its feed again by itself. */
  resumed: number
  /** Changes of partitioned tables. */
  partitioned: number
  /** Times that a feed ended because one of its publications was missing. */
  missing: number
  /** Times that a feed refused another cluster in the place of the source. */
  replaced: number
  /** Large transactions of a table that is not published. */
  giants: number
}

export const tally = (): Tally => ({
  openings: 0,
  crashes: 0,
  repeated: 0,
  streamed: 0,
  prepared: 0,
  resumed: 0,
  partitioned: 0,
  missing: 0,
  replaced: 0,
  giants: 0
})

/** How many of the changes are of partitioned tables. */
export const partitioned = (changes: ReadonlyArray<Change>): number =>
  changes.filter((change) => "relation" in change && change.relation.tree !== undefined).length

/** How one cycle asks for its changes: fixed by the seed, except for what each opening decides anew. */
export const planOf = (random: Random) => {
  const streaming = random.pick(["off", "on", "on", "parallel"] as const)
  const binary = random.whole(0, 1) === 0
  const messages = random.whole(0, 1) === 0
  const twoPhase = random.pick(["off", "on", "later"] as const)
  const viaRoot = random.whole(0, 1) === 0
  const immediate = streaming !== "off" && random.whole(0, 2) === 0
  const feed = (opening: number): Partial<LogicalOptions> => ({
    streaming,
    binary,
    messages,
    twoPhase: twoPhase === "on" || (twoPhase === "later" && opening > 1),
    bufferBytes: random.pick([4096, 65_536, 1 << 20]),
    silenceLimit: "2 seconds",
    ...random.pick<Partial<LogicalOptions>>([{}, { statusInterval: "20 millis" }]),
    ...random.pick<Partial<LogicalOptions>>([
      {},
      { inUse: { wait: "3 seconds" } },
      { inUse: { takeOver: true } }
    ])
  })
  return { streaming, binary, messages, twoPhase, viaRoot, immediate, feed }
}

export type Plan = ReturnType<typeof planOf>
