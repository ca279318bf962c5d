/** What a feed of the log gives: the log itself, and what happened on the way, in the order in which it happened. */
import type { Lsn } from "../../model/Lsn.js"
import type { PgTimestampTz } from "../../model/PgTimestampTz.js"
import type { TimelineHistoryFile } from "../walsender/Walsender.js"
import type { PhysicalError } from "./PhysicalFailure.js"

/** What is known of a feed when it is open. */
export interface PhysicalFacts {
  /** The cluster's identifier. Keep it with positions: they mean nothing on another cluster. */
  readonly systemId: string
  /** Of the server, such as 180004; `undefined` when it reports none. */
  readonly serverVersion: number | undefined
  /** Bytes of a segment file. */
  readonly segmentSize: number
  /** Where the feed begins, and on which timeline. */
  readonly start: Lsn
  readonly timeline: number
  /** The server's own timeline: greater when the feed begins in the server's past. */
  readonly serverTimeline: number
  /** The slot that is used; `undefined` for none. */
  readonly slot: string | undefined
  /** Whether this feed has made the slot. */
  readonly createdSlot: boolean
}

/** The first event. */
export interface PhysicalOpened {
  readonly _tag: "PhysicalOpened"
  readonly facts: PhysicalFacts
}

/** A piece of the log. The next begins where it ends. */
export interface WalData {
  readonly _tag: "WalData"
  readonly timeline: number
  readonly start: Lsn
  /** Behind the last byte. */
  readonly end: Lsn
  /** The consumer's: it is not written on again. */
  readonly data: Uint8Array
  /** The server's end of the log, and its clock, when it sent this. */
  readonly serverEnd: Lsn
  readonly serverTime: PgTimestampTz
}

/** The timeline has ended, as it does when a standby is promoted, and another goes on. */
export interface TimelineSwitched {
  readonly _tag: "TimelineSwitched"
  readonly from: number
  readonly to: number
  /** Where the one ends and the other begins. */
  readonly at: Lsn
  /** Where the log goes on: at `at`, or for an archive at the beginning of the segment that holds it. */
  readonly resumesAt: Lsn
  /** The new timeline's history file. */
  readonly history: TimelineHistoryFile
}

/** The connection was lost, for a reason that may pass; it will be opened again. */
export interface PhysicalLost {
  readonly _tag: "PhysicalLost"
  readonly reason: PhysicalError
  readonly position: Lsn
  readonly timeline: number
}

/** The log goes on, from the byte behind the last one. */
export interface PhysicalResumed {
  readonly _tag: "PhysicalResumed"
  readonly position: Lsn
  readonly timeline: number
  /** The server's own timeline: greater after a promotion, and then a `TimelineSwitched` follows. */
  readonly serverTimeline: number
}

/** An element of a feed of the log: pieces of it, and what happened to the link and the timeline between them. */
export type PhysicalEvent = PhysicalOpened | WalData | TimelineSwitched | PhysicalLost | PhysicalResumed
