/** Logical replication with the built-in plugin. */
import { settled, type Section } from "../item.js"

export const pgoutput: ReadonlyArray<Section> = [
  settled(
    "7.1",
    "Options",
    "protocol-logical-replication.html#PROTOCOL-LOGICAL-REPLICATION-PARAMS",
    `
LOG-001 The highest protocol that the server's version knows is asked for.
LOG-002 Publication names are quoted twice over and survive.
LOG-003 A missing publication fails late up to 17 and is a warning from 18 on.
LOG-004 Publications are looked up as of the change. :: fact
LOG-005 Two-phase, once on for a slot, stays on, and its messages come whatever was asked.
LOG-006 Options that a version cannot do are refused here.
`
  ),
  settled(
    "7.2",
    "Layouts",
    "protocol-logicalrep-message-formats.html",
    `
LOG-007 What was asked for decides the layout of an abort, and two-phase messages are read at every version.
LOG-008 Transaction control carries no leading transaction id.
LOG-009 Unknown messages and flags are errors.
LOG-010 So are trailing bytes.
LOG-011 Times keep their microseconds.
LOG-012 Column counts are unsigned.
LOG-013 Text is in the session's encoding; messages are raw bytes.
`
  ),
  settled(
    "7.3",
    "Relations",
    "protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-RELATION",
    `
LOG-014 A relation may be described again at any time, and the newest counts.
LOG-015 Nothing about relations outlives its connection.
LOG-016 A change of an unknown relation is an error.
LOG-017 What a streamed transaction said of a relation is its own until it commits.
LOG-018 Domains keep their own OID here and are described by their base.
LOG-019 Columns that are not published are not there.
LOG-020 A row has as many columns as its relation.
LOG-021 Partitions may speak under their root's name.
LOG-022 Filters may turn one kind of change into another. :: fact
LOG-023 Relations are told apart by id, not by name.
LOG-024 Changes are read under all four kinds of replica identity.
`
  ),
  settled(
    "7.4",
    "Rows",
    "protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-TUPLEDATA",
    `
LOG-025 An insert has a new row.
LOG-026 An update has a new row and perhaps the old key or the old row.
LOG-027 A key row's other columns are absent, not null.
LOG-028 A delete has the key or the row.
LOG-029 An unchanged large value is found in the old row or told as unchanged, never as null.
LOG-030 A change shows all that is known of it.
LOG-031 Text and binary may stand in one row.
LOG-032 The session sets its styles so that text values have one form.
LOG-033 A truncation may name several relations.
LOG-034 It keeps its place among the changes.
`
  ),
  settled(
    "7.5",
    "Transactions",
    "protocol-logical-replication.html#PROTOCOL-LOGICAL-MESSAGES-FLOW",
    `
LOG-035 Plain transactions come whole and in the order of their commits.
LOG-036 Empty ones may or may not come.
LOG-037 Messages outside transactions may come anywhere and are not rolled back.
LOG-038 An origin comes right after the beginning, if at all.
LOG-039 Prepared transactions end later, perhaps in another session.
LOG-040 They are paired by name and id.
LOG-041 A prepare may come twice.
`
  ),
  settled(
    "7.6",
    "Transactions in progress",
    "protocol-logical-replication.html#PROTOCOL-LOGICAL-MESSAGES-FLOW",
    `
LOG-042 Chunks of several transactions may alternate but never nest.
LOG-043 After a reconnect everything of an open one comes again.
LOG-044 Chunks count only once committed, and an abort takes what bears its id.
LOG-045 An abort may be of something never seen.
LOG-046 Chunks may be empty.
LOG-047 Waiting chunks have bounded memory.
LOG-048 Descriptions keep their place among the changes.
LOG-049 A transaction above the server's setting comes in chunks, and is put together again.
LOG-050 18 stops sending what is known to be aborted. :: fact
LOG-051 Parallel mode only makes aborts longer.
`
  ),
  settled(
    "7.7",
    "Positions",
    "protocol-logical-replication.html",
    `
LOG-052 A transaction has the position of its commit and one after it.
LOG-053 The position after it is what to acknowledge: neither less nor one more.
LOG-054 Positions of single changes are no progress.
LOG-055 Acknowledgements keep the order of receipt.
LOG-056 A message outside transactions is acknowledged by its own position.
LOG-057 A crash may take the slot back: transactions that come again are known by their position.
LOG-058 Effects happen once if the position is stored with them.
LOG-059 A slot that is ahead of us has lost data, and that is an error.
LOG-060 With nothing pending, keepalives are acknowledged, open streamed transactions or not.
LOG-061 Two consumers of one slot exclude each other.
LOG-062 Snapshot and stream join without gap or overlap.
LOG-063 A lost slot is reported, never silently made anew.
LOG-064 Positions are compared across timelines only after a look at history.
LOG-065 Sequences, DDL and large objects are not replicated. :: fact
`
  )
]
