/**
 * Identifiers of the server's inside: `xid` and `cid` as numbers, `xid8` and `pg_lsn` as bigints, `tid`, `pg_snapshot` and
 * `txid_snapshot` as values of their own.
 *
 * As parameters they take these, and strings in the server's form; `xid8` takes safe whole numbers too.
 *
 * @see https://www.postgresql.org/docs/current/datatype-oid.html
 */
import * as Option from "effect/Option"
import * as Lsn from "../model/Lsn.js"
import * as Oid from "../model/Oid.js"
import { PgSnapshot } from "../model/PgSnapshot.js"
import { PgTid } from "../model/PgTid.js"
import type { Codec } from "./Codec.js"
import * as Integers from "./Integers.js"
import * as Values from "./Values.js"

export const xid: Codec<number> = { ...Integers.oid, name: "xid", oid: Oid.xid, arrayOid: Oid.xidArray }
export const cid: Codec<number> = { ...Integers.oid, name: "cid", oid: Oid.cid, arrayOid: Oid.cidArray }

const most = 2n ** 64n - 1n

const xidOf = (value: unknown): bigint | undefined => {
  if (typeof value === "bigint") return value >= 0n && value <= most ? value : undefined
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
}

export const xid8: Codec<bigint> = Values.make({
  name: "xid8",
  oid: Oid.xid8,
  arrayOid: Oid.xid8Array,
  noun: "an xid8",
  takes: "bigint or whole number from 0 to 2^64-1",
  blank: 0n,
  parse: (text) => (/^\d{1,20}$/.test(text) ? xidOf(BigInt(text)) : undefined),
  of: xidOf,
  read: Values.sized(8, (reader, at) => reader.view.getBigUint64(at)),
  write: (writer, value) => writer.int64(BigInt.asIntN(64, value))
})

export const pgLsn: Codec<Lsn.Lsn> = Values.make({
  name: "pg_lsn",
  oid: Oid.pgLsn,
  arrayOid: Oid.pgLsnArray,
  noun: "a pg_lsn",
  takes: "bigint from 0 to 2^64-1",
  blank: Lsn.zero,
  parse: (text) => Option.getOrUndefined(Lsn.fromText(text)),
  print: Lsn.toText,
  of: (value) => (Lsn.isLsn(value) ? value : undefined),
  read: Values.sized(8, (reader, at) => reader.view.getBigUint64(at)),
  write: (writer, value) => writer.int64(BigInt.asIntN(64, value))
})

export const tid: Codec<PgTid> = Values.make({
  name: "tid",
  oid: Oid.tid,
  arrayOid: Oid.tidArray,
  noun: "a tid",
  takes: "PgTid",
  blank: new PgTid(0, 0),
  parse: (text) => Option.getOrUndefined(PgTid.fromText(text)),
  of: (value) =>
    value instanceof PgTid ? Option.getOrUndefined(PgTid.make(value.block, value.offset)) : undefined,
  read: Values.sized(6, ({ view }, at) => new PgTid(view.getUint32(at), view.getUint16(at + 4))),
  write: (writer, value) => {
    writer.uint32(value.block)
    writer.int16(value.offset)
  }
})

const snapshot = (name: string, oid: number, arrayOid: number): Codec<PgSnapshot> =>
  Values.make({
    name,
    oid,
    arrayOid,
    noun: `a ${name}`,
    takes: "PgSnapshot",
    blank: new PgSnapshot(1n, 1n, []),
    parse: (text) => Option.getOrUndefined(PgSnapshot.fromText(text)),
    of: (value) =>
      value instanceof PgSnapshot
        ? Option.getOrUndefined(PgSnapshot.make(value.xmin, value.xmax, value.running))
        : undefined,
    read: (reader, at, length) => {
      const count = length < 20 ? -1 : reader.view.getInt32(at)
      if (count < 0 || length !== 20 + 8 * count) {
        reader.fail(
          length < 20 ? `a ${name} needs 20 bytes, got ${length}` : `a ${name} of ${count} in ${length} bytes`
        )
        return undefined
      }
      const number = (index: number): bigint => reader.view.getBigUint64(at + 4 + 8 * index)
      const running = Array.from({ length: count }, (_, index) => number(index + 2))
      const value = PgSnapshot.make(number(0), number(1), running)
      if (Option.isNone(value)) reader.fail(`a ${name} whose numbers are out of order`)
      return Option.getOrUndefined(value)
    },
    write: (writer, value) => {
      writer.int32(value.running.length)
      writer.int64(BigInt.asIntN(64, value.xmin))
      writer.int64(BigInt.asIntN(64, value.xmax))
      for (const running of value.running) writer.int64(BigInt.asIntN(64, running))
    }
  })

export const pgSnapshot = snapshot("pg_snapshot", Oid.pgSnapshot, Oid.pgSnapshotArray)
export const txidSnapshot = snapshot("txid_snapshot", Oid.txidSnapshot, Oid.txidSnapshotArray)

/** Those that node-postgres leaves as text. */
export const all = [xid, cid, xid8, pgLsn, tid, pgSnapshot, txidSnapshot] as const
