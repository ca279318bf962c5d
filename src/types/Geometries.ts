/**
 * `point`, `line`, `lseg`, `box`, `path`, `polygon` and `circle`. In the familiar preset points and circles are plain
 * objects `{ x, y }` and `{ x, y, radius }`, as node-postgres gives them, and the others are the server's text.
 *
 * As parameters they take the shapes of the `Geometry` model (points and circles also as those plain objects), and
 * strings, which go to the server as they are: for their sake parameters of these types travel as text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-geometric.html
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { PgBox, PgCircle, PgLine, PgLseg, PgPath, PgPoint, PgPolygon } from "../model/Geometry.js"
import * as Oid from "../model/Oid.js"
import type { Codec } from "./Codec.js"
import * as Floats from "./Floats.js"
import { between, isPair, pointOf, pointsOf, within } from "./PointText.js"
import * as Values from "./Values.js"

const origin = new PgPoint(0, 0)

const readPoint = (reader: ByteReader, at: number): PgPoint =>
  new PgPoint(reader.view.getFloat64(at), reader.view.getFloat64(at + 8))

const writePoint = (writer: ByteWriter, point: PgPoint): void => {
  writer.float64(point.x)
  writer.float64(point.y)
}

const isXY = (value: unknown): value is { readonly x: number; readonly y: number } =>
  typeof value === "object" &&
  value !== null &&
  "x" in value &&
  "y" in value &&
  typeof value.x === "number" &&
  typeof value.y === "number"

export const point: Codec<PgPoint> = Values.make({
  name: "point",
  oid: Oid.point,
  arrayOid: Oid.pointArray,
  noun: "a point",
  takes: "PgPoint, { x, y }",
  blank: origin,
  parse: pointOf,
  of: (value) => (value instanceof PgPoint ? value : isXY(value) ? new PgPoint(value.x, value.y) : undefined),
  read: Values.sized(16, readPoint),
  write: writePoint
})

export const line: Codec<PgLine> = Values.make({
  name: "line",
  oid: Oid.line,
  arrayOid: Oid.lineArray,
  noun: "a line",
  takes: "PgLine",
  blank: new PgLine(0, 0, 0),
  parse: (text) => {
    const numbers = between(text, "{", "}")?.split(",").map(Floats.parse)
    if (numbers?.length !== 3) return undefined
    const [a, b, c] = numbers
    return a === undefined || b === undefined || c === undefined ? undefined : new PgLine(a, b, c)
  },
  of: (value) => (value instanceof PgLine ? value : undefined),
  read: Values.sized(
    24,
    ({ view }, at) => new PgLine(view.getFloat64(at), view.getFloat64(at + 8), view.getFloat64(at + 16))
  ),
  write: (writer, value) => {
    for (const number of value.numbers) writer.float64(number)
  }
})

export const lseg: Codec<PgLseg> = Values.make({
  name: "lseg",
  oid: Oid.lseg,
  arrayOid: Oid.lsegArray,
  noun: "an lseg",
  takes: "PgLseg",
  blank: new PgLseg(origin, origin),
  parse: (text) => {
    const points = within(text, "[", "]")
    return isPair(points) ? new PgLseg(...points) : undefined
  },
  of: (value) => (value instanceof PgLseg ? value : undefined),
  read: Values.sized(32, (reader, at) => new PgLseg(readPoint(reader, at), readPoint(reader, at + 16))),
  write: (writer, value) => {
    writePoint(writer, value.start)
    writePoint(writer, value.end)
  }
})

/** The one type whose arrays have semicolons between elements. */
export const box: Codec<PgBox> = Values.make({
  name: "box",
  oid: Oid.box,
  arrayOid: Oid.boxArray,
  delimiter: ";",
  noun: "a box",
  takes: "PgBox",
  blank: new PgBox(origin, origin),
  parse: (text) => {
    const points = pointsOf(text)
    return isPair(points) ? new PgBox(...points) : undefined
  },
  of: (value) => (value instanceof PgBox ? value : undefined),
  read: Values.sized(32, (reader, at) => new PgBox(readPoint(reader, at), readPoint(reader, at + 16))),
  write: (writer, value) => {
    writePoint(writer, value.upperRight)
    writePoint(writer, value.lowerLeft)
  }
})

/** A count and as many points, to the end of the value. */
const readPoints = (reader: ByteReader, at: number, length: number): ReadonlyArray<PgPoint> | undefined => {
  const count = length < 4 ? -1 : reader.view.getInt32(at)
  if (count < 0 || length !== 4 + 16 * count) {
    reader.fail(length < 4 ? "points without their count" : `${count} points in ${length} bytes`)
    return undefined
  }
  return Array.from({ length: count }, (_, index) => readPoint(reader, at + 4 + 16 * index))
}

const writePoints = (writer: ByteWriter, points: ReadonlyArray<PgPoint>): void => {
  writer.int32(points.length)
  for (const each of points) writePoint(writer, each)
}

export const path: Codec<PgPath> = Values.make({
  name: "path",
  oid: Oid.path,
  arrayOid: Oid.pathArray,
  noun: "a path",
  takes: "PgPath",
  blank: new PgPath([], false),
  parse: (text) => {
    const closed = text.startsWith("(")
    const points = closed ? within(text, "(", ")") : within(text, "[", "]")
    return points === undefined ? undefined : new PgPath(points, closed)
  },
  of: (value) => (value instanceof PgPath ? value : undefined),
  read: (reader, at, length) => {
    const closed = length === 0 ? -1 : reader.bytes[at]!
    if (closed !== 0 && closed !== 1) {
      reader.fail(length === 0 ? "a path of 0 bytes" : `a path whose flag is ${closed}`)
      return undefined
    }
    const points = readPoints(reader, at + 1, length - 1)
    return points === undefined ? undefined : new PgPath(points, closed === 1)
  },
  write: (writer, value) => {
    writer.uint8(value.closed ? 1 : 0)
    writePoints(writer, value.points)
  }
})

export const polygon: Codec<PgPolygon> = Values.make({
  name: "polygon",
  oid: Oid.polygon,
  arrayOid: Oid.polygonArray,
  noun: "a polygon",
  takes: "PgPolygon",
  blank: new PgPolygon([]),
  parse: (text) => {
    const points = within(text, "(", ")")
    return points === undefined ? undefined : new PgPolygon(points)
  },
  of: (value) => (value instanceof PgPolygon ? value : undefined),
  read: (reader, at, length) => {
    const points = readPoints(reader, at, length)
    return points === undefined ? undefined : new PgPolygon(points)
  },
  write: (writer, value) => writePoints(writer, value.points)
})

export const circle: Codec<PgCircle> = Values.make({
  name: "circle",
  oid: Oid.circle,
  arrayOid: Oid.circleArray,
  noun: "a circle",
  takes: "PgCircle, { x, y, radius }",
  blank: new PgCircle(origin, 0),
  parse: (text) => {
    const inner = between(text, "<", ">") ?? ""
    const at = inner.lastIndexOf(",")
    const center = at < 0 ? undefined : pointOf(inner.slice(0, at))
    const radius = at < 0 ? undefined : Floats.parse(inner.slice(at + 1))
    return center === undefined || radius === undefined ? undefined : new PgCircle(center, radius)
  },
  of: (value) => {
    if (value instanceof PgCircle) return value
    return isXY(value) && "radius" in value && typeof value.radius === "number"
      ? new PgCircle(new PgPoint(value.x, value.y), value.radius)
      : undefined
  },
  read: Values.sized(
    24,
    (reader, at) => new PgCircle(readPoint(reader, at), reader.view.getFloat64(at + 16))
  ),
  write: (writer, value) => {
    writePoint(writer, value.center)
    writer.float64(value.radius)
  }
})

export const all = [point, line, lseg, box, path, polygon, circle] as const

/** The same codec with its values given in another form. */
const as = <A, B>(codec: Codec<A>, change: (value: A) => B): Codec<B> => ({
  ...codec,
  decodeText: (reader, at, length) => change(codec.decodeText(reader, at, length)),
  decodeBinary: (reader, at, length) => change(codec.decodeBinary!(reader, at, length))
})

/** `point` as `{ x, y }`. */
export const pointAsObject: Codec<{ readonly x: number; readonly y: number }> = as(point, ({ x, y }) => ({
  x,
  y
}))

/** `circle` as `{ x, y, radius }`. */
export const circleAsObject: Codec<{ readonly x: number; readonly y: number; readonly radius: number }> = as(
  circle,
  ({ center, radius }) => ({ x: center.x, y: center.y, radius })
)
