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
import { PgMacAddress } from "../model/PgMacAddress.js"
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
 * Any Schema, for columns of this type: an OID, a name, or a list of which any is accepted. It decodes what the client's
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

/** `boolean` as `true` or `false`. */
export const Bool = plain(Oids.bool, "boolean", Schema.Boolean)
/** `smallint` as an integer from -32768 to 32767. */
export const Int2 = integer(Oids.int2, -0x8000, 0x7fff)
/** `integer` as an integer from -2147483648 to 2147483647. */
export const Int4 = integer(Oids.int4, -0x80000000, 0x7fffffff)
/** `bigint` as a `bigint`, exact over its whole range. As a number: `Int8AsNumber`; as text: `Int8AsString`. */
export const Int8 = bigint(Oids.int8, Int64.minimum, Int64.maximum)
/** `oid` as an integer from 0 to 4294967295. */
export const Oid = integer(Oids.oid, 0, maxUnsigned)
/** The number it is: 0.1 is 0.10000000149011612. */
export const Float4 = plain(Oids.float4, "number", Schema.Number)
/** `double precision` as a number, NaN and the infinities among them. */
export const Float8 = plain(Oids.float8, "number", Schema.Number)
/** `numeric` as a `Numeric`: every digit is kept, and NaN and the infinities are values. */
export const Numeric = values(Oids.numeric, "Numeric", (value) => value instanceof PgNumeric)

/** `text` as a string. */
export const Text = text(Oids.text)
/** `varchar(n)` as a string. */
export const Varchar = text(Oids.varchar)
/** `char(n)`, with its padding. */
export const Bpchar = text(Oids.bpchar)
/** `name`, the type of the catalogues' identifiers, as a string of at most 63 bytes. */
export const Name = text(Oids.name)
/** The type `"char"` of the catalogs: one byte. */
export const CharInternal = text(Oids.charInternal)
/** A column of `text`, `varchar`, `char(n)`, `name` or `citext`. */
export const AnyText = as(
  [Oids.text, Oids.varchar, Oids.bpchar, Oids.name, "citext"],
  Schema.String.annotations({ title: "string" })
)
/** `unknown`, the type of a literal that nothing gives a type, as a string. */
export const Unknown = text(Oids.unknown)
/** `cstring`, what input and output functions of types take and give, as a string. */
export const Cstring = text(Oids.cstring)
/** What a function without a result gives: the empty string. */
export const Void = text(Oids.voidType)

/** `bytea` as a `Uint8Array` of its own. Two values are equal when their bytes are. */
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
/** `uuid` as a string such as `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`. */
export const Uuid = matching(Oids.uuid, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)

/** `date` as a `PgDate`, without a time zone, the infinities among its values. As a `Date`: `DateFromDateUtc`. */
export const Date = values(Oids.date, "PgDate", (value) => value instanceof PgDate)
/** `time` as a `PgTime`, to the microsecond; 24:00 is a value of its own. */
export const Time = values(Oids.time, "PgTime", (value) => value instanceof PgTime)
/** `time with time zone` as a `PgTimeTz`, with the offset as it was stored. */
export const TimeTz = values(Oids.timetz, "PgTimeTz", (value) => value instanceof PgTimeTz)
/** `timestamp` as a `PgTimestamp`: what a clock shows, to the microsecond, in no time zone. */
export const Timestamp = values(Oids.timestamp, "PgTimestamp", (value) => value instanceof PgTimestamp)
/**
 * `timestamp with time zone` as a `PgTimestampTz`: an instant, to the microsecond. As a `Date`: `DateFromTimestampTz`.
 */
export const TimestampTz = values(
  Oids.timestamptz,
  "PgTimestampTz",
  (value) => value instanceof PgTimestampTz
)
/** `interval` as a `PgInterval`: months, days and microseconds apart, as the server keeps them. */
export const Interval = values(Oids.interval, "PgInterval", (value) => value instanceof PgInterval)

/** `regproc`: the name of a function, as the server prints it. */
export const Regproc = text(Oids.regproc)
/** `regprocedure`: the name of a function with the types of its arguments, as the server prints it. */
export const Regprocedure = text(Oids.regprocedure)
/** `regoper`: the name of an operator, as the server prints it. */
export const Regoper = text(Oids.regoper)
/** `regoperator`: an operator with the types of its arguments, as the server prints it. */
export const Regoperator = text(Oids.regoperator)
/** `regclass`: the name of a table, an index, a sequence or a view, as the server prints it. */
export const Regclass = text(Oids.regclass)
/** `regtype`: the name of a type, as the server prints it. */
export const Regtype = text(Oids.regtype)
/** `regconfig`: the name of a text search configuration, as the server prints it. */
export const Regconfig = text(Oids.regconfig)
/** `regdictionary`: the name of a text search dictionary, as the server prints it. */
export const Regdictionary = text(Oids.regdictionary)
/** `regnamespace`: the name of a schema, as the server prints it. */
export const Regnamespace = text(Oids.regnamespace)
/** `regrole`: the name of a role, as the server prints it. */
export const Regrole = text(Oids.regrole)
/** `regcollation`: the name of a collation, as the server prints it. */
export const Regcollation = text(Oids.regcollation)
/** Text of the server's locale. */
export const Money = text(Oids.money)
/** `xml` as the server's text. */
export const Xml = text(Oids.xml)
/** `refcursor`, the name of a cursor, as a string. */
export const Refcursor = text(Oids.refcursor)
/** `jsonpath` as the server's text. */
export const Jsonpath = text(Oids.jsonpath)

/** `inet` as a `PgInet`: an address with the length of its network. */
export const Inet = values(Oids.inet, "PgInet", (value) => value instanceof PgInet)
/** `cidr` as a `PgCidr`: a network, with no bit set right of its mask. */
export const Cidr = values(Oids.cidr, "PgCidr", (value) => value instanceof PgCidr)
const isMac =
  (size: number) =>
  (value: unknown): value is PgMacAddress =>
    value instanceof PgMacAddress && value.size === size
/** `macaddr` as a `PgMacAddress` of 6 bytes, such as `08:00:2b:01:02:03`. */
export const Macaddr = values(Oids.macaddr, "PgMacAddress", isMac(6))
/** `macaddr8` as a `PgMacAddress` of 8 bytes, such as `08:00:2b:ff:fe:01:02:03`. */
export const Macaddr8 = values(Oids.macaddr8, "PgMacAddress", isMac(8))
const isBits = (value: unknown): value is Bits => value instanceof Bits
/** `bit(n)` as a `BitString`. */
export const Bit = values(Oids.bit, "BitString", isBits)
/** `bit varying(n)` as a `BitString`. */
export const Varbit = values(Oids.varbit, "BitString", isBits)

/** `xid`, the number of a transaction without its epoch, as an integer from 0 to 4294967295. */
export const Xid = integer(Oids.xid, 0, maxUnsigned)
/** `cid`, the number of a command in its transaction, as an integer from 0 to 4294967295. */
export const Cid = integer(Oids.cid, 0, maxUnsigned)
/** `xid8`, the number of a transaction with its epoch, as a `bigint` below 2^64. */
export const Xid8 = bigint(Oids.xid8, 0n, Lsn.maximum)
/** `pg_lsn`, a position in the write-ahead log, as a `bigint` below 2^64. `Lsn.toText` prints it. */
export const PgLsn: Schema.Schema<Lsn.Lsn> = bigint(Oids.pgLsn, 0n, Lsn.maximum)
/** `tid`, the place of a row in its table, as a `PgTid` of block and offset. */
export const Tid = values(Oids.tid, "PgTid", (value) => value instanceof PgTid)
const isSnapshot = (value: unknown): value is Snapshot => value instanceof Snapshot
/** `pg_snapshot`, which transactions a session sees, as a `PgSnapshot`. */
export const PgSnapshot = values(Oids.pgSnapshot, "PgSnapshot", isSnapshot)
/** `txid_snapshot`, the older name of `pg_snapshot`, as a `PgSnapshot`. */
export const TxidSnapshot = values(Oids.txidSnapshot, "PgSnapshot", isSnapshot)
/** `int2vector` of the catalogues as an array of integers. */
export const Int2vector = plain(Oids.int2vector, "array of numbers", Schema.Array(Int2))
/** `oidvector` of the catalogues as an array of integers. */
export const Oidvector = plain(Oids.oidvector, "array of numbers", Schema.Array(Oid))

/** `point` as a `PgPoint`. As `{ x, y }`: `PointAsObject`. */
export const Point = values(Oids.point, "PgPoint", (value) => value instanceof PgPoint)
/** `line` as a `PgLine`: the factors of Ax + By + C = 0. */
export const Line = values(Oids.line, "PgLine", (value) => value instanceof PgLine)
/** `lseg`, the part of a line between two points, as a `PgLseg`. */
export const Lseg = values(Oids.lseg, "PgLseg", (value) => value instanceof PgLseg)
/** `box` as a `PgBox` of two corners, the upper right one first. */
export const Box = values(Oids.box, "PgBox", (value) => value instanceof PgBox)
/** `path`, open or closed, as a `PgPath`. */
export const Path = values(Oids.path, "PgPath", (value) => value instanceof PgPath)
/** `polygon` as a `PgPolygon`. */
export const Polygon = values(Oids.polygon, "PgPolygon", (value) => value instanceof PgPolygon)
/** `circle` as a `PgCircle`. As `{ x, y, radius }`: `CircleAsObject`. */
export const Circle = values(Oids.circle, "PgCircle", (value) => value instanceof PgCircle)

/** `tsvector`, the words of a document with their positions, as a `PgTsVector`. */
export const TsVector = values(Oids.tsvector, "PgTsVector", (value) => value instanceof PgTsVector)
/** `tsquery`, a search for words, as a `PgTsQuery`. */
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
