/** What has broken other clients. */
import { settled, type Section } from "../item.js"

export const traps: ReadonlyArray<Section> = [
  settled(
    "9.1",
    "Connecting",
    "protocol-flow.html#PROTOCOL-FLOW-START-UP",
    `
TRP-001 A forged log-in in the same segment as the yes to TLS is never read.
TRP-002 An early error's text is not shown.
TRP-003 A no, where TLS is required, sends no user name in plain.
TRP-004 Direct TLS with prefer is a configuration error.
TRP-005 Direct TLS needs the protocol's name chosen.
TRP-006 An address is verified as an address and sent in no server name.
TRP-007 Two hosts that share TLS sessions are both verified.
TRP-008 Asking 15 for version 3.2 works and gives a short key.
TRP-009 Poolers that list what they do not support are heard.
TRP-010 A key of 32 bytes is kept and sent whole.
TRP-011 Senseless negotiations are errors.
TRP-012 Over TLS, cancelling is over TLS.
TRP-013 A cancel that comes too late hits nobody.
TRP-014 A standby is left for the primary, and when both fail both are named.
TRP-015 A refused password stops; a server starting up moves on.
TRP-016 Passwords with odd characters arrive from a URI intact.
TRP-017 Odd version strings give numbers.
TRP-018 No key and unknown parameters are no obstacle.
TRP-019 A server that accepts and says nothing meets the connect timeout.
TRP-020 A fatal error while idle throws nothing at anybody.
`
  ),
  settled(
    "9.2",
    "Authenticating",
    "auth-password.html",
    `
TRP-021 Two thousand million iterations are refused.
TRP-022 One iteration is accepted.
TRP-023 Passwords that need preparing are prepared as the server does.
TRP-024 Passwords that cannot be prepared are used raw.
TRP-025 Required binding sends nothing secret to servers that cannot.
TRP-026 Binding works with a SHA-384 certificate.
TRP-027 It fails with a certificate that defines no hash.
TRP-028 The offer to bind is never denied.
TRP-029 Ok right after our first message ends the attempt.
TRP-030 A wrong signature ends it even with Ok behind.
TRP-031 A foreign nonce ends it.
TRP-032 No password is an error here, not an empty password there.
TRP-033 A refused token is acknowledged and reported, without waiting for more.
`
  ),
  settled(
    "9.3",
    "Frames, sizes, injection",
    "protocol-message-formats.html",
    `
TRP-034 65535 parameters work and one more is an error here.
TRP-035 40000 parameters are not a negative number.
TRP-036 A message past two or four gigabytes is refused before a byte is written.
TRP-037 A field of length -2, or longer than its message, ends the connection and takes no memory.
TRP-038 A length of three or zero ends the connection and loops nowhere.
TRP-039 A row with the wrong number of columns ends the connection.
TRP-040 A negative value behind a minus sign makes no comment.
TRP-041 Backslashes are safe with standard_conforming_strings off.
TRP-042 Broken UTF-8 and zero bytes cannot be quoted.
TRP-043 A column called __proto__ is a column.
TRP-044 Rows without columns are counted.
TRP-045 Cuts at every byte change nothing.
TRP-046 A character cut in two in an error text is whole again.
`
  ),
  settled(
    "9.4",
    "Queries",
    "protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY",
    `
TRP-047 An error in the middle of three segments fails one of them.
TRP-048 A deferred constraint fails the request that had already been answered.
TRP-049 COMMIT answered by ROLLBACK is a failure.
TRP-050 Thousands of requests with large answers do not lock up.
TRP-051 A table that gained a column is queried on, outside a transaction.
TRP-052 Statements discarded behind our back are prepared again.
TRP-053 Exactly as many rows as the limit: all delivered, and an end.
TRP-054 Fetching in batches works outside a transaction.
TRP-055 Leaving a stream early leaves the connection usable.
TRP-056 A statement that failed to parse is not remembered as prepared.
TRP-057 Two statements in one extended query are the server's error, not a change of protocol.
TRP-058 An empty query has an empty result.
TRP-059 Notices and parameters between rows change no row.
TRP-060 A statement timeout amid rows is an error, and the connection lives.
TRP-061 Late results never answer another query.
TRP-062 Leaving the rows of a RETURNING early does not claim that its effect is undone.
TRP-063 A binary cursor is decoded as binary in a simple query.
TRP-064 An emoji before the error does not move the caret.
TRP-065 A fatal error amid a result is the cause everybody is told.
`
  ),
  settled(
    "9.5",
    "Copies",
    "protocol-flow.html#PROTOCOL-COPY",
    `
TRP-066 A bad row early in a large copy is told at once, and the source is stopped.
TRP-067 A failing source fails the copy in good order.
TRP-068 A copy that fails halfway is an error, not an end.
TRP-069 A copy by extended query does not hang for want of a Sync.
TRP-070 A query during a copy waits here.
TRP-071 A CSV value that looks like the end of data is quoted.
TRP-072 Binary copies parse however they are cut.
TRP-073 A slow reader of a copy costs bounded memory.
`
  ),
  settled(
    "9.6",
    "Values",
    "datatype.html",
    `
TRP-074 Arrays with bounds in their text.
TRP-075 Arrays of boxes have their own delimiter.
TRP-076 Null, the word null and the empty string are three things.
TRP-077 Offsets with seconds.
TRP-078 Offsets with and without minutes.
TRP-079 Infinite times are values.
TRP-080 Infinite numerics are values.
TRP-081 The year before 1 is 0.
TRP-082 A date is the same day in every time zone.
TRP-083 A microsecond before 2000 is before 2000.
TRP-084 2^53 + 1 is exact.
TRP-085 0.10 keeps its zero.
TRP-086 Large numbers in JSON can be had exactly.
TRP-087 An array for jsonb is JSON.
TRP-088 Family 3 is IPv6.
TRP-089 Zones count to the west.
TRP-090 Escaped bytes are decoded.
TRP-091 A German date style swaps nothing.
TRP-092 A composite tells null from empty.
TRP-093 Text queries read their right operand first.
TRP-094 A domain decodes as its base.
TRP-095 A type made anew is looked up anew.
TRP-096 Padding stays.
TRP-097 The largest OID is positive.
`
  ),
  settled(
    "9.7",
    "Replication",
    "protocol-replication.html",
    `
TRP-098 An idle table in a busy cluster holds back no WAL.
TRP-099 A server can shut down with us attached.
TRP-100 Slow work does not end the connection.
TRP-101 Unchanged large values are not null.
TRP-102 Transaction ids lead only inside streamed chunks.
TRP-103 Rolling back to a savepoint takes only its changes.
TRP-104 The last position is on the slot after a graceful stop.
TRP-105 One past the end of a transaction can lose the next.
TRP-106 Zero positions reset nothing.
TRP-107 A slot ahead of the stored position is refused.
TRP-108 What comes again after a crash is filtered.
TRP-109 A second logical stream takes a second connection.
TRP-110 Key rows report keys only.
TRP-111 A column added midway is used.
TRP-112 Publication names with quotes and commas work.
TRP-113 A missing publication is told on every version.
TRP-114 Two tablespaces give the same tree on old and new servers.
TRP-115 Archive names that climb out are rejected.
TRP-116 No rate, no option.
TRP-117 Padded positions compare equal.
TRP-118 A timeline's end leads to the next.
TRP-119 A walsender's SQL_ASCII is no reason to refuse.
TRP-120 After an error the temporary slot is known to be gone.
TRP-121 A command after exporting a snapshot is prevented or warned of.
`
  ),
  settled(
    "9.8",
    "Lives of sessions",
    "protocol-flow.html#PROTOCOL-FLOW-TERMINATION",
    `
TRP-122 A process that ends says goodbye and leaves nothing open.
TRP-123 A notice handler that throws does not hurt the query.
TRP-124 Channels are listened to again, and the gap is told.
TRP-125 A transaction that failed on both sides is rolled back once and keeps its first error.
TRP-126 A connection returned in a transaction is idle for the next user.
TRP-127 Lost after COMMIT means unknown, and nothing is retried by itself.
`
  ),
  settled(
    "9.9",
    "The means to test",
    "protocol.html",
    `
TRP-128 A scripted server plays every negative case without a network.
TRP-129 Recorded conversations of real servers give the same results at every cut.
TRP-130 Mutated messages give a result or a protocol error, and nothing else ever.
TRP-131 One suite runs against every supported version.
TRP-132 A proxy that kills, stalls or delays settles every waiter once and leaks nothing.
TRP-133 Text and binary of the same value decode to the same.
`
  )
]
