/** The messages themselves, and which answers belong to which request. */
import { settled, type Section } from "../item.js"

export const messages: ReadonlyArray<Section> = [
  settled(
    "3.1",
    "What we send",
    "protocol-message-formats.html",
    `
MSG-001 Format codes are none, one for all, or one each; other numbers are refused by the server at Bind or Execute.
MSG-002 Up to 65535 parameters; one more is refused here, and the count never wraps.
MSG-003 Statement and portal names we make are short and unique, since only 63 bytes of them count.
MSG-004 A message longer than the server takes is refused before its header is written.
MSG-005 A value too large for the runtime or the server is an error, never cut.
MSG-006 A malformed body is an ordinary error on the server and framing goes on. :: fact
MSG-007 An unknown tag is fatal on the server, a password after log-in included. :: fact
MSG-008 SQL and names with a zero byte are refused here.
`
  ),
  settled(
    "3.2",
    "What we receive",
    "protocol-message-formats.html",
    `
MSG-009 The same tag means different things by direction, and each direction has its own table.
MSG-010 A length below four ends the connection, and so does a large one where only small messages exist; the rest has a bound.
MSG-011 A length with the sign bit set is an error, not an allocation.
MSG-012 Memory follows the bytes that came, not those announced.
MSG-013 A body must be used up exactly.
MSG-014 Rows may have no columns, system columns negative numbers, and types negative lengths.
MSG-015 A column of a domain is reported as its base type and is read by it, where an array or a field has the domain.
MSG-016 Column names may repeat, be empty or be called __proto__, and rows stay what the docs say.
MSG-017 The described format of a statement is not final; that of a portal or a simple query is.
MSG-018 A row has as many fields as its description; only -1 is null, and an empty string is not.
MSG-019 Command tags are read with and without a count, as unsigned 64 bits.
MSG-020 Parameter counts and types are read unsigned.
MSG-021 Copy responses carry an overall format and one per column, possibly for no columns at all.
MSG-022 ReadyForQuery knows three letters.
MSG-023 A notification may be empty and may be our own.
MSG-024 A key that comes again replaces the first.
MSG-025 The version message has its layout (its rules are under protocol versions).
MSG-026 Nothing on the wire is numbered: answers belong to requests by position alone. :: fact
`
  ),
  settled(
    "3.3",
    "Answers in order",
    "protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY",
    `
MSG-027 Parse is answered by completion or an error.
MSG-028 Bind is answered by completion or an error.
MSG-029 Describing a statement gives parameters, then a row description or no data, and may fail after the parameters.
MSG-030 Describing a portal gives a row description or no data.
MSG-031 Execute gives rows and an end, a pause, an empty answer, a copy, or an error; never a description.
MSG-032 Close is always completed, even for what does not exist.
MSG-033 Flush has no answer.
MSG-034 Sync is answered by ReadyForQuery.
MSG-035 A simple query gives a result per statement, at most one error, and one ReadyForQuery at the very end.
MSG-036 A function call gives its value or an error, then ReadyForQuery.
MSG-037 Notices, parameters and notifications may stand between any two messages.
MSG-038 Anything else ends the connection and fails every waiter.
`
  )
]
