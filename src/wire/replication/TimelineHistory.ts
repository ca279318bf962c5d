/**
 * The timeline history file: one line for each timeline that the server's history has left, in the order of the timelines.
 *
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Utf8 from "../../bytes/Utf8.js"
import * as Lsn from "../../model/Lsn.js"
import { MalformedMessage } from "../MalformedMessage.js"

/** One timeline that was left. */
export interface TimelineHistoryEntry {
  readonly timeline: number
  /** Where the next timeline begins: the timeline of this entry ends there. */
  readonly end: Lsn.Lsn
  /** Why, in the words of the server; bytes that are no UTF-8 are replaced. */
  readonly reason: string
}

/** The timelines that a timeline comes from, the oldest first, each with the position at which it was left. */
export type TimelineHistory = ReadonlyArray<TimelineHistoryEntry>

/** Most bytes of a history file that are read: some 20,000 timelines. */
export const maxHistoryBytes = 1 << 20

const maxTimeline = 0xffff_ffff

/** Whether the number can be that of a timeline: an integer from 1 to 4294967295. */
export const isTimeline = (value: number): boolean =>
  Number.isInteger(value) && value >= 1 && value <= maxTimeline

const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0")

/** The file's name: `00000002.history`. */
export const fileName = (timeline: number): string => `${hex8(timeline)}.history`

const namePattern = /^([0-9A-F]{8})\.history$/

/** The timeline whose history file has this name; `undefined` when it is no such name. */
export const timelineOfName = (name: string): number | undefined => {
  const match = namePattern.exec(name)
  return match === null ? undefined : Number.parseInt(match[1]!, 16)
}

const malformed = (line: number, reason: string): Either.Either<never, MalformedMessage> =>
  Either.left(
    new MalformedMessage({
      kind: "TimelineHistory",
      tag: undefined,
      reason: `line ${line}: ${reason}`,
      partial: undefined
    })
  )

const linePattern = /^(\d{1,10})\s+([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})(?:\s+(.*))?$/s

/**
 * Reads the history file of `timeline`. Blank lines and comments are passed over. Refused are: a line without a timeline and a
 * position, timelines or positions that do not increase, a timeline that is not below the file's own, and more than
 * `maxHistoryBytes`.
 */
export const decode = (
  content: Uint8Array,
  timeline: number
): Either.Either<TimelineHistory, MalformedMessage> => {
  if (content.length > maxHistoryBytes) return malformed(1, `a file of ${content.length} bytes`)
  const entries: Array<TimelineHistoryEntry> = []
  let last: TimelineHistoryEntry | undefined
  const lines = new TextDecoder().decode(content).split("\n")
  for (const [index, source] of lines.entries()) {
    const line = source.trim()
    if (line === "" || line.startsWith("#")) continue
    const match = linePattern.exec(line)
    if (match === null) return malformed(index + 1, "a timeline and a position were expected")
    const left = Number(match[1])
    const end = Option.getOrThrow(Lsn.fromText(match[2]!))
    if (!isTimeline(left) || left <= (last?.timeline ?? 0)) {
      return malformed(index + 1, `timeline ${left} does not follow timeline ${last?.timeline ?? 0}`)
    }
    if (left >= timeline)
      return malformed(index + 1, `timeline ${left} in the history of timeline ${timeline}`)
    if (last !== undefined && end < last.end)
      return malformed(index + 1, "a position before that of the line before")
    last = { timeline: left, end, reason: match[3] ?? "" }
    entries.push(last)
  }
  return entries.length === 0 && timeline > 1
    ? malformed(1, `no timeline before timeline ${timeline}`)
    : Either.right(entries)
}

/** The file as a server writes it. A reason must have no line break. */
export const encode = (history: TimelineHistory): Uint8Array =>
  Utf8.encode(
    history.map(({ end, reason, timeline }) => `${timeline}\t${Lsn.toText(end)}\t${reason}\n`).join("\n")
  )

/** Where the history left the timeline; `undefined` when it never was on it. */
export const endOf = (history: TimelineHistory, timeline: number): Lsn.Lsn | undefined =>
  history.find((entry) => entry.timeline === timeline)?.end

/** The timeline, of this history and of `timeline` whose history it is, that holds what stands behind this position. */
export const timelineAt = (history: TimelineHistory, timeline: number, position: Lsn.Lsn): number =>
  history.find(({ end }) => position < end)?.timeline ?? timeline
