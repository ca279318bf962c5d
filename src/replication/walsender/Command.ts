/**
 * The commands of the replication protocol as text, for the server's version: what an older one does not know is refused
 * by name before anything is sent.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html
 */
import * as Either from "effect/Either"
import type { Lsn } from "../../model/Lsn.js"
import * as LsnText from "../../model/Lsn.js"
import type { PgUsageError } from "../../model/PgError.js"
import * as Quoting from "./Quoting.js"

/** The text of a command, or the reason why it cannot be built. */
export type Command = Either.Either<string, PgUsageError>

/** As `server_version_num` has it, such as 180004; `undefined` where the server does not report it: then the newest is assumed. */
export type ServerVersionNumber = number | undefined

/** Whether the server is of this major version or a later one. */
export const atLeast = (version: ServerVersionNumber, major: number): boolean =>
  version === undefined || version >= major * 10_000

/** Refuses what the server is too old for. */
export const needs = (
  version: ServerVersionNumber,
  major: number,
  key: string
): Either.Either<void, PgUsageError> =>
  atLeast(version, major)
    ? Either.void
    : Either.left(
        Quoting.refusal(key, `needs PostgreSQL ${major}, and the server is ${Math.floor(version! / 10_000)}`)
      )

/**
 * Who the server is: its identifier, its timeline, where its log ends, and the session's database.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-IDENTIFY-SYSTEM
 */
export const identifySystem = "IDENTIFY_SYSTEM"

/** A setting of the server, also on a physical session, which takes no SQL. Dotted names are taken apart. */
export const show = (setting: string): Command =>
  Either.map(
    Either.all(setting.split(".").map((part) => Quoting.name("setting", part))),
    (parts) => `SHOW ${parts.join(".")}`
  )

/** The history file of a timeline. The first timeline has no history file. */
export const timelineHistory = (timeline: number): Command =>
  Number.isInteger(timeline) && timeline >= 1 && timeline <= 0xffff_ffff
    ? Either.right(`TIMELINE_HISTORY ${timeline}`)
    : Either.left(Quoting.refusal("timeline", `must be a whole number from 1 to 4294967295, got ${timeline}`))

/** Where a physical slot stands. PostgreSQL 15. */
export const readSlot = (slot: string, version: ServerVersionNumber): Command =>
  Either.gen(function* () {
    yield* needs(version, 15, "READ_REPLICATION_SLOT")
    return `READ_REPLICATION_SLOT ${yield* Quoting.name("slot", slot)}`
  })

/** What becomes of the state of the database at the moment in which a logical slot begins. */
export type SlotSnapshot =
  /** Other sessions may import it, until the next command on the session that made the slot. */
  | "export"
  /** The transaction that makes the slot sees it. */
  | "use"
  /** It is not kept. */
  | "nothing"

/** The options of CREATE_REPLICATION_SLOT for a logical slot. */
export interface LogicalSlotOptions {
  /** The output plugin. Default `pgoutput`. */
  readonly plugin?: string
  /** Gone with the session, and with the first error on it. Default false. */
  readonly temporary?: boolean
  /** Default `nothing`: an exported snapshot holds back vacuum while it lives. */
  readonly snapshot?: SlotSnapshot
  /** Prepared transactions are sent when they are prepared. PostgreSQL 15. Default false. */
  readonly twoPhase?: boolean
  /** The slot is copied to standbys that synchronise slots. PostgreSQL 17. Default false. */
  readonly failover?: boolean
}

const legacySnapshot = {
  export: "EXPORT_SNAPSHOT",
  use: "USE_SNAPSHOT",
  nothing: "NOEXPORT_SNAPSHOT"
} as const

/**
 * Makes a logical slot.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-CREATE-REPLICATION-SLOT
 */
export const createLogicalSlot = (
  slot: string,
  options: LogicalSlotOptions,
  version: ServerVersionNumber
): Command =>
  Either.gen(function* () {
    const temporary = options.temporary === true ? " TEMPORARY" : ""
    const snapshot = options.snapshot ?? "nothing"
    const plugin = yield* Quoting.name("plugin", options.plugin ?? "pgoutput")
    const head = `CREATE_REPLICATION_SLOT ${yield* Quoting.name("slot", slot)}${temporary} LOGICAL ${plugin}`
    if (options.twoPhase === true) yield* needs(version, 15, "twoPhase")
    if (options.failover === true) yield* needs(version, 17, "failover")
    if (options.failover === true && options.temporary === true) {
      return yield* Either.left(
        Quoting.refusal("failover", "must not be true for a temporary slot, which is not copied to standbys")
      )
    }
    if (!atLeast(version, 15)) return `${head} ${legacySnapshot[snapshot]}`
    const list = [`SNAPSHOT '${snapshot}'`]
    if (options.twoPhase === true) list.push("TWO_PHASE")
    if (options.failover === true) list.push("FAILOVER")
    return `${head} (${list.join(", ")})`
  })

/** The options of CREATE_REPLICATION_SLOT for a physical slot. */
export interface PhysicalSlotOptions {
  /** Gone with the session, and with the first error on it. Default false. */
  readonly temporary?: boolean
  /** The log is kept from now on, and not from the first use. Default false. */
  readonly reserveWal?: boolean
}

/** Makes a physical slot. */
export const createPhysicalSlot = (
  slot: string,
  options: PhysicalSlotOptions,
  version: ServerVersionNumber
): Command =>
  Either.map(Quoting.name("slot", slot), (name) => {
    const temporary = options.temporary === true ? " TEMPORARY" : ""
    const reserve =
      options.reserveWal !== true ? "" : atLeast(version, 15) ? " (RESERVE_WAL)" : " RESERVE_WAL"
    return `CREATE_REPLICATION_SLOT ${name}${temporary} PHYSICAL${reserve}`
  })

/** What ALTER_REPLICATION_SLOT can change. PostgreSQL 17. */
export interface SlotChanges {
  /** PostgreSQL 17. */
  readonly failover?: boolean
  /** PostgreSQL 18. */
  readonly twoPhase?: boolean
}

/** Changes a slot that is not in use. PostgreSQL 17. */
export const alterSlot = (slot: string, changes: SlotChanges, version: ServerVersionNumber): Command =>
  Either.gen(function* () {
    yield* needs(version, 17, "ALTER_REPLICATION_SLOT")
    const list: Array<string> = []
    if (changes.failover !== undefined) list.push(`FAILOVER ${changes.failover}`)
    if (changes.twoPhase !== undefined) {
      yield* needs(version, 18, "twoPhase")
      list.push(`TWO_PHASE ${changes.twoPhase}`)
    }
    if (list.length === 0)
      return yield* Either.left(Quoting.refusal("changes", "must have at least one change"))
    return `ALTER_REPLICATION_SLOT ${yield* Quoting.name("slot", slot)} (${list.join(", ")})`
  })

/** Drops a slot; with `wait` once the session that uses it has let it go. */
export const dropSlot = (slot: string, wait: boolean): Command =>
  Either.map(Quoting.name("slot", slot), (name) => `DROP_REPLICATION_SLOT ${name}${wait ? " WAIT" : ""}`)

/** An option of an output plugin; without a value only its name is sent. */
export type PluginOption = readonly [name: string, value?: string]

/**
 * Begins a logical stream. From `0/0` the server goes on where the slot stands; a position before that is moved to it.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION-SLOT-LOGICAL
 */
export const startLogical = (slot: string, start: Lsn, options: ReadonlyArray<PluginOption>): Command =>
  Either.gen(function* () {
    const list: Array<string> = []
    for (const [key, value] of options) {
      const name = yield* Quoting.name(key, key)
      list.push(value === undefined ? name : `${name} ${yield* Quoting.literal(key, value)}`)
    }
    const where = `SLOT ${yield* Quoting.name("slot", slot)} LOGICAL ${yield* position(start)}`
    return `START_REPLICATION ${where}${list.length === 0 ? "" : ` (${list.join(", ")})`}`
  })

/** The arguments of START_REPLICATION for the log itself. */
export interface PhysicalStart {
  /** Without one the server keeps no log for this stream. */
  readonly slot?: string
  readonly start: Lsn
  /** Unless given, the server's own. */
  readonly timeline?: number
}

/** Begins a physical stream. */
export const startPhysical = ({ slot, start, timeline }: PhysicalStart): Command =>
  Either.gen(function* () {
    const named = slot === undefined ? "" : `SLOT ${yield* Quoting.name("slot", slot)} `
    if (timeline !== undefined) yield* timelineHistory(timeline)
    const on = timeline === undefined ? "" : ` TIMELINE ${timeline}`
    return `START_REPLICATION ${named}PHYSICAL ${yield* position(start)}${on}`
  })

const position = (start: Lsn): Command =>
  LsnText.isLsn(start)
    ? Either.right(LsnText.toText(start))
    : Either.left(
        Quoting.refusal("start", `must be a position from 0/0 to FFFFFFFF/FFFFFFFF, got ${String(start)}`)
      )
