/**
 * Every error of this package, as one tagged union, with guards, and `isRetryable`, which decides whether trying again is safe.
 *
 * ```ts
 * pg.query(sql`select 1`).pipe(Effect.retry({ while: PgError.isRetryable, times: 3 }))
 * ```
 */
export * from "./model/PgError.js"
export * from "./model/Guards.js"
export { hasNotHappened, isRetryable, isTransient } from "./model/Judgement.js"
export type { ServerFields, Severity } from "./model/ServerFields.js"
