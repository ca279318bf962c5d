/** Conversations: queries, portals, errors, pipelines, what comes unasked, copies. */
import { settled, type Section } from "../item.js"

export const flow: ReadonlyArray<Section> = [
  settled(
    "4.1",
    "Simple query",
    "protocol-flow.html#PROTOCOL-FLOW-SIMPLE-QUERY",
    `
FLW-001 Every statement of a string has its result, and the caller gets all of them in order.
FLW-002 A syntax error anywhere means that nothing of the string ran. :: fact
FLW-003 A string is one implicit transaction unless its own commands say otherwise. :: fact
FLW-004 What cannot run in a transaction cannot run among other statements. :: fact
FLW-005 An empty string, or comments only, is one empty result.
FLW-006 A select without columns still counts its rows.
FLW-007 An error after rows makes those rows void.
FLW-008 Rows come from more than SELECT: calls, SHOW, EXPLAIN, FETCH, RETURNING.
FLW-009 A simple query wipes the unnamed statement and portal, and nothing here relies on them afterwards.
FLW-010 After an error ReadyForQuery comes by itself.
FLW-011 Results are text, except where a binary cursor or copy says otherwise.
FLW-012 Values are not pasted into SQL; whatever is quoted is quoted safely.
`
  ),
  settled(
    "4.2",
    "Extended query",
    "protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY",
    `
FLW-013 A named statement lives until it is closed or discarded; parsing its name again is an error, and a failed Parse leaves no unnamed one.
FLW-014 A portal lives no longer than its transaction, which outside a block ends at Sync.
FLW-015 One statement per Parse; none is allowed and gives an empty answer. :: fact
FLW-016 Types left open are inferred, and declared ones count even when unused. :: fact
FLW-017 Each fault of a Bind has its own SQLSTATE. :: fact
FLW-018 Bind can fail for reasons of planning and evaluation. :: fact
FLW-019 Execute can fail after rows were sent.
FLW-020 A described statement can go stale: outside a transaction it is prepared again and retried once, inside the error is shown.
FLW-021 A statement is not closed while a portal of it is read: whether the portal survives is not relied upon.
FLW-022 Closing what does not exist succeeds. :: fact
FLW-023 Portals and SQL cursors share their names. :: fact
FLW-024 Our names cannot be a user's names.
FLW-025 In a failed transaction only its end is accepted. :: fact
FLW-026 Executing a cached statement sends no description, so the description is kept with the statement.
FLW-027 What makes cached statements invalid, makes the cache forget them.
`
  ),
  settled(
    "4.3",
    "Portals",
    "protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY",
    `
FLW-028 A limited Execute gives that many rows and a pause, then the next, then the end.
FLW-029 A pause does not promise more rows.
FLW-030 Counts at the end are those of the last Execute, not of the whole.
FLW-031 Executing past the end gives nothing, and a limit below one gives all. :: fact
FLW-032 Statements with effects run to their end at the first fetch, and what is not fetched is merely not seen. :: fact
FLW-033 Limits mean nothing where there are no rows. :: fact
FLW-034 Fetching in batches outside a transaction uses Flush, and the connection is not shared meanwhile.
FLW-035 Stopping early closes the portal and reads to ReadyForQuery.
FLW-036 A reader that is not ready simply does not fetch.
`
  ),
  settled(
    "4.4",
    "Errors, Sync and Flush",
    "protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY",
    `
FLW-037 After an error everything up to Sync is skipped without an answer.
FLW-038 There is one ReadyForQuery per Sync, and none for what was skipped.
FLW-039 An error fails its own request, and those behind it up to Sync as aborted.
FLW-040 Sync clears the error and ends an implicit transaction, but not an explicit one.
FLW-041 Errors may come at Sync itself, so a request is final only at ReadyForQuery, and the next segment runs.
FLW-042 Nobody waits for an answer without having asked the server to send it.
FLW-043 Each Sync is counted, the superfluous one too.
FLW-044 Malformed Sync and Flush are errors of their own kind. :: fact
FLW-045 A simple query or function call never follows an Execute that was not synced.
`
  ),
  settled(
    "4.5",
    "Pipelining",
    "protocol-flow.html#PROTOCOL-FLOW-PIPELINING",
    `
FLW-046 One Sync each means independent transactions; one Sync for all means one.
FLW-047 Explicit transaction commands inside a segment move its borders, and the outcome of each step is reported as it is.
FLW-048 A statement that must not be in a transaction runs as the first step of a segment, and is refused as a later one.
FLW-049 In a failed transaction later segments fail too, and a COMMIT that answers ROLLBACK is reported as a failure.
FLW-050 Reading goes on while writing is blocked, so large answers to many requests cannot lock up.
FLW-051 What is in flight is bounded, and each request keeps its own time limit.
FLW-052 Copies, replication and strings of statements are sent alone.
FLW-053 A statement counts as prepared when the server said so, not when it was sent.
FLW-054 A cancel or timeout fails one segment, and the others go on.
FLW-055 Results come in request order, each Sync is visible, and skipped requests say aborted.
FLW-056 Rows handed out before an error are void, and the error follows them.
FLW-057 For transaction poolers there is a mode that leaves no named statement behind.
`
  ),
  settled(
    "4.6",
    "What comes unasked",
    "protocol-flow.html#PROTOCOL-ASYNC",
    `
FLW-058 Notices, parameters and notifications are taken in any state, idle included.
FLW-059 The socket is read while idle.
FLW-060 Notifications arrive between transactions, equal ones folded, our own included, channel names exact.
FLW-061 Channels are listened to again after a reconnect, and the gap is told.
FLW-062 A fatal error while idle breaks the connection quietly; a warning before the end of the stream is remembered as its reason.
FLW-063 A plain error while idle is never pinned on the next query.
FLW-064 Severity is judged by the untranslated field.
FLW-065 After a fatal error no ReadyForQuery is awaited.
`
  ),
  settled(
    "4.7",
    "COPY from us",
    "protocol-flow.html#PROTOCOL-COPY",
    `
FLW-066 Data goes in pieces of any size, wherever they are cut.
FLW-067 The end is confirmed with a count; giving up is answered with 57014.
FLW-068 In a string of statements the rest runs after the copy, further copies included.
FLW-069 By extended query a Sync follows the end of the data, because an earlier one is swallowed.
FLW-070 When the server fails midway, feeding stops and the conversation is read to its end.
FLW-071 The server's error is heard while we are sending or waiting for our source.
FLW-072 Nothing but data and its end is sent during a copy.
FLW-073 A source that fails makes the copy fail with its reason, and the caller sees the source's error first.
FLW-074 A source without data copies zero rows.
FLW-075 The end-of-data line means different things by format and version; CSV values that look like it are quoted.
FLW-076 Text escapes are written so that the server reads the same value.
FLW-077 CSV tells null from an empty string and doubles quotes.
FLW-078 The binary form has header, tuples and trailer, and critical flags are refused.
FLW-079 Newer COPY options only add notices. :: fact
`
  ),
  settled(
    "4.8",
    "COPY to us",
    "protocol-flow.html#PROTOCOL-COPY",
    `
FLW-080 Response, data, end, count, then whatever follows in the string.
FLW-081 Rows and messages need not coincide: the data is one stream of bytes.
FLW-082 An error in place of the end is an error, never a short success.
FLW-083 Giving up cancels and drains, or hangs up.
FLW-084 A copy described as a portal has no data. :: fact
FLW-085 Unasked messages may come between the data.
FLW-086 A copy as JSON reports text and a single column.
`
  ),
  settled(
    "4.9",
    "COPY both ways",
    "protocol-flow.html#PROTOCOL-COPY",
    `
FLW-087 Both sides send until their own end, and results may follow.
FLW-088 An error ends both directions.
FLW-089 We send data, its end and Terminate, nothing else.
`
  ),
  settled(
    "4.10",
    "Function call",
    "protocol-flow.html#PROTOCOL-FLOW-FUNCTION-CALL",
    `
FLW-090 A call gives one value or one error, then ReadyForQuery; null stays null.
FLW-091 The old call is supported for large objects, and the docs name the better way.
`
  ),
  settled(
    "4.11",
    "The unexpected",
    "protocol-flow.html",
    `
FLW-092 An unknown tag ends the connection and fails every waiter.
FLW-093 So does a known one in the wrong state.
FLW-094 So does a ReadyForQuery nobody asked for.
FLW-095 The end of the stream inside a message says how much was missing, and no half row is delivered.
FLW-096 After a protocol error not one further byte is interpreted.
FLW-097 When it is over, nothing is left that keeps the process alive.
FLW-098 A timeout on our side cancels and waits, or hangs up; nothing half-known is used again.
FLW-099 A connection that comes back in a transaction is rolled back or thrown away.
FLW-100 Two callers of one connection wait for each other; their bytes never mix.
`
  ),
  settled(
    "4.12",
    "Since protocol 2",
    "protocol-changes.html",
    `
FLW-101 Every message is laid out as version 3 has it: with a length, with values that carry theirs.
`
  )
]
