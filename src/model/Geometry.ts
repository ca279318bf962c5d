/**
 * The seven shapes of the plane. They are equal when all their numbers are: NaN is itself here, and 0 and −0 are one, as
 * for the server. They print as the server does.
 *
 * @see https://www.postgresql.org/docs/current/datatype-geometric.html
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Float8 from "./Float8.js"
import { Printed } from "./Printed.js"

/** A value that is its numbers. */
export abstract class Shape extends Printed {
  /** What makes the shape, in the order of its binary form. */
  abstract readonly numbers: ReadonlyArray<number>;

  override [Equal.symbol](that: Equal.Equal): boolean {
    if (!(that instanceof Shape) || that.constructor !== this.constructor) return false
    const self = this.numbers
    const other = that.numbers
    return (
      self.length === other.length &&
      self.every(
        (value, index) => value === other[index] || (value !== value && other[index] !== other[index])
      )
    )
  }

  override [Hash.symbol](): number {
    return Hash.array(this.numbers.map((value) => value + 0))
  }
}

const numbersOf = (points: ReadonlyArray<PgPoint>): ReadonlyArray<number> =>
  points.flatMap((point) => [point.x, point.y])

/** `(x,y)` */
export class PgPoint extends Shape {
  constructor(
    readonly x: number,
    readonly y: number
  ) {
    super()
  }

  get numbers(): ReadonlyArray<number> {
    return [this.x, this.y]
  }

  override toString(): string {
    return `(${Float8.printed(this.x)},${Float8.printed(this.y)})`
  }
}

/** The line where a·x + b·y + c = 0: `{a,b,c}`. The server demands that a or b is not 0. */
export class PgLine extends Shape {
  constructor(
    readonly a: number,
    readonly b: number,
    readonly c: number
  ) {
    super()
  }

  get numbers(): ReadonlyArray<number> {
    return [this.a, this.b, this.c]
  }

  override toString(): string {
    return `{${this.numbers.map(Float8.printed).join(",")}}`
  }
}

/** A line segment: `[(x,y),(x,y)]` */
export class PgLseg extends Shape {
  constructor(
    readonly start: PgPoint,
    readonly end: PgPoint
  ) {
    super()
  }

  get numbers(): ReadonlyArray<number> {
    return numbersOf([this.start, this.end])
  }

  override toString(): string {
    return `[${this.start},${this.end}]`
  }
}

/** A box: `(x,y),(x,y)`. From the server the upper right corner comes first, whichever two were sent. */
export class PgBox extends Shape {
  constructor(
    readonly upperRight: PgPoint,
    readonly lowerLeft: PgPoint
  ) {
    super()
  }

  get numbers(): ReadonlyArray<number> {
    return numbersOf([this.upperRight, this.lowerLeft])
  }

  override toString(): string {
    return `${this.upperRight},${this.lowerLeft}`
  }
}

/** An open path, `[(x,y),…]`, or a closed one, `((x,y),…)`, of one point at least. */
export class PgPath extends Shape {
  constructor(
    readonly points: ReadonlyArray<PgPoint>,
    readonly closed: boolean
  ) {
    super()
  }

  get numbers(): ReadonlyArray<number> {
    return [this.closed ? 1 : 0, ...numbersOf(this.points)]
  }

  override toString(): string {
    return this.closed ? `(${this.points.join(",")})` : `[${this.points.join(",")}]`
  }
}

/** A polygon by its corners: `((x,y),…)` */
export class PgPolygon extends Shape {
  constructor(readonly points: ReadonlyArray<PgPoint>) {
    super()
  }

  get numbers(): ReadonlyArray<number> {
    return numbersOf(this.points)
  }

  override toString(): string {
    return `(${this.points.join(",")})`
  }
}

/** A circle: `<(x,y),r>` */
export class PgCircle extends Shape {
  constructor(
    readonly center: PgPoint,
    readonly radius: number
  ) {
    super()
  }

  get numbers(): ReadonlyArray<number> {
    return [this.center.x, this.center.y, this.radius]
  }

  override toString(): string {
    return `<${this.center},${Float8.printed(this.radius)}>`
  }
}
