/** Figures as PostGIS prints them with `ST_AsText(v, 17)`: its text of a value besides the bytes. */
import type { Figure, Position } from "../../src/model/PgGeometry.js"

/** Figures that stand in others without their name. */
const unnamed: Partial<Record<Figure["_tag"], Figure["_tag"]>> = {
  MultiPoint: "Point",
  MultiLineString: "LineString",
  MultiPolygon: "Polygon",
  CompoundCurve: "LineString",
  CurvePolygon: "LineString",
  MultiCurve: "LineString",
  MultiSurface: "Polygon",
  PolyhedralSurface: "Polygon",
  Tin: "Triangle"
}

const numbers = (position: Position): string => position.map(String).join(" ")

const list = (parts: ReadonlyArray<string>): string => (parts.length === 0 ? "EMPTY" : `(${parts.join(",")})`)

const bodyOf = (figure: Figure, coordinates: string): string => {
  switch (figure._tag) {
    case "Point":
      return list(figure.position.every(Number.isNaN) ? [] : [numbers(figure.position)])
    case "LineString":
    case "CircularString":
      return list(figure.positions.map(numbers))
    case "Polygon":
    case "Triangle":
      return list(figure.rings.map((ring) => list(ring.map(numbers))))
    default:
      return list(
        figure.figures.map((inner) =>
          unnamed[figure._tag] === inner._tag ? bodyOf(inner, coordinates) : wktOf(inner, coordinates)
        )
      )
  }
}

/** `coordinates`: `Z`, `M`, `ZM`, or nothing. */
export const wktOf = (figure: Figure, coordinates: string): string => {
  const body = bodyOf(figure, coordinates)
  const name = `${figure._tag.toUpperCase()}${coordinates === "" ? "" : ` ${coordinates}`}`
  return body === "EMPTY" || coordinates !== "" ? `${name} ${body}` : `${name}${body}`
}
