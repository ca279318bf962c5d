/** What a pool knows of the way to the server: how often opening has failed in a row, why, and when it is tried next. */
import type { LeaseError } from "./LeaseError.js"
import { openingDelay } from "./Policy.js"

export class Openings {
  /** Being opened. */
  running = 0
  /** Failures in a row. Those of openings that ran side by side count as one. */
  failures = 0
  /** Why the last opening failed; `undefined` once one has succeeded. */
  lastFailure: LeaseError | undefined
  private dueAt = 0
  /** Number of the failure in a row that was the last when an opening began. */
  begin(): number {
    this.running++
    return this.failures
  }

  succeed(): void {
    this.running--
    this.reset()
  }

  fail(begun: number, error: LeaseError, now: number, chance: number): void {
    this.running--
    this.lastFailure = error
    if (begun !== this.failures) return
    this.failures++
    this.dueAt = now + openingDelay(this.failures, chance)
  }

  /** Nothing is known against the server any more. */
  reset(): void {
    this.failures = 0
    this.lastFailure = undefined
  }

  get isFailing(): boolean {
    return this.lastFailure !== undefined
  }

  /** Until the next one may be tried, in milliseconds. */
  delay(now: number): number {
    return Math.max(0, this.dueAt - now)
  }
}
