/** A conversation of `pgoutput` written as messages, and what a decoder makes of it. */
import * as Registry from "../../src/types/Registry.js"
import type { ChangeFailure } from "../../src/replication/changes/ChangeFailure.js"
import { ChangeDecoder, type Demand } from "../../src/replication/changes/ChangeDecoder.js"
import type { Partitions } from "../../src/replication/changes/Relations.js"
import type { LogicalEvent } from "../../src/replication/changes/LogicalEvent.js"
import { SpillBlock } from "../../src/replication/changes/SpillBlock.js"
import { PgTimestampTz } from "../../src/model/PgTimestampTz.js"
import type { MalformedMessage } from "../../src/wire/MalformedMessage.js"
import type { PgOutputMessage, StreamingMode } from "../../src/wire/replication/PgOutput.js"
import type * as PgOutput from "../../src/wire/replication/PgOutput.js"
import { encode } from "../../src/wire/replication/PgOutput.js"
import type { PgOutputTuple, TupleColumn } from "../../src/wire/replication/PgOutputTuple.js"
import * as WalMessage from "../../src/wire/replication/WalMessage.js"
import { WalView, xLogData } from "../../src/wire/replication/WalView.js"
import { bytes, written } from "../wire/bytes.js"

export const time = new PgTimestampTz(1, 2)

/** The payload of an `XLogData` with this message. */
export const payload = (message: PgOutputMessage, lsn = 0n): Uint8Array =>
  written((writer) =>
    WalMessage.encodeServer(writer, {
      _tag: "XLogData",
      start: lsn,
      end: lsn,
      time,
      data: written((inner) => encode(inner, message))
    })
  )

/** A consumer of a stream that keeps chunks in memory, in blocks of a few payloads. */
export class Consumer {
  readonly decoder: ChangeDecoder
  readonly events: Array<LogicalEvent> = []
  readonly demands: Array<Demand["_tag"]> = []
  readonly blocks = new Map<number, Array<Uint8Array>>()
  private readonly wal = new WalView()
  /** Called with the unknown types of a table that was described. */
  onDescribed: ((unknownTypes: ReadonlyArray<number>) => void) | undefined

  constructor(
    streaming: StreamingMode = "off",
    registry: Registry.Registry = Registry.lossless,
    private readonly blockSize = 100,
    partitions?: Partitions
  ) {
    this.decoder = new ChangeDecoder(registry, streaming, partitions)
  }

  /** Takes a payload; keepalives change nothing here. */
  take(payload: Uint8Array): ChangeFailure | MalformedMessage | null {
    const failure = this.wal.read(payload, 0, payload.length)
    if (failure !== null) return failure
    if (this.wal.tag !== xLogData) return null
    const step = this.decoder.next(payload, this.wal, this.events)
    if (step === null) return null
    switch (step._tag) {
      case "Spill": {
        this.demands.push(step._tag)
        const blocks = this.blocks.get(step.xid) ?? []
        this.blocks.set(step.xid, blocks)
        const block = new SpillBlock()
        const last = blocks.at(-1)
        block.append(payload, 0, payload.length)
        if (last === undefined || last.length >= this.blockSize) blocks.push(block.take())
        else blocks[blocks.length - 1] = bytes(last, block.take())
        return null
      }
      case "Discard":
        this.demands.push(step._tag)
        this.blocks.delete(step.xid)
        return null
      case "Replaying": {
        this.demands.push(step._tag)
        for (const block of this.blocks.get(step.xid) ?? []) {
          const failure = step.next(block, this.events)
          if (failure !== null) return failure
        }
        this.blocks.delete(step.xid)
        step.end(this.events)
        return null
      }
      case "Described":
        this.demands.push(step._tag)
        this.onDescribed?.(step.unknownTypes)
        return null
      case "Doubted":
        this.demands.push(step._tag)
        this.decoder.trust(step.transaction)
        return this.take(payload)
      default:
        return step
    }
  }

  /** Takes messages in order, at positions that grow; throws where one fails. */
  tell(...messages: ReadonlyArray<PgOutputMessage>): this {
    for (const message of messages) {
      const failure = this.take(payload(message, 0x10n))
      if (failure !== null)
        throw new Error(
          JSON.stringify(failure, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))
        )
    }
    return this
  }

  /** The failure that the last of the messages meets. */
  failureOf(...messages: ReadonlyArray<PgOutputMessage>): ChangeFailure | MalformedMessage | null {
    this.tell(...messages.slice(0, -1))
    return this.take(payload(messages.at(-1)!, 0x10n))
  }

  /** Its tag. */
  failing(...messages: ReadonlyArray<PgOutputMessage>): string {
    return this.failureOf(...messages)?._tag ?? "none"
  }
}

// Messages

export const begin = (xid: number, lsn = 1n): PgOutputMessage => ({
  _tag: "Begin",
  finalLsn: lsn,
  commitTime: time,
  xid
})
export const commit = (lsn = 1n): PgOutputMessage => ({
  _tag: "Commit",
  commitLsn: lsn,
  endLsn: lsn + 8n,
  commitTime: time
})
export const relation = (
  id: number,
  columns: ReadonlyArray<Partial<PgOutput.RelationColumn> & { readonly name: string }>,
  more: Partial<PgOutput.RelationMessage> = {}
): PgOutput.RelationMessage => ({
  _tag: "Relation",
  xid: undefined,
  id,
  namespace: "public",
  name: "t",
  identity: "default",
  columns: columns.map((column) => ({ key: false, typeOid: 25, typeModifier: -1, ...column })),
  ...more
})
export const text = (value: string): TupleColumn => ({ _tag: "Text", bytes: bytes(value) })
export const binary = (...value: ReadonlyArray<number>): TupleColumn => ({
  _tag: "Binary",
  bytes: bytes(...value)
})
export const Null: TupleColumn = { _tag: "Null" }
export const Same: TupleColumn = { _tag: "Unchanged" }
export const insert = (relationId: number, row: PgOutputTuple, xid?: number): PgOutputMessage => ({
  _tag: "Insert",
  xid,
  relationId,
  new: row
})
export const update = (
  relationId: number,
  old: PgOutput.OldTuple | undefined,
  row: PgOutputTuple,
  xid?: number
): PgOutputMessage => ({ _tag: "Update", xid, relationId, old, new: row })
export const remove = (relationId: number, old: PgOutput.OldTuple, xid?: number): PgOutputMessage => ({
  _tag: "Delete",
  xid,
  relationId,
  old
})
export const start = (xid: number, first = true): PgOutputMessage => ({ _tag: "StreamStart", xid, first })
export const stop: PgOutputMessage = { _tag: "StreamStop" }
export const streamCommit = (xid: number, lsn = 1n): PgOutputMessage => ({
  _tag: "StreamCommit",
  xid,
  commitLsn: lsn,
  endLsn: lsn + 8n,
  commitTime: time
})
export const abort = (xid: number, subxid = xid): PgOutputMessage => ({
  _tag: "StreamAbort",
  xid,
  subxid,
  detail: undefined
})
