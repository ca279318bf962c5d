/** Every error of this package, as one tagged union, and what may be asked of one. */
export * from "./model/PgError.js"
export * from "./model/Guards.js"
export { hasNotHappened, isRetryable, isTransient } from "./model/Judgement.js"
export type { ServerFields, Severity } from "./model/ServerFields.js"
