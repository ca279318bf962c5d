/** From samples to medians and ratios. A ratio is taken within a round, where both sides saw the same machine. */
import type { ClientName } from "./Client.js"
import type { Sample } from "./Measurement.js"
import type { Workload } from "./Workload.js"

/** What one client did in each round: a sample, or nothing where its measurement failed. */
export type Rounds = ReadonlyArray<Sample | undefined>

export interface Result {
  readonly workload: Workload
  readonly rounds: ReadonlyMap<ClientName, Rounds | "unsupported">
}

export const median = (values: ReadonlyArray<number>): number | undefined => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const lower = sorted[sorted.length % 2 === 1 ? middle : middle - 1]
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2
}

const samplesOf = (result: Result, client: ClientName): Rounds => {
  const rounds = result.rounds.get(client)
  return rounds === undefined || rounds === "unsupported" ? [] : rounds
}

/** One property of each round of a client that has it. */
const valuesOf = (
  result: Result,
  client: ClientName,
  property: (sample: Sample) => number | undefined
): ReadonlyArray<number> =>
  samplesOf(result, client).flatMap((sample) => {
    const value = sample === undefined ? undefined : property(sample)
    return value === undefined ? [] : [value]
  })

/** The median of one property over the rounds of a client. */
export const medianOf = (
  result: Result,
  client: ClientName,
  property: (sample: Sample) => number | undefined
): number | undefined => median(valuesOf(result, client, property))

/** The greatest value of one property over the rounds of a client. */
export const maxOf = (
  result: Result,
  client: ClientName,
  property: (sample: Sample) => number | undefined
): number | undefined => {
  const values = valuesOf(result, client, property)
  return values.length === 0 ? undefined : Math.max(...values)
}

/** The median over the rounds of `ours ÷ theirs`. */
export const ratio = (
  result: Result,
  ours: ClientName,
  theirs: ClientName,
  property: (sample: Sample) => number | undefined
): number | undefined => {
  const others = samplesOf(result, theirs)
  return median(
    samplesOf(result, ours).flatMap((sample, round) => {
      const [one, other] = [sample, others[round]].map((each) => each && property(each))
      return one === undefined || other === undefined ? [] : [one / other]
    })
  )
}

/** CPU per value of one type; nothing where it was not measured. */
export const cpuOf =
  (family: string) =>
  (sample: Sample): number | undefined =>
    sample.families?.[family]?.cpuNs

/** Items of one family in a second. */
export const rateOf =
  (family: string) =>
  (sample: Sample): number | undefined => {
    const wallNs = sample.families?.[family]?.wallNs
    return wallNs === undefined ? undefined : 1e9 / wallNs
  }

/** The CPU per item of the dearest batch. */
export const maxCpuOf =
  (family: string) =>
  (sample: Sample): number | undefined =>
    sample.families?.[family]?.maxCpuNs

/** What a client's values of a type are. */
export const kindOf = (result: Result, client: ClientName, family: string): string | undefined =>
  samplesOf(result, client).find((sample) => sample?.families !== undefined)?.families?.[family]?.kind

/** How far resident memory rose above what it was at the first million items, or at the start. */
export const growth = (sample: Sample): number | undefined =>
  sample.peakMb === undefined || sample.atReferenceMb === undefined
    ? undefined
    : sample.peakMb - sample.atReferenceMb
