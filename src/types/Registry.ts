/**
 * The types a client knows: an immutable table from OID to codec. It belongs to a client and never to the process;
 * adding a codec makes another registry.
 *
 * `lossless` gives every value exactly; `familiar` gives what users of node-postgres expect.
 */
import * as Oid from "../model/Oid.js"
import type { PgType } from "../model/PgType.js"
import * as TypeName from "../model/TypeName.js"
import * as Arrays from "./Arrays.js"
import * as Booleans from "./Booleans.js"
import * as Bytes from "./Bytes.js"
import * as Bits from "./Bits.js"
import type { Codec } from "./Codec.js"
import * as CheckedText from "./CheckedText.js"
import * as Composites from "./Composites.js"
import * as Dates from "./Dates.js"
import * as Floats from "./Floats.js"
import * as Integers from "./Integers.js"
import * as Intervals from "./Intervals.js"
import * as Json from "./Json.js"
import * as NamedCodec from "./NamedCodec.js"
import * as Names from "./Names.js"
import * as Networks from "./Networks.js"
import * as Numerics from "./Numerics.js"
import * as Ranges from "./Ranges.js"
import * as Geometries from "./Geometries.js"
import * as SystemIds from "./SystemIds.js"
import * as TextSearch from "./TextSearch.js"
import * as Texts from "./Texts.js"
import * as TypeTree from "./TypeTree.js"
import * as Times from "./Times.js"
import * as Timestamps from "./Timestamps.js"
import * as Uuids from "./Uuids.js"
import * as Values from "./Values.js"
import * as Vectors from "./Vectors.js"

/** Whether types found at run time that have a class of their own here are its values, or the server's text. */
export type Structured = "values" | "text"

const none: ReadonlySet<number> = new Set()

/** For each type the function that reads it from the server's text. */
export type ParserOf = (oid: number) => (text: string) => unknown

/**
 * Codecs by the OID of their type. Immutable: `with…` make another one. `PgTypes.lossless` and `PgTypes.familiar` are two.
 */
export class Registry {
  private constructor(
    private readonly codecs: Map<number, Codec>,
    private readonly bounds: Arrays.LowerBounds,
    private readonly structured: Structured,
    private readonly named: ReadonlyArray<NamedCodec.NamedCodec> = [],
    private readonly missing: ReadonlySet<number> = none,
    /** Whether parameters are written by `TextParameters`, whatever their type. */
    readonly hasTextParameters = false,
    /** Reads every type from its text, in place of the codecs. */
    private readonly parserOf?: ParserOf
  ) {
    if (structured === "text" || codecs.has(Oid.record)) return
    const record = Composites.record((oid) => (oid === Oid.record ? undefined : codecs.get(oid)))
    this.record = [record, Arrays.over(record, bounds)]
  }

  /** Anonymous records read their values by this very registry, and so each registry has its own. */
  private readonly record: readonly [one: Codec, array: Codec] | undefined

  /**
   * The registry of these codecs and the arrays over them; of two for one OID the later wins. `bounds`: whether
   * arrays that do not begin at 1 become a `PgArray` (`kept`, the default) or a plain array (`dropped`). `structured`:
   * what becomes of ranges, records and the like that are found at run time, `values` by default.
   */
  static make(
    codecs: Iterable<Codec>,
    bounds: Arrays.LowerBounds = "kept",
    structured: Structured = "values"
  ): Registry {
    return new Registry(extend(new Map(), codecs, bounds), bounds, structured)
  }

  /** The codec of a type, `undefined` when the type is not known. */
  lookup(oid: number): Codec | undefined {
    if (this.parserOf === undefined) return this.own(oid)
    const known = this.parsed.get(oid)
    if (known !== undefined) return known
    const parse = this.parserOf(oid)
    const made: Codec = {
      ...(this.own(oid) ?? Texts.textOnly(this.nameOf(oid), oid, 0)),
      decodeText: (reader, at, length) => parse(Texts.decodeString(reader, at, length)),
      decodeBinary: undefined
    }
    this.parsed.set(oid, made)
    return made
  }

  /** Codecs that `parserOf` has made. */
  private readonly parsed = new Map<number, Codec>()

  private own(oid: number): Codec | undefined {
    const found = this.codecs.get(oid)
    if (found !== undefined || this.record === undefined) return found
    return oid === Oid.record ? this.record[0] : oid === Oid.recordArray ? this.record[1] : undefined
  }

  /** This registry with one more codec, and with the array over it; it takes the place of another for the same OID. */
  with(codec: Codec): Registry {
    return this.withAll([codec])
  }

  /** This registry with several more codecs. */
  withAll(codecs: Iterable<Codec>): Registry {
    return this.extended(codecs, this.named)
  }

  private extended(
    codecs: Iterable<Codec>,
    named: ReadonlyArray<NamedCodec.NamedCodec>,
    missing: ReadonlySet<number> = this.missing
  ): Registry {
    return new Registry(
      extend(new Map(this.codecs), codecs, this.bounds),
      this.bounds,
      this.structured,
      named,
      missing,
      this.hasTextParameters,
      this.parserOf
    )
  }

  /**
   * This registry with every type read from the server's text by the function that `parserOf` gives for its OID, as node-postgres'
   * `types.getTypeParser` does; it is called once for each type. What it throws fails the statement with `PgCodecError`.
   */
  withTextParsers(parserOf: ParserOf): Registry {
    return new Registry(
      this.codecs,
      this.bounds,
      this.structured,
      this.named,
      this.missing,
      this.hasTextParameters,
      parserOf
    )
  }

  /**
   * This registry with parameters written as node-postgres writes them: the value alone decides, and the server infers the type from the
   * text. A `Date` is local time with its offset, an array is the text of a PostgreSQL array, another object is JSON, `undefined` is NULL; bytes
   * go as they are. For programs that were written for node-postgres. Values are read as before.
   */
  withTextParameters(): Registry {
    return new Registry(
      this.codecs,
      this.bounds,
      this.structured,
      this.named,
      this.missing,
      true,
      this.parserOf
    )
  }

  /**
   * This registry with a codec for a type whose OID is not known before it is met: an enum, a domain, a composite, a range, a
   * type of an extension, or one that would be the server's text. When a type of this name is found in the catalogue, `make`
   * gets the codec that it would have, and what it makes of it reads and writes the type, alone, in arrays, and in ranges,
   * composites and domains made of it. A name that is never met does nothing.
   *
   * `name`: `shop.colour`, or `colour` for that of any schema; as SQL writes it (`"Shop"."Colour"`, `integer`) or as the catalogue
   * has it, case kept and without quotes. An array follows its elements and has no name of its own. A type that has a codec here already gets its new one at once, and one
   * added later by `with` takes its place.
   *
   * `make` is called whenever types have been found, and so more than once. What it throws fails every statement that reads or
   * writes the type, with `PgCodecError`, whose `cause` it is.
   */
  withNamed(name: string, make: NamedCodec.MakeCodec): Registry {
    const { name: read, verbatim } = TypeName.of(name)
    const named = [{ names: [read, verbatim, name], make }]
    const known: Array<Codec> = []
    for (const codec of this.codecs.values()) {
      if (codec.name.endsWith("[]")) continue
      const own = NamedCodec.over(named, isBuiltIn(codec) ? "pg_catalog" : undefined, codec)
      if (own !== codec) known.push(own)
    }
    return this.extended(known, [...this.named, ...named])
  }

  /**
   * This registry with codecs for types of a catalogue: enums, domains, composites, ranges, multiranges, arrays of all these,
   * and types of extensions, whatever they are made of. A type that has a codec here keeps it; one that is named here gets
   * what is made of the one found. `missing`: OIDs that the catalogue was asked for and does not have.
   */
  withTypes(types: Iterable<PgType>, missing: Iterable<number> = none): Registry {
    const codecs = TypeTree.codecs(types, {
      lookup: (oid) => this.codecs.get(oid),
      bounds: this.bounds,
      structuredAsText: this.structured === "text",
      named: this.named
    })
    return this.extended(codecs, this.named, new Set([...this.missing, ...missing]))
  }

  /** Whether the catalogue was asked for this type and does not have it. */
  isMissing(oid: number): boolean {
    return this.missing.has(oid) && this.lookup(oid) === undefined
  }

  /** This registry with a check of every text that it reads: for a database of the encoding SQL_ASCII, whose bytes may be anything. */
  checkingText(): Registry {
    return this.withAll(CheckedText.among(this.codecs.values()))
  }

  /** Whether types are named here, so that a type that is met may be one of them. */
  get hasNames(): boolean {
    return this.named.length > 0
  }

  /** The type's name: its codec's, else the built-in one's, else `OID n`. */
  nameOf(oid: number): string {
    return this.codecs.get(oid)?.name ?? Oid.nameOf(oid)
  }
}

const isBuiltIn = ({ name, oid }: Codec): boolean => Oid.nameOf(oid) === name

const extend = (
  table: Map<number, Codec>,
  codecs: Iterable<Codec>,
  bounds: Arrays.LowerBounds
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
export const structured: ReadonlyArray<Codec> = [
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
  "dropped",
  "text"
)
