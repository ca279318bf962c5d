/** What goes wrong, apart from the handler: sessions ended, servers restarted, links cut and stalled, in the seed's order. */
import * as Effect from "effect/Effect"
import type { Random } from "../../../campaign/campaign.js"
import type { EmbeddedServer } from "../../../../src/testing/EmbeddedPostgres.js"
import type { FaultProxy } from "../../../../src/testing/FaultProxy.js"
import { rawRows } from "../../support/rawSession.js"
import { administer, publicationGoes } from "./workload.js"

export interface Scene {
  readonly server: EmbeddedServer
  readonly schema: string
  /** Between the feed and the server, and between what is written and the server. */
  readonly proxy: Pick<FaultProxy, "dropAll" | "refuse" | "setFault">
  /** Has another cluster stand in the place of the source, if the cycle has come so far, until it was refused. */
  readonly replace: Effect.Effect<void>
  readonly slot: string
  /** Interrupts the feed. */
  readonly interrupt: Effect.Effect<void>
}

type Fault = (scene: Scene, random: Random) => Effect.Effect<void>

const terminate: Fault = ({ server, slot }) =>
  Effect.ignore(
    rawRows(
      server,
      `select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${slot}' and active_pid is not null`
    )
  )

const cut: Fault = ({ proxy }, random) => proxy.dropAll(random.pick(["cut", "reset"]))

/** Holds back what comes after some bytes, in one direction or both, then ends the link. */
const stall =
  (least: number, most: number): Fault =>
  ({ proxy }, random) =>
    Effect.gen(function* () {
      const fault = { stallAfter: random.whole(0, 20_000) }
      yield* proxy.setFault(random.pick([{ toClient: fault }, { toServer: fault }]))
      yield* Effect.sleep(random.whole(least, most))
      yield* proxy.dropAll()
      yield* proxy.setFault({})
    })

/** Ends each link, also those made meanwhile, amid some message. */
const cutAmid: Fault = ({ proxy }, random) =>
  Effect.gen(function* () {
    const after = random.whole(0, 60_000)
    yield* proxy.setFault({ toClient: random.pick([{ cutAfter: after }, { resetAfter: after }]) })
    yield* Effect.sleep(random.whole(50, 300))
    yield* proxy.setFault({})
  })

const slice: Fault = ({ proxy }, random) =>
  Effect.gen(function* () {
    yield* proxy.setFault({ toClient: { slice: random.whole(1, 400) } })
    yield* Effect.sleep(random.whole(50, 200))
    yield* proxy.setFault({})
  })

const refuse: Fault = ({ proxy }, random) =>
  Effect.gen(function* () {
    yield* proxy.refuse(true)
    yield* proxy.dropAll()
    yield* Effect.sleep(random.whole(20, 200))
    yield* proxy.refuse(false)
  })

/** `immediate` is a crash: what the slot had confirmed may be forgotten. */
const restart: Fault = ({ server }, random) =>
  Effect.orDie(server.restart(random.pick(["fast", "immediate", "immediate"])))

const interrupt: Fault = ({ interrupt }) => interrupt

/** For some time one of the publications is missing, or has another name. */
const publication: Fault = ({ schema, server }, random) =>
  Effect.gen(function* () {
    const [away, back] = publicationGoes(schema, random)
    yield* administer(server, away)
    yield* Effect.sleep(random.whole(50, 400))
    yield* administer(server, back)
  })

const replace: Fault = ({ replace }) => replace

const ordinary: ReadonlyArray<Fault> = [
  terminate,
  terminate,
  cut,
  stall(50, 400),
  cutAmid,
  slice,
  refuse,
  interrupt,
  publication,
  replace
]

/** Longer than the silence that the feed tolerates. */
const longStall = stall(2500, 3000)

/** Does this cycle's harm, a while apart. Afterwards nothing is harmed any more. */
export const happen = (scene: Scene, random: Random) =>
  Effect.gen(function* () {
    const faults = Array.from({ length: random.whole(2, 4) }, () => random.pick(ordinary))
    const worst = random.whole(0, 11)
    if (worst < 4) faults.splice(random.whole(0, faults.length), 0, restart)
    else if (worst === 4) faults.push(longStall)
    for (const fault of faults) {
      yield* Effect.sleep(random.whole(10, 200))
      yield* fault(scene, random)
    }
  })
