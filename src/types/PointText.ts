/**
 * The text of points, and of what is made of them: brackets of all kinds with commas between.
 *
 * @see https://www.postgresql.org/docs/current/datatype-geometric.html
 */
import { PgPoint } from "../model/Geometry.js"
import * as Floats from "./Floats.js"

const parsePoint = (x: string, y: string): PgPoint | undefined => {
  const left = Floats.parse(x)
  const right = Floats.parse(y)
  return left === undefined || right === undefined ? undefined : new PgPoint(left, right)
}

const single = /^\(([^(),]+),([^(),]+)\)$/

export const pointOf = (text: string): PgPoint | undefined => {
  const match = single.exec(text)
  return match === null ? undefined : parsePoint(match[1]!, match[2]!)
}

/** Points with commas between them: each begins and ends with a bracket, so that `),(` parts them. */
export const pointsOf = (text: string): ReadonlyArray<PgPoint> | undefined => {
  if (!text.startsWith("(") || !text.endsWith(")")) return undefined
  const points: Array<PgPoint> = []
  for (const pair of text.slice(1, -1).split("),(")) {
    const point = pointOf(`(${pair})`)
    if (point === undefined) return undefined
    points.push(point)
  }
  return points
}

export const between = (text: string, open: string, close: string): string | undefined =>
  text.length >= 2 && text.startsWith(open) && text.endsWith(close) ? text.slice(1, -1) : undefined

export const within = (text: string, open: string, close: string): ReadonlyArray<PgPoint> | undefined => {
  const inner = between(text, open, close)
  return inner === undefined ? undefined : pointsOf(inner)
}

export const isPair = (points: ReadonlyArray<PgPoint> | undefined): points is readonly [PgPoint, PgPoint] =>
  points?.length === 2
