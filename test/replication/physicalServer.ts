/** What a server sends in a physical stream, as steps of a script. */
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import type { Lsn } from "../../src/model/Lsn.js"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import type { BackendMessage } from "../../src/wire/BackendMessage.js"
import * as WalMessage from "../../src/wire/replication/WalMessage.js"
import { time } from "./payloads.js"
import { answer, identified } from "./scriptedSessions.js"

const { column, dataRow, expect, expectAny, readyForQuery, repeat, send, simpleQuery, startup } =
  ScriptedServer

const payload = (message: WalMessage.ServerWalMessage): Uint8Array => {
  const writer = new ByteWriter()
  WalMessage.encodeServer(writer, message)
  return writer.detach()
}

/** Bytes of the log that show where they are from. */
export const logBytes = (start: Lsn, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, index) => Number((start + BigInt(index)) % 251n))

/** A piece of the log. */
export const wal = (start: Lsn, size: number, end: Lsn = start + BigInt(size)): BackendMessage => ({
  _tag: "CopyData",
  data: payload({ _tag: "XLogData", start, end, time, data: logBytes(start, size) })
})

export const keepalive = (end: Lsn, replyRequested = false): BackendMessage => ({
  _tag: "CopyData",
  data: payload({ _tag: "PrimaryKeepalive", end, time, replyRequested })
})

export const copyBoth: BackendMessage = { _tag: "CopyBothResponse", format: 0, columnFormats: [] }

export interface OpeningOptions {
  readonly timeline?: number
  readonly end?: string
  /** What the server answers before START_REPLICATION. */
  readonly between?: ScriptedServer.Script
  readonly version?: string
  readonly system?: string
}

/** From the first packet to the last question before START_REPLICATION. */
export const opening = (options: OpeningOptions = {}): ScriptedServer.Script => [
  startup({ parameters: { server_version: options.version ?? "18.1" } }),
  identified(options.timeline ?? 1, options.end ?? "0/2000000", options.system),
  simpleQuery('SHOW "wal_segment_size"', [answer(["wal_segment_size"], ["16MB"])]),
  options.between ?? [],
  simpleQuery('SHOW "wal_sender_timeout"', [answer(["wal_sender_timeout"], ["1min"])])
]

/** The same of a session that is opened again. */
export const reopening = (options: OpeningOptions = {}): ScriptedServer.Script => [
  startup({ parameters: { server_version: options.version ?? "18.1" } }),
  identified(options.timeline ?? 1, options.end ?? "0/2000000", options.system),
  options.between ?? []
]

export const started = (command: string): ScriptedServer.Script => [
  expect({ _tag: "Query", sql: command }),
  send(copyBoth)
]

/** Takes reports, until the client closes its side; then the server sends this. */
export const untilCopyDone = (...messages: ReadonlyArray<BackendMessage>): ScriptedServer.Script => [
  expectAny("a report or CopyDone", (message) =>
    message._tag === "CopyDone" ? [send(...messages)] : untilCopyDone(...messages)
  )
]

/** The row that names the timeline that follows. */
export const nextTimeline = (timeline: string, start: string): ReadonlyArray<BackendMessage> => [
  { _tag: "RowDescription", columns: [column("next_tli", { typeOid: 20 }), column("next_tli_startpos")] },
  dataRow([timeline, start]),
  { _tag: "CommandComplete", commandTag: "START_STREAMING" },
  { _tag: "CommandComplete", commandTag: "START_REPLICATION" },
  readyForQuery()
]

/** Takes everything until the client ends, and answers a CopyDone as a server does that is at the end of its own timeline. */
export const politely: ScriptedServer.Script = [
  repeat(
    expectAny("anything", (message) =>
      message._tag === "CopyDone"
        ? [
            send(
              { _tag: "CopyDone" },
              { _tag: "CommandComplete", commandTag: "COPY 0" },
              { _tag: "CommandComplete", commandTag: "START_REPLICATION" },
              readyForQuery()
            )
          ]
        : []
    )
  )
]
