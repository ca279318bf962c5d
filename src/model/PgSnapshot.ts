import * as Option from "effect/Option"
import { Printed } from "./Printed.js"

const pattern = /^(\d{1,20}):(\d{1,20}):((?:\d{1,20}(?:,\d{1,20})*)?)$/
const most = 2n ** 64n - 1n

/**
 * Which transactions were done at a moment, PostgreSQL's `pg_snapshot` and `txid_snapshot`. Equal when all parts are.
 *
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 */
export class PgSnapshot extends Printed {
  /**
   * `xmin`: all transactions below it were done. `xmax`: none from it on had begun. `running`: those between that were not
   * done, in ascending order. Each is of 64 bits without sign. Not checked: `make` does.
   */
  constructor(
    readonly xmin: bigint,
    readonly xmax: bigint,
    readonly running: ReadonlyArray<bigint>
  ) {
    super()
  }

  /** None when a number is out of range, `xmin` is 0 or above `xmax`, or `running` does not ascend between them. */
  static make(xmin: bigint, xmax: bigint, running: ReadonlyArray<bigint>): Option.Option<PgSnapshot> {
    const ascends = running.every(
      (xid, index) => xid >= xmin && xid < xmax && (index === 0 || xid > running[index - 1]!)
    )
    return xmin > 0n && xmin <= xmax && xmax <= most && ascends
      ? Option.some(new PgSnapshot(xmin, xmax, running))
      : Option.none()
  }

  /** From `xmin:xmax:` and the running ones with commas between them. */
  static fromText(text: string): Option.Option<PgSnapshot> {
    const match = pattern.exec(text)
    if (match === null) return Option.none()
    const running = match[3] === "" ? [] : match[3]!.split(",").map(BigInt)
    return PgSnapshot.make(BigInt(match[1]!), BigInt(match[2]!), running)
  }

  /** True when the transaction was done, as `pg_visible_in_snapshot` returns. */
  isVisible(xid: bigint): boolean {
    return xid < this.xmin || (xid < this.xmax && !this.running.includes(xid))
  }

  /** `xmin:xmax:running,…` */
  toString(): string {
    return `${this.xmin}:${this.xmax}:${this.running.join(",")}`
  }
}
