/** The walsender: sessions, slots, streams in both kinds, feedback, base backups. */
import { settled, type Section } from "../item.js"

export const replication: ReadonlyArray<Section> = [
  settled(
    "6.1",
    "Sessions",
    "protocol-replication.html",
    `
REP-001 One setting at start-up chooses the physical walsender or the logical one, and both take simple queries only.
REP-002 Extended queries and function calls are refused there. :: fact
REP-003 Role, pg_hba and a free walsender are needed. :: fact
REP-004 Keywords are upper case, identifiers are quoted.
REP-005 One command per query.
REP-006 Literals double their quotes, and a backslash is itself.
REP-007 LSNs are read and written in two halves of hex.
REP-008 Padded and unpadded LSNs are equal: they compare as numbers.
REP-009 Every command ends with its tag and ReadyForQuery.
REP-010 Results are decoded by type OID; lengths and modifiers there are not to be trusted.
REP-011 An error costs the session its temporary slots. :: fact
REP-012 SHOW works on physical sessions.
`
  ),
  settled(
    "6.2",
    "Information and slots",
    "protocol-replication.html#PROTOCOL-REPLICATION-CREATE-REPLICATION-SLOT",
    `
REP-013 The system identifier is an unsigned 64-bit number and stays exact.
REP-014 Timeline histories are parsed, and a missing one is an ordinary error.
REP-015 Slots are created with version 14's words there.
REP-016 From 15 on they are created with options in parentheses.
REP-017 Slot names have their alphabet, and each refusal its code.
REP-018 An exported snapshot lives until the next command of its session.
REP-019 Using the snapshot needs a fresh repeatable-read transaction.
REP-020 Creating a slot may wait for others' transactions and can be cancelled.
REP-021 Changes start at the consistent point.
REP-022 Slots are altered with what the version allows.
REP-023 Dropping can wait for the slot's user.
REP-024 Failover slots are consumed after promotion only, and long pauses are normal.
REP-025 An invalidated slot is a permanent failure.
`
  ),
  settled(
    "6.3",
    "Physical streams",
    "protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION",
    `
REP-026 The command names slot, position and timeline.
REP-027 Failures may come before or after the stream has opened.
REP-028 At the exact end of an old timeline the next one is named without any stream.
REP-029 Files begin at segment borders.
REP-030 Chunks of WAL must join without a gap.
REP-031 Version 19 renames the message and keeps its bytes. :: fact
`
  ),
  settled(
    "6.4",
    "Logical streams",
    "protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION-SLOT-LOGICAL",
    `
REP-032 Option values are quoted, names are identifiers.
REP-033 The start is the later of what we ask and what the slot has confirmed; asking too high is guarded against.
REP-034 The slot's plugin is compared by us, since the server judges options only.
REP-035 A slot in use is tried again with growing pauses.
REP-036 The first change may be long in coming.
REP-037 Positions of zero are no progress, and positions never go back.
REP-038 One message of data is one message of the plugin.
REP-039 A stopped logical stream is started again on a new connection.
`
  ),
  settled(
    "6.5",
    "Payloads",
    "protocol-replication.html#PROTOCOL-REPLICATION-XLOGDATA",
    `
REP-040 Unknown payloads are an error, unless set otherwise.
REP-041 We send whole and known payloads only.
REP-042 Positions are unsigned, times signed microseconds of 2000.
REP-043 While streaming we send data, its end and Terminate, nothing else.
`
  ),
  settled(
    "6.6",
    "Feedback and timeouts",
    "protocol-replication.html#PROTOCOL-REPLICATION-STANDBY-STATUS-UPDATE",
    `
REP-044 A keepalive that asks is answered at once, however busy the application is.
REP-045 Status goes out often enough never to meet the server's timeout.
REP-046 It also goes out during long work and while reading is paused.
REP-047 A silent server is asked for a sign, and dropped when none comes.
REP-048 Our own question is answered by a keepalive.
REP-049 Only the flushed position moves a slot.
REP-050 Nothing beyond what was received can be acknowledged, because the server would believe it.
REP-051 A position is the end of what is done, with nothing added.
REP-052 When nothing is pending, keepalives move the slot of an idle database.
REP-053 As a synchronous standby we report right after flushing.
REP-054 A server that shuts down waits for our confirmation and gets it.
REP-055 Hot standby feedback has its layout and can be switched off.
REP-056 Reconnecting backs off and resumes from what is durable.
`
  ),
  settled(
    "6.7",
    "Ending and timelines",
    "protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION",
    `
REP-057 Stopping sends status and end, then reads to ReadyForQuery.
REP-058 The last status counts because it goes first.
REP-059 At the end of a timeline the next is announced, checked and followed.
REP-060 A stream that just ends has ended.
REP-061 A walsender on a standby that is ended by a promotion or a recovery conflict is reconnected to.
REP-062 An end of the socket without an end of the stream is a failure.
`
  ),
  settled(
    "6.8",
    "Base backups",
    "protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP",
    `
REP-063 Every option is written as the server wants it, and no rate means no option.
REP-064 Options that need another option are refused here without it.
REP-065 Version 14 gets its own words.
REP-066 The whole conversation of newer servers is followed, notices included.
REP-067 Payloads name archives, carry them and report progress; all others are errors.
REP-068 Archive and member names cannot leave their folder.
REP-069 Archives end in two empty blocks, ours to add for 14.
REP-070 Version 14's one copy per tablespace gives the same tree.
REP-071 Targets on the server send names and progress without data.
REP-072 Sizes are estimates in kilobytes, or unknown.
REP-073 Large files, modes and links in archives are read right.
REP-074 Manifests of both versions are read and their checksum verified.
REP-075 A failed backup leaves nothing that looks whole.
REP-076 The WAL a backup needs comes with it or beside it.
`
  ),
  settled(
    "6.9",
    "Uploading a manifest",
    "protocol-replication.html#PROTOCOL-REPLICATION-UPLOAD-MANIFEST",
    `
REP-077 The manifest is copied in and may be given up.
REP-078 It must be of this system, with summaries covering it.
REP-079 Incremental members need their earlier backups.
`
  ),
  settled(
    "6.10",
    "Writing WAL files",
    "app-pgreceivewal.html",
    `
REP-080 File names follow from timeline, position and segment size.
REP-081 The current file is marked partial, and flushed means synced.
REP-082 The start follows from the folder, the slot or the system, in that order.
REP-083 An archive of another system is refused.
REP-084 Timeline histories are stored under their names.
`
  ),
  settled(
    "6.11",
    "Consuming",
    "app-pgrecvlogical.html",
    `
REP-085 Status and sync have intervals of their own. :: not applicable, nothing is written to files here: what is synced is said by acknowledging
REP-086 A stream can end at a position, the change on it included.
REP-087 Options pass through.
REP-088 Create-if-missing and drop-if-there tolerate exactly one code each.
REP-089 What is worth reconnecting for can be told from what is final.
REP-090 Plugins with text output work, one message each.
`
  )
]
