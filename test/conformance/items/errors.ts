/** The fields of errors and notices. */
import { settled, type Section } from "../item.js"

export const errors: ReadonlyArray<Section> = [
  settled(
    "5",
    "Errors and notices",
    "protocol-error-fields.html",
    `
ERR-001 Unknown fields are kept or skipped, in any order, and the last of two wins.
ERR-002 Fields that should be there and are not have defaults.
ERR-003 A missing terminator is a protocol error that still shows what could be read.
ERR-004 Every field is on the error as the server sent it, with severity, code and position ready to use.
ERR-005 The position counts characters and is turned into an index of the SQL that was sent.
ERR-006 Early texts of any encoding are decoded with replacement, never a crash.
ERR-007 Errors and notices have their own severities, and the fatal ones end the connection.
ERR-008 Notices reach whoever takes them, else the log at their level, and a failing taker does no harm.
ERR-009 Several lines stay several lines.
ERR-010 Codes are classified, and those worth a retry can be told.
ERR-011 A server on its way down or up is worth reconnecting to; a refusal is not.
ERR-012 Our own failures cannot be mistaken for the server's.
ERR-013 An error amid rows or a copy belongs to the request that caused it.
ERR-014 Neither passwords nor connection strings nor parameter values are in an error unless asked for.
ERR-015 An error can be printed as psql prints it, with the caret in place.
`
  )
]
