/**
 * An array of PostgreSQL whose dimensions do not all begin at 1, as in `[0:1]={1,2}`. Arrays that do are plain
 * JavaScript arrays, nested for more dimensions; this class keeps what those would lose.
 *
 * @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export class PgArray<A = unknown> {
  /**
   * `values`: nested arrays, one level per dimension, rectangular. `lowerBounds`: index of the first element of each
   * dimension, outermost first.
   */
  constructor(
    readonly values: ReadonlyArray<A | null> | ReadonlyArray<unknown>,
    readonly lowerBounds: ReadonlyArray<number>
  ) {}
}
