/**
 * Makes codecs from the catalogue's types, each after the types it is made of. When a type inside another is unknown (a
 * type in C of an unknown extension, a type that the catalogue did not return), its value is the server's text, and the
 * whole outer type is sent and read as text.
 */
import type { PgType } from "../model/PgType.js"
import * as Arrays from "./Arrays.js"
import type { Codec } from "./Codec.js"
import * as Composites from "./Composites.js"
import * as Domains from "./Domains.js"
import * as Enums from "./Enums.js"
import * as Extensions from "./Extensions.js"
import * as NamedCodec from "./NamedCodec.js"
import * as Ranges from "./Ranges.js"
import * as Texts from "./Texts.js"
import * as Values from "./Values.js"

/**
 * How many types may lie within each other. Beyond it, and where a type contains itself, which the server does not allow, the
 * inner type is text.
 */
export const deepest = 32

export interface GivenCodecs {
  /** The codecs there are. They take precedence over the catalogue's types. */
  readonly lookup: (oid: number) => Codec | undefined
  readonly bounds: Arrays.LowerBounds
  /** Ranges and values with a class of their own as the server's text, as node-postgres has them. */
  readonly structuredAsText: boolean
  /** Types that the application has named for codecs of its own. */
  readonly named: ReadonlyArray<NamedCodec.NamedCodec>
}

class Resolver {
  private readonly types: ReadonlyMap<number, PgType>
  private readonly done = new Map<number, Codec>()
  private readonly open = new Set<number>()

  constructor(
    types: Iterable<PgType>,
    private readonly given: GivenCodecs
  ) {
    this.types = new Map(Array.from(types, (type) => [type.oid, type]))
  }

  all(): ReadonlyArray<Codec> {
    const codecs: Array<Codec> = []
    for (const type of this.types.values()) {
      if (type.shape._tag === "Pseudo" || this.given.lookup(type.oid) !== undefined) continue
      codecs.push(this.resolve(type.oid))
    }
    return codecs
  }

  private resolve(oid: number): Codec {
    const known = this.given.lookup(oid) ?? this.done.get(oid)
    if (known !== undefined) return known
    const type = this.types.get(oid)
    if (type === undefined) return Texts.textOnly(`OID ${oid}`, oid, 0)
    if (this.open.has(oid) || this.open.size >= deepest) return asText(type)
    this.open.add(oid)
    const found = this.make(type)
    // An array follows its elements.
    const codec = type.shape._tag === "Array" ? found : NamedCodec.over(this.given.named, type.schema, found)
    this.open.delete(oid)
    this.done.set(oid, codec)
    return codec
  }

  private make(type: PgType): Codec {
    const { delimiter, shape } = type
    switch (shape._tag) {
      case "Enum":
        return { ...Enums.over(type), delimiter }
      case "Domain":
        return { ...Domains.over(type, this.resolve(shape.base)), delimiter }
      case "Composite": {
        const fields = shape.fields.map((field) => ({ name: field.name, codec: this.resolve(field.type) }))
        return { ...Composites.over(names(type), fields, shape.attributes), delimiter }
      }
      case "Range":
        return this.structured({ ...Ranges.over(names(type), this.resolve(shape.subtype)), delimiter })
      case "Multirange":
        return this.structured({ ...Ranges.multiOver(names(type), this.resolve(shape.subtype)), delimiter })
      case "Array":
        return this.array(type, shape.element)
      case "Base": {
        const make = Extensions.find(shape.extension, type.name)
        if (make === undefined || shape.extension === null) return asText(type)
        const codec = { ...make(names(type)), delimiter }
        return Extensions.isStructured(shape.extension) ? this.structured(codec) : codec
      }
      case "Pseudo":
        return asText(type)
    }
  }

  private array(type: PgType, element: number): Codec {
    const inner = this.resolve(element)
    // Only a codec that knows of its array can stand in it: a text in place of a type that contains itself does not.
    return inner.arrayOid === type.oid ? Arrays.over(inner, this.given.bounds) : asText(type)
  }

  private structured(codec: Codec): Codec {
    return this.given.structuredAsText ? Values.asText(codec) : codec
  }
}

const names = ({ arrayOid, name, oid }: PgType) => ({ name, oid, arrayOid })

const asText = (type: PgType): Codec => ({
  ...Texts.textOnly(type.name, type.oid, type.arrayOid),
  delimiter: type.delimiter,
  encodeText: Texts.encodeUnknown
})

/** The codecs of these types, save for those that are there already and for pseudo-types. */
export const codecs = (types: Iterable<PgType>, given: GivenCodecs): ReadonlyArray<Codec> =>
  new Resolver(types, given).all()
