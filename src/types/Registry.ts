/**
 * The types a client knows: an immutable table from OID to codec. It belongs to a client and never to the process;
 * adding a codec makes another registry.
 *
 * `lossless` gives every value exactly; `familiar` gives what users of node-postgres expect.
 */
import * as Oid from "../model/Oid.js"
import * as Arrays from "./Arrays.js"
import * as Booleans from "./Booleans.js"
import * as Bytes from "./Bytes.js"
import * as Bits from "./Bits.js"
import type { Codec } from "./Codec.js"
import * as Dates from "./Dates.js"
import * as Floats from "./Floats.js"
import * as Integers from "./Integers.js"
import * as Intervals from "./Intervals.js"
import * as Json from "./Json.js"
import * as Names from "./Names.js"
import * as Networks from "./Networks.js"
import * as Numerics from "./Numerics.js"
import * as Ranges from "./Ranges.js"
import * as Geometries from "./Geometries.js"
import * as SystemIds from "./SystemIds.js"
import * as TextSearch from "./TextSearch.js"
import * as Texts from "./Texts.js"
import * as Times from "./Times.js"
import * as Timestamps from "./Timestamps.js"
import * as Uuids from "./Uuids.js"
import * as Values from "./Values.js"
import * as Vectors from "./Vectors.js"

export class Registry {
  private constructor(
    private readonly codecs: ReadonlyMap<number, Codec>,
    private readonly bounds: Arrays.Bounds
  ) {}

  /**
   * The registry of these codecs and the arrays over them; of two for one OID the later wins. `bounds`: whether
   * arrays that do not begin at 1 become a `PgArray` (`kept`, the default) or a plain array (`dropped`).
   */
  static make(codecs: Iterable<Codec>, bounds: Arrays.Bounds = "kept"): Registry {
    return new Registry(extend(new Map(), codecs, bounds), bounds)
  }

  /** The codec of a type, `undefined` when the type is not known. */
  lookup(oid: number): Codec | undefined {
    return this.codecs.get(oid)
  }

  /** This registry with one more codec, and with the array over it; it takes the place of another for the same OID. */
  with(codec: Codec): Registry {
    return this.withAll([codec])
  }

  /** This registry with several more codecs. */
  withAll(codecs: Iterable<Codec>): Registry {
    return new Registry(extend(new Map(this.codecs), codecs, this.bounds), this.bounds)
  }

  /** The type's name: its codec's, else the built-in one's, else `OID n`. */
  nameOf(oid: number): string {
    return this.codecs.get(oid)?.name ?? Oid.nameOf(oid)
  }
}

const extend = (
  table: Map<number, Codec>,
  codecs: Iterable<Codec>,
  bounds: Arrays.Bounds
): Map<number, Codec> => {
  for (const codec of codecs) {
    table.set(codec.oid, codec)
    if (codec.arrayOid !== 0) table.set(codec.arrayOid, Arrays.over(codec, bounds))
  }
  return table
}

const exact: ReadonlyArray<Codec> = [
  Booleans.bool,
  Integers.int2,
  Integers.int4,
  Integers.int8,
  Integers.oid,
  Floats.float4,
  Floats.float8,
  Texts.text,
  Texts.varchar,
  Texts.bpchar,
  Texts.name,
  Texts.charInternal,
  Texts.unknown,
  Texts.cstring,
  Texts.voidType,
  Numerics.numeric,
  Bytes.bytea,
  Json.json,
  Json.jsonb,
  Uuids.uuid,
  Dates.date,
  Times.time,
  Times.timetz,
  Timestamps.timestamp,
  Timestamps.timestamptz,
  Intervals.interval,
  ...Names.all
]

/** Types that node-postgres leaves as the server's text. */
const structured: ReadonlyArray<Codec> = [
  ...Ranges.all,
  ...Networks.all,
  ...Bits.all,
  ...SystemIds.all,
  ...Vectors.all,
  ...Geometries.all,
  ...TextSearch.all
]

/** Every value exactly as the server holds it. The default. */
export const lossless: Registry = Registry.make([...exact, ...structured])

/** As node-postgres decodes, with `pg-types` 2.2. */
export const familiar: Registry = Registry.make(
  [
    ...exact,
    ...structured.map(Values.asText),
    Integers.int8AsString,
    Floats.float4AsPrinted,
    ...[Texts.text, Texts.varchar, Texts.bpchar, Texts.name, Texts.unknown, Texts.cstring].map(Texts.loosely),
    Numerics.numericAsString,
    // node-postgres reads numbers in arrays as doubles, and only there.
    Arrays.over(Numerics.numericAsNumber, "dropped"),
    Bytes.byteaAsBuffer,
    Json.jsonFamiliar,
    Json.jsonbFamiliar,
    Dates.dateAsLocalDate,
    Times.timeAsText,
    Times.timetzAsText,
    Timestamps.timestampAsLocalDate,
    Timestamps.timestamptzAsDate,
    Intervals.intervalAsFields,
    Geometries.pointAsObject,
    Geometries.circleAsObject
  ],
  "dropped"
)
