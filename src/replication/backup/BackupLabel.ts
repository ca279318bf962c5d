/**
 * Reads `backup_label`: where a backup begins, and from which backup an incremental one is taken.
 *
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import { isTimeline } from "../../wire/replication/TimelineHistory.js"

/** A place in the log. */
export interface LabelPlace {
  readonly position: Lsn
  readonly timeline: number
}

export interface BackupLabel {
  readonly start: LabelPlace
  /** Of an incremental backup, the start of the one before; `undefined` for a full one. */
  readonly from: LabelPlace | undefined
}

const lineOf = (text: string, key: string): string | undefined =>
  new RegExp(`^${key}: (\\S+)`, "m").exec(text)?.[1]

const place = (position: string | undefined, timeline: string | undefined): LabelPlace | undefined => {
  const lsn = LsnText.fromText(position ?? "")
  const number = Number(timeline)
  return Option.isSome(lsn) && isTimeline(number) ? { position: lsn.value, timeline: number } : undefined
}

/** Left: why it cannot be read. */
export const parse = (text: string): Either.Either<BackupLabel, string> => {
  const start = place(lineOf(text, "START WAL LOCATION"), lineOf(text, "START TIMELINE"))
  if (start === undefined) return Either.left("it has no START WAL LOCATION and START TIMELINE")
  const lsn = lineOf(text, "INCREMENTAL FROM LSN")
  const timeline = lineOf(text, "INCREMENTAL FROM TLI")
  if (lsn === undefined && timeline === undefined) return Either.right({ start, from: undefined })
  const from = place(lsn, timeline)
  return from === undefined
    ? Either.left("its INCREMENTAL FROM LSN and INCREMENTAL FROM TLI cannot be read")
    : Either.right({ start, from })
}

/** The label of the backup that is put together: it is a full one. */
export const withoutFrom = (text: string): string => text.replace(/^INCREMENTAL FROM (?:LSN|TLI):.*\n?/gm, "")
