/**
 * A Schema for every built-in type, annotated with the type. Its values are those that the lossless preset decodes, and the
 * columns of a query are read so, whatever preset the client has; NULL is not among them, `Schema.NullOr` adds it.
 *
 * @see https://www.postgresql.org/docs/current/datatype.html
 */
import * as Schema from "effect/Schema"
import { BitString as Bits } from "../model/BitString.js"
import { PgBox, PgCircle, PgLine, PgLseg, PgPath, PgPoint, PgPolygon } from "../model/Geometry.js"
import * as Int64 from "../model/Int64.js"
import * as Lsn from "../model/Lsn.js"
import { Numeric as PgNumeric } from "../model/Numeric.js"
import { PgCidr } from "../model/PgCidr.js"
import { PgDate } from "../model/PgDate.js"
import { PgInet } from "../model/PgInet.js"
import { PgInterval } from "../model/PgInterval.js"
import { PgSnapshot as Snapshot } from "../model/PgSnapshot.js"
import { PgTid } from "../model/PgTid.js"
import { PgTime } from "../model/PgTime.js"
import { PgTimeTz } from "../model/PgTimeTz.js"
import { PgTimestamp } from "../model/PgTimestamp.js"
import { PgTimestampTz } from "../model/PgTimestampTz.js"
import { PgTsQuery } from "../model/PgTsQuery.js"
import { PgTsVector } from "../model/PgTsVector.js"
import * as Oids from "../model/Oid.js"
import { plain, read, titled, values } from "./Declared.js"
import { GuardId } from "./Guard.js"
import type { PgTypeInput } from "./PgType.js"
import * as PgType from "./PgType.js"

/**
 * Any Schema, for columns of this type: an OID, a name, or several where any of them will do; then it is of what the client's
 * codec gives. For columns read by a codec of its own: `as(PgTypes.int8AsString, Schema.String)`.
 */
export const as = <S extends Schema.Annotable.All>(
  type: PgTypeInput | ReadonlyArray<PgTypeInput>,
  schema: S
): Schema.Annotable.Self<S> => PgType.annotate(schema, type)

/**
 * Any Schema, for columns of a type of the database's own, such as an enum: `type("mood", Schema.Literal("sad", "ok"))`.
 * The name is that of pg_type, with the schema before it or without. The columns of a result never have a domain for
 * their type, but the type under it.
 */
export const type = <S extends Schema.Annotable.All>(name: string, schema: S): Schema.Annotable.Self<S> =>
  PgType.annotate(schema, name)

const integer = (oid: number, least: number, most: number): Schema.Schema<number> =>
  read(
    oid,
    Schema.Number.pipe(
      Schema.filter((value) => Number.isInteger(value) && value >= least && value <= most, {
        ...titled("number", oid),
        arbitrary: () => (fc) => fc.integer({ min: least, max: most }),
        [GuardId]: (value: unknown) =>
          Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
        jsonSchema: { type: "integer", minimum: least, maximum: most }
      })
    )
  )

const bigint = (oid: number, least: bigint, most: bigint): Schema.Schema<bigint> =>
  read(
    oid,
    Schema.BigIntFromSelf.pipe(
      Schema.filter((value) => value >= least && value <= most, {
        ...titled("bigint", oid),
        arbitrary: () => (fc) => fc.bigInt({ min: least, max: most }),
        [GuardId]: (value: unknown) => typeof value === "bigint" && value >= least && value <= most
      })
    )
  )

const text = (oid: number): Schema.Schema<string> => plain(oid, "string", Schema.String)

const matching = (oid: number, pattern: RegExp): Schema.Schema<string> =>
  read(oid, Schema.String.pipe(Schema.pattern(pattern, titled("string", oid))))

const maxUnsigned = 2 ** 32 - 1

export const Bool = plain(Oids.bool, "boolean", Schema.Boolean)
export const Int2 = integer(Oids.int2, -0x8000, 0x7fff)
export const Int4 = integer(Oids.int4, -0x80000000, 0x7fffffff)
export const Int8 = bigint(Oids.int8, Int64.minimum, Int64.maximum)
export const Oid = integer(Oids.oid, 0, maxUnsigned)
/** The number it is: 0.1 is 0.10000000149011612. */
export const Float4 = plain(Oids.float4, "number", Schema.Number)
export const Float8 = plain(Oids.float8, "number", Schema.Number)
export const Numeric = values(Oids.numeric, "Numeric", (value) => value instanceof PgNumeric)

export const Text = text(Oids.text)
export const Varchar = text(Oids.varchar)
/** `char(n)`, with its padding. */
export const Bpchar = text(Oids.bpchar)
export const Name = text(Oids.name)
/** The type `"char"` of the catalogs: one byte. */
export const CharInternal = text(Oids.charInternal)
/** A column of `text`, `varchar`, `char(n)`, `name` or `citext`. */
export const AnyText = as(
  [Oids.text, Oids.varchar, Oids.bpchar, Oids.name, "citext"],
  Schema.String.annotations({ title: "string" })
)
export const Unknown = text(Oids.unknown)
export const Cstring = text(Oids.cstring)
/** What a function without a result gives: the empty string. */
export const Void = text(Oids.voidType)

export const Bytea: Schema.Schema<Uint8Array> = values(
  Oids.bytea,
  "Uint8Array",
  (value): value is Uint8Array => value instanceof Uint8Array
).annotations({
  equivalence: () => (self, that) =>
    self.length === that.length && self.every((byte, index) => byte === that[index])
})
/** As `JSON.parse` gives it; JSON's null is `null`, as NULL is. For a form of it: `as(Oid.json, schema)`. */
export const Json = plain(Oids.json, "JSON", Schema.Unknown)
/** As `JSON.parse` gives it; JSON's null is `null`, as NULL is. For a form of it: `as(Oid.jsonb, schema)`. */
export const Jsonb = plain(Oids.jsonb, "JSON", Schema.Unknown)
export const Uuid = matching(Oids.uuid, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)

export const Date = values(Oids.date, "PgDate", (value) => value instanceof PgDate)
export const Time = values(Oids.time, "PgTime", (value) => value instanceof PgTime)
export const TimeTz = values(Oids.timetz, "PgTimeTz", (value) => value instanceof PgTimeTz)
export const Timestamp = values(Oids.timestamp, "PgTimestamp", (value) => value instanceof PgTimestamp)
export const TimestampTz = values(
  Oids.timestamptz,
  "PgTimestampTz",
  (value) => value instanceof PgTimestampTz
)
export const Interval = values(Oids.interval, "PgInterval", (value) => value instanceof PgInterval)

export const Regproc = text(Oids.regproc)
export const Regprocedure = text(Oids.regprocedure)
export const Regoper = text(Oids.regoper)
export const Regoperator = text(Oids.regoperator)
export const Regclass = text(Oids.regclass)
export const Regtype = text(Oids.regtype)
export const Regconfig = text(Oids.regconfig)
export const Regdictionary = text(Oids.regdictionary)
export const Regnamespace = text(Oids.regnamespace)
export const Regrole = text(Oids.regrole)
export const Regcollation = text(Oids.regcollation)
/** Text of the server's locale. */
export const Money = text(Oids.money)
export const Xml = text(Oids.xml)
export const Refcursor = text(Oids.refcursor)
export const Jsonpath = text(Oids.jsonpath)

export const Inet = values(Oids.inet, "PgInet", (value) => value instanceof PgInet)
export const Cidr = values(Oids.cidr, "PgCidr", (value) => value instanceof PgCidr)
export const Macaddr = matching(Oids.macaddr, /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/)
export const Macaddr8 = matching(Oids.macaddr8, /^(?:[0-9a-f]{2}:){7}[0-9a-f]{2}$/)
const isBits = (value: unknown): value is Bits => value instanceof Bits
export const Bit = values(Oids.bit, "BitString", isBits)
export const Varbit = values(Oids.varbit, "BitString", isBits)

export const Xid = integer(Oids.xid, 0, maxUnsigned)
export const Cid = integer(Oids.cid, 0, maxUnsigned)
export const Xid8 = bigint(Oids.xid8, 0n, Lsn.maximum)
export const PgLsn: Schema.Schema<Lsn.Lsn> = bigint(Oids.pgLsn, 0n, Lsn.maximum)
export const Tid = values(Oids.tid, "PgTid", (value) => value instanceof PgTid)
const isSnapshot = (value: unknown): value is Snapshot => value instanceof Snapshot
export const PgSnapshot = values(Oids.pgSnapshot, "PgSnapshot", isSnapshot)
export const TxidSnapshot = values(Oids.txidSnapshot, "PgSnapshot", isSnapshot)
export const Int2vector = plain(Oids.int2vector, "array of numbers", Schema.Array(Int2))
export const Oidvector = plain(Oids.oidvector, "array of numbers", Schema.Array(Oid))

export const Point = values(Oids.point, "PgPoint", (value) => value instanceof PgPoint)
export const Line = values(Oids.line, "PgLine", (value) => value instanceof PgLine)
export const Lseg = values(Oids.lseg, "PgLseg", (value) => value instanceof PgLseg)
export const Box = values(Oids.box, "PgBox", (value) => value instanceof PgBox)
export const Path = values(Oids.path, "PgPath", (value) => value instanceof PgPath)
export const Polygon = values(Oids.polygon, "PgPolygon", (value) => value instanceof PgPolygon)
export const Circle = values(Oids.circle, "PgCircle", (value) => value instanceof PgCircle)

export const TsVector = values(Oids.tsvector, "PgTsVector", (value) => value instanceof PgTsVector)
export const TsQuery = values(Oids.tsquery, "PgTsQuery", (value) => value instanceof PgTsQuery)

/**
 * Anonymous records: an array of the values, or the server's text where it is all there is. For a form of it:
 * `as(Oid.record, Schema.Tuple(Int4, Text))`; for a composite type: `type("address", Schema.Struct({ … }))`.
 */
export const Record = as(
  Oids.record,
  Schema.declare(
    (value): value is ReadonlyArray<unknown> | string => Array.isArray(value) || typeof value === "string",
    { ...titled("array", Oids.record), pretty: () => String }
  )
)
