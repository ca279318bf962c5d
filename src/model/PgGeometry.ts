import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import { Printed } from "./Printed.js"

/** x and y, then z, then m, as far as the geometry has them. An empty point has NaN in all of them. */
export type Position = ReadonlyArray<number>

/** The figures of the OGC and of SQL/MM, with the coordinates they are made of. */
export type Figure =
  | { readonly _tag: "Point"; readonly position: Position }
  | { readonly _tag: "LineString" | "CircularString"; readonly positions: ReadonlyArray<Position> }
  /** Rings, the outer one first. */
  | { readonly _tag: "Polygon" | "Triangle"; readonly rings: ReadonlyArray<ReadonlyArray<Position>> }
  | {
      readonly _tag:
        | "MultiPoint"
        | "MultiLineString"
        | "MultiPolygon"
        | "GeometryCollection"
        | "CompoundCurve"
        | "CurvePolygon"
        | "MultiCurve"
        | "MultiSurface"
        | "PolyhedralSurface"
        | "Tin"
      readonly figures: ReadonlyArray<Figure>
    }

/**
 * A value of PostGIS, of the types `geometry` and `geography`: the extended well-known binary as it came, and the facts in its header.
 * Equal when the bytes are.
 *
 * @see https://postgis.net/docs/using_postgis_dbmanagement.html#EWKB_EWKT
 */
export class PgGeometry extends Printed {
  /**
   * Not checked: that the other arguments agree with the bytes. `PgTypes.geometry` makes the bytes of a figure.
   */
  constructor(
    /** Kept and not to be changed. */
    readonly bytes: Uint8Array,
    readonly figure: Figure,
    /** 0 when none is stated. */
    readonly srid: number,
    readonly hasZ: boolean,
    readonly hasM: boolean
  ) {
    super()
  }

  get type(): Figure["_tag"] {
    return this.figure._tag
  }

  /** The bytes as hexadecimal digits in upper case, as the server prints them. */
  toString(): string {
    let text = ""
    for (const byte of this.bytes) text += hex[byte]!
    return text
  }

  override [Equal.symbol](that: Equal.Equal): boolean {
    return (
      that instanceof PgGeometry &&
      that.bytes.length === this.bytes.length &&
      this.bytes.every((byte, index) => byte === that.bytes[index])
    )
  }

  override [Hash.symbol](): number {
    return Hash.cached(this, Hash.array([...this.bytes]))
  }
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0").toUpperCase())
