import type { SqlState } from "./SqlState.js"

/** Severity as the server names it, never translated. */
export type Severity = "ERROR" | "FATAL" | "PANIC" | "WARNING" | "NOTICE" | "DEBUG" | "INFO" | "LOG"

/**
 * Every field of `ErrorResponse` and `NoticeResponse`; what the server left out is `undefined`.
 *
 * @see https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
export interface ServerFields {
  /** Field `V`, or `S` when the server is too old to send it. */
  readonly severity: Severity
  /** Field `S`: the severity in the server's language. */
  readonly localizedSeverity: string
  /** Field `C`; `XX000` when missing. */
  readonly code: SqlState
  /** Field `M`: what happened. */
  readonly text: string
  /** Field `D`. */
  readonly detail: string | undefined
  /** Field `H`. */
  readonly hint: string | undefined
  /** Field `P`: 1-based position in characters (code points) of the SQL sent. */
  readonly position: number | undefined
  /** Field `p`: like `position`, in `internalQuery`. */
  readonly internalPosition: number | undefined
  /** Field `q`: text of a command the server made itself. */
  readonly internalQuery: string | undefined
  /** Field `W`: the call stack, newest first, a line each. */
  readonly where: string | undefined
  /** Field `s`. */
  readonly schema: string | undefined
  /** Field `t`. */
  readonly table: string | undefined
  /** Field `c`. */
  readonly column: string | undefined
  /** Field `d`. */
  readonly dataType: string | undefined
  /** Field `n`: also the index of a unique violation. */
  readonly constraint: string | undefined
  /** Field `F`: file of the server's source. */
  readonly file: string | undefined
  /** Field `L`: line in that file. */
  readonly line: number | undefined
  /** Field `R`: routine in that file. */
  readonly routine: string | undefined
  /** Fields this version does not know, by their code. */
  readonly unknown: ReadonlyMap<string, string>
}

/** Fields that quote values of rows. */
export const quoting = ["detail", "where"] as const

/** The same fields; those that quote values of rows can be read, and are not part of inspection and of JSON. */
export const withheld = (fields: ServerFields): ServerFields => {
  const copy = { ...fields }
  for (const name of quoting) Object.defineProperty(copy, name, { value: fields[name], enumerable: false })
  return copy
}

/** Fields with what is given and nothing else: for errors of scripted servers, and of our own making. */
export const make = (
  given: Partial<ServerFields> & Pick<ServerFields, "code" | "severity">
): ServerFields => ({
  localizedSeverity: given.severity,
  text: "",
  detail: undefined,
  hint: undefined,
  position: undefined,
  internalPosition: undefined,
  internalQuery: undefined,
  where: undefined,
  schema: undefined,
  table: undefined,
  column: undefined,
  dataType: undefined,
  constraint: undefined,
  file: undefined,
  line: undefined,
  routine: undefined,
  unknown: new Map(),
  ...given
})
