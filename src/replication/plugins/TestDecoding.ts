/**
 * The lines of the plugin `test_decoding`, which every server brings along. It was made for tests: it reports no types by
 * OID, leaves nulls out of old rows, and prints nothing of streamed changes. One `XLogData` is one line, which may hold
 * line breaks of its own.
 *
 * @see https://www.postgresql.org/docs/current/test-decoding.html
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Utf8 from "../../bytes/Utf8.js"
import { PgTimestampTz } from "../../model/PgTimestampTz.js"
import { MalformedMessage } from "../../wire/MalformedMessage.js"
import type { PluginChange, PluginColumn, PluginColumns } from "./PluginChange.js"
import { Unchanged } from "../changes/Unchanged.js"

/** A place in a line. The first failure sticks, and later reads answer nothing. */
class Line {
  at = 0
  failure: string | null = null
  constructor(readonly text: string) {}

  get isDone(): boolean {
    return this.at >= this.text.length || this.failure !== null
  }

  fail(expected: string): void {
    this.failure ??= `${expected} expected at character ${this.at} of ${this.text.length}`
  }

  /** Passes these words when they are next. */
  takes(words: string): boolean {
    if (this.failure !== null || !this.text.startsWith(words, this.at)) return false
    this.at += words.length
    return true
  }

  /** Passes these words, which must be next. */
  expect(words: string): void {
    if (!this.takes(words)) this.fail(JSON.stringify(words))
  }

  /** What this pattern, which is sticky, finds here. */
  match(pattern: RegExp, expected: string): string {
    pattern.lastIndex = this.at
    const found = this.failure === null ? pattern.exec(this.text)?.[0] : undefined
    if (found === undefined) {
      this.fail(expected)
      return ""
    }
    this.at += found.length
    return found
  }

  /** Text between quotes, which are doubled inside; from the opening quote on. */
  quoted(quote: string): string {
    if (!this.takes(quote)) this.fail(quote)
    let text = ""
    while (this.failure === null) {
      const end = this.text.indexOf(quote, this.at)
      if (end < 0) this.fail(`a closing ${quote}`)
      else {
        text += this.text.slice(this.at, end)
        this.at = end + 1
        if (!this.takes(quote)) break
        text += quote
      }
    }
    return text
  }

  identifier(): string {
    return this.text[this.at] === '"' ? this.quoted('"') : this.match(/[^\s".,:[\]]+/y, "an identifier")
  }

  number(): number {
    return Number(this.match(/\d+/y, "a number"))
  }

  literal(): string {
    // A literal with backslashes is printed in the form that escapes them.
    if (!this.takes("E")) return this.quoted("'")
    return this.quoted("'").replaceAll("\\\\", "\\")
  }
}

/** The type between brackets, which may itself hold quoted names and brackets of an array. */
const readType = (line: Line): string => {
  line.expect("[")
  const start = line.at
  line.match(/(?:"(?:[^"]|"")*"|\[\]|[^"[\]])+/y, "a type")
  const type = line.text.slice(start, line.at)
  line.expect("]:")
  return type
}

const readValue = (line: Line, type: string): PluginColumn["value"] => {
  if (line.text[line.at] === "'") return line.quoted("'")
  if (line.takes("B'")) {
    line.at--
    return line.quoted("'")
  }
  const word = line.match(/[^\s]+/y, "a value")
  if (word === "null") return null
  if (word === "unchanged-toast-datum") return Unchanged
  // Booleans are printed as words, which are not their text form.
  return type === "boolean" ? word.charAt(0) : word
}

const readColumns = (line: Line): PluginColumns => {
  const columns: Array<PluginColumn> = []
  while (!line.isDone && !line.text.startsWith(" new-tuple:", line.at)) {
    line.expect(" ")
    const name = line.identifier()
    const type = readType(line)
    columns.push({ name, type, value: readValue(line, type) })
  }
  return columns
}

const readTable = (line: Line) => {
  const schema = line.identifier()
  line.expect(".")
  return { schema, table: line.identifier() }
}

const noTuple = " (no-tuple-data)"

const readTableChange = (line: Line): PluginChange => {
  const tables = [readTable(line)]
  while (line.takes(", ")) tables.push(readTable(line))
  const [table] = tables
  line.expect(": ")
  if (line.takes("INSERT:")) {
    return { _tag: "Insert", ...table!, new: line.takes(noTuple) ? [] : readColumns(line) }
  }
  if (line.takes("UPDATE:")) {
    const old = line.takes(" old-key:") ? readColumns(line) : undefined
    if (old !== undefined) line.expect(" new-tuple:")
    return { _tag: "Update", ...table!, old, new: line.takes(noTuple) ? [] : readColumns(line) }
  }
  if (line.takes("DELETE:")) {
    return { _tag: "Delete", ...table!, old: line.takes(noTuple) ? undefined : readColumns(line) }
  }
  line.expect("TRUNCATE:")
  if (line.takes(" (no-flags)")) return { _tag: "Truncate", tables, cascade: false, restartIdentity: false }
  const restartIdentity = line.takes(" restart_seqs")
  return { _tag: "Truncate", tables, cascade: line.takes(" cascade"), restartIdentity }
}

const readTime = (line: Line): PgTimestampTz | undefined => {
  if (!line.takes(" (at ")) return undefined
  const time = Option.getOrUndefined(PgTimestampTz.fromText(line.match(/[^)]+/y, "a time")))
  if (time === undefined) line.fail("a time with its offset")
  line.expect(")")
  return time
}

const xidAfter = (line: Line, words: string): number | undefined =>
  line.takes(words) ? line.number() : undefined

const readPrepared = (line: Line) => {
  const gid = line.literal()
  const xid = xidAfter(line, ", txid ")
  return { gid, xid, time: readTime(line) }
}

/** Prefix and content may hold any words, so the size decides where the prefix ends and the content begins. */
const readMessage = (line: Line): PluginChange => {
  line.expect("transactional: ")
  const transactional = line.match(/[01]/y, "0 or 1") === "1"
  line.expect(" prefix: ")
  const rest = line.text.slice(line.at)
  line.at = line.text.length
  let first: PluginChange | undefined
  for (const found of rest.matchAll(/, sz: (\d+)( content:|$)/g)) {
    const content = found[2] === "" ? undefined : rest.slice(found.index + found[0].length)
    const change = { _tag: "Message", transactional, prefix: rest.slice(0, found.index), content } as const
    if (content === undefined || Utf8.byteLength(content) === Number(found[1])) return change
    // Content that is no text has another size once it is one.
    first ??= change
  }
  if (first === undefined) line.fail("the size of a message")
  return first ?? { _tag: "Message", transactional, prefix: "", content: undefined }
}

const streamOf = "streamed block for transaction"
const ofTransaction = " TXN "

/** What lines begin with, and how they go on. The longer of two beginnings comes first. */
const kinds: ReadonlyArray<readonly [string, (line: Line) => PluginChange]> = [
  ["table ", readTableChange],
  ["BEGIN", (line) => ({ _tag: "Begin", xid: xidAfter(line, " "), time: undefined })],
  ["COMMIT PREPARED ", (line) => ({ _tag: "CommitPrepared", ...readPrepared(line) })],
  [
    "COMMIT",
    (line) => {
      const xid = /\d/.test(line.text[line.at + 1] ?? "") ? xidAfter(line, " ") : undefined
      return { _tag: "Commit", xid, time: readTime(line), nextLsn: undefined }
    }
  ],
  ["PREPARE TRANSACTION ", (line) => ({ _tag: "Prepare", ...readPrepared(line) })],
  ["ROLLBACK PREPARED ", (line) => ({ _tag: "RollbackPrepared", ...readPrepared(line) })],
  ["message: ", readMessage],
  ["streaming message: ", readMessage],
  [`opening a ${streamOf}`, (line) => ({ _tag: "StreamStart", xid: xidAfter(line, ofTransaction) })],
  [`closing a ${streamOf}`, (line) => ({ _tag: "StreamStop", xid: xidAfter(line, ofTransaction) })],
  [
    "aborting streamed (sub)transaction",
    (line) => ({ _tag: "StreamAbort", xid: xidAfter(line, ofTransaction) })
  ],
  [
    "committing streamed transaction",
    (line) => ({ _tag: "StreamCommit", xid: xidAfter(line, ofTransaction), time: readTime(line) })
  ],
  ["preparing streamed transaction TXN ", (line) => ({ _tag: "StreamPrepare", ...readPrepared(line) })],
  ["preparing streamed transaction ", (line) => ({ _tag: "StreamPrepare", ...readPrepared(line) })],
  ["streaming change for TXN ", (line) => ({ _tag: "StreamChange", xid: line.number() })],
  ["streaming change for transaction", () => ({ _tag: "StreamChange", xid: undefined })],
  ["streaming truncate for TXN ", (line) => ({ _tag: "StreamTruncate", xid: line.number() })],
  ["streaming truncate for transaction", () => ({ _tag: "StreamTruncate", xid: undefined })]
]

/** Reads one line. Left is malformed: the failure names a place and never what stands there. */
export const parse = (text: string): Either.Either<PluginChange, MalformedMessage> => {
  const line = new Line(text)
  for (const [words, read] of kinds) {
    if (!line.takes(words)) continue
    const change = read(line)
    if (!line.isDone) line.fail("the end")
    return line.failure === null ? Either.right(change) : malformed(line.failure)
  }
  return malformed("no line of test_decoding begins so")
}

const malformed = (reason: string) =>
  Either.left(new MalformedMessage({ kind: "test_decoding", tag: undefined, reason, partial: undefined }))
