/**
 * Extended well-known binary: each figure has its own byte order and its own flags for z and m; the outermost may state a
 * spatial reference system.
 *
 * @see https://postgis.net/docs/using_postgis_dbmanagement.html#EWKB_EWKT
 */
import { ByteWriter } from "../bytes/ByteWriter.js"
import { type Figure, PgGeometry, type Position } from "../model/PgGeometry.js"

const zFlag = 0x80000000
const mFlag = 0x40000000
const sridFlag = 0x20000000

/** How many levels of figures may lie within a figure: as many as the server takes when it is sent them. */
export const deepest = 199

/** The kinds as the bytes name them. */
const codes: Readonly<Record<Figure["_tag"], number>> = {
  Point: 1,
  LineString: 2,
  Polygon: 3,
  MultiPoint: 4,
  MultiLineString: 5,
  MultiPolygon: 6,
  GeometryCollection: 7,
  CircularString: 8,
  CompoundCurve: 9,
  CurvePolygon: 10,
  MultiCurve: 11,
  MultiSurface: 12,
  PolyhedralSurface: 15,
  Tin: 16,
  Triangle: 17
}

const tags = new Map(Object.entries(codes).map(([tag, code]) => [code, tag as Figure["_tag"]]))

interface Header {
  readonly tag: Figure["_tag"]
  readonly hasZ: boolean
  readonly hasM: boolean
  readonly srid: number
}

const blank: Figure = { _tag: "GeometryCollection", figures: [] }

/** A walk over the bytes; the first failure sticks. */
class Walk {
  failure: string | undefined
  private at = 0
  private little = true
  private readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  fail(reason: string): void {
    this.failure ??= reason
  }

  get left(): number {
    return this.view.byteLength - this.at
  }

  private uint32(): number {
    if (this.left < 4) {
      this.fail("it ends too early")
      return 0
    }
    this.at += 4
    return this.view.getUint32(this.at - 4, this.little)
  }

  /** A number of things of at least `least` bytes each, 0 when there is no room for so many. */
  private count(least: number): number {
    const count = this.uint32()
    if (count * least <= this.left) return count
    this.fail(`${count} parts in ${this.left} bytes`)
    return 0
  }

  header(): Header | undefined {
    const order = this.left > 0 ? this.view.getUint8(this.at++) : -1
    if (order !== 0 && order !== 1) {
      this.fail("it has no byte order")
      return undefined
    }
    this.little = order === 1
    const word = this.uint32()
    const tag = tags.get(word & 0x1fffffff)
    if (tag === undefined) {
      this.fail(`a figure of the unknown kind ${word & 0x1fffffff}`)
      return undefined
    }
    const srid = (word & sridFlag) === 0 ? 0 : this.uint32() | 0
    return { tag, hasZ: (word & zFlag) !== 0, hasM: (word & mFlag) !== 0, srid }
  }

  figure({ hasM, hasZ, tag }: Header, levels: number): Figure {
    const width = 2 + (hasZ ? 1 : 0) + (hasM ? 1 : 0)
    switch (tag) {
      case "Point":
        if (this.left >= 8 * width) return { _tag: tag, position: this.position(width) }
        this.fail("it ends too early")
        return blank
      case "LineString":
      case "CircularString":
        return { _tag: tag, positions: this.positions(width) }
      case "Polygon":
      case "Triangle": {
        const count = this.count(4)
        const rings: Array<ReadonlyArray<Position>> = []
        for (let index = 0; index < count && this.failure === undefined; index++)
          rings.push(this.positions(width))
        return { _tag: tag, rings }
      }
      default:
        return { _tag: tag, figures: this.figures(levels) }
    }
  }

  private figures(levels: number): ReadonlyArray<Figure> {
    // A figure has at least its byte order, its kind and a number of parts.
    const count = this.count(9)
    const figures: Array<Figure> = []
    if (count > 0 && levels === 0) this.fail(`figures more than ${deepest} levels deep`)
    for (let index = 0; index < count && this.failure === undefined; index++) {
      const header = this.header()
      if (header !== undefined) figures.push(this.figure(header, levels - 1))
    }
    return figures
  }

  private position(width: number): Position {
    const numbers: Array<number> = []
    for (let index = 0; index < width; index++) {
      numbers.push(this.view.getFloat64(this.at, this.little))
      this.at += 8
    }
    return numbers
  }

  private positions(width: number): ReadonlyArray<Position> {
    const count = this.count(8 * width)
    const positions: Array<Position> = []
    for (let index = 0; index < count; index++) positions.push(this.position(width))
    return positions
  }
}

/** Reads a value, which keeps the bytes; a string is the reason why they are invalid. */
export const decode = (bytes: Uint8Array): PgGeometry | string => {
  const walk = new Walk(bytes)
  const header = walk.header()
  const figure = header === undefined ? blank : walk.figure(header, deepest)
  if (walk.failure === undefined && walk.left > 0) walk.fail(`${walk.left} bytes left over`)
  return walk.failure === undefined && header !== undefined
    ? new PgGeometry(bytes, figure, header.srid, header.hasZ, header.hasM)
    : `malformed geometry: ${walk.failure}`
}

/** What all of a figure's positions have; `undefined` of a figure without any. */
const firstPosition = (figure: Figure): Position | undefined => {
  switch (figure._tag) {
    case "Point":
      return figure.position
    case "LineString":
    case "CircularString":
      return figure.positions[0]
    case "Polygon":
    case "Triangle":
      return figure.rings.find((ring) => ring.length > 0)?.[0]
    default:
      for (const inner of figure.figures) {
        const position = firstPosition(inner)
        if (position !== undefined) return position
      }
      return undefined
  }
}

class Printer {
  readonly writer = new ByteWriter(256)

  constructor(
    private readonly width: number,
    private readonly flags: number
  ) {}

  figure(figure: Figure, srid: number): void {
    this.writer.uint8(0)
    this.writer.uint32((codes[figure._tag] | this.flags | (srid === 0 ? 0 : sridFlag)) >>> 0)
    if (srid !== 0) this.writer.int32(srid)
    switch (figure._tag) {
      case "Point":
        return this.position(figure.position)
      case "LineString":
      case "CircularString":
        return this.positions(figure.positions)
      case "Polygon":
      case "Triangle":
        this.writer.int32(figure.rings.length)
        for (const ring of figure.rings) this.positions(ring)
        return
      default:
        this.writer.int32(figure.figures.length)
        for (const inner of figure.figures) this.figure(inner, 0)
    }
  }

  private positions(positions: ReadonlyArray<Position>): void {
    this.writer.int32(positions.length)
    for (const position of positions) this.position(position)
  }

  private position(position: Position): void {
    for (let index = 0; index < this.width; index++) this.writer.float64(position[index] ?? NaN)
  }
}

/** The coordinates of a figure in addition to x and y. */
type Further = "z" | "m" | "zm"

const widthOf = (further: Further | undefined): number =>
  further === undefined ? 2 : further === "zm" ? 4 : 3

/**
 * The value of a figure. `srid`: the spatial reference system, 0 for none. The first position shows how many coordinates all
 * have; one that lacks some has NaN there. `further`: whether a third coordinate is `z`, the default, or `m`; and
 * which coordinates a figure without any position is to have, flat by default.
 */
export const geometry = (figure: Figure, srid = 0, further?: Further): PgGeometry => {
  const width = Math.min(4, Math.max(2, firstPosition(figure)?.length ?? widthOf(further)))
  const hasZ = width === 4 || (width === 3 && further !== "m")
  const hasM = width === 4 || (width === 3 && further === "m")
  const printer = new Printer(width, (hasZ ? zFlag : 0) | (hasM ? mFlag : 0))
  printer.figure(figure, srid)
  return new PgGeometry(printer.writer.detach(), figure, srid, hasZ, hasM)
}
