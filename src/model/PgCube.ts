import * as Float8 from "./Float8.js"
import { Shape } from "./Geometry.js"

/**
 * A point or a box in up to 100 dimensions, the extension `cube`. Equal as the shapes of the plane are: when all numbers
 * are.
 *
 * @see https://www.postgresql.org/docs/current/cube.html
 */
export class PgCube extends Shape {
  /**
   * Two corners of the same number of coordinates; a point is one corner. Not checked: the server takes at most 100
   * dimensions.
   */
  constructor(
    readonly corner: ReadonlyArray<number>,
    /** Missing for a point. */
    readonly opposite?: ReadonlyArray<number>
  ) {
    super()
  }

  get dimensions(): number {
    return this.corner.length
  }

  get numbers(): ReadonlyArray<number> {
    return this.opposite === undefined ? this.corner : [...this.corner, ...this.opposite, this.corner.length]
  }

  /** `(1, 2)` or `(1, 2),(3, 4)` */
  override toString(): string {
    const text = (corner: ReadonlyArray<number>): string => `(${corner.map(Float8.printed).join(", ")})`
    return this.opposite === undefined ? text(this.corner) : `${text(this.corner)},${text(this.opposite)}`
  }
}
