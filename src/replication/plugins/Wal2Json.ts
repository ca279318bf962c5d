/**
 * The output of the plugin `wal2json`, format versions 1 (one object per transaction) and 2 (one per change). Numbers keep
 * their digits.
 *
 * The plugin itself loses some things. An unchanged large value is left out of the row, and NaN and the infinities are
 * null, unless `numeric-data-types-as-string` is set, which 2.6 has. Version 1 leaves nulls out of old rows and does not
 * send truncations. Without `include-schemas` the schema is empty, and without `include-types` and `include-type-oids` the
 * type: then every value is text. With `write-in-chunks` version 1 sends pieces that are not JSON, which are refused: join
 * them, from one that ends with `[` to one that begins with `]`. A default with a quote or a backslash in it also makes
 * invalid JSON: leave `include-default` out.
 *
 * @see https://github.com/eulerto/wal2json
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Lsn from "../../model/Lsn.js"
import * as Oid from "../../model/Oid.js"
import { PgTimestampTz } from "../../model/PgTimestampTz.js"
import { MalformedMessage } from "../../wire/MalformedMessage.js"
import type { Json, JsonObject } from "./ExactJson.js"
import { isArray, isObject, JsonNumber, parse as parseJson } from "./ExactJson.js"
import type { PluginChange, PluginColumn, PluginColumns } from "./PluginChange.js"

/** Reads members of objects; the first that is not what it should be sticks. */
class Members {
  failure: string | null = null

  fail(reason: string): void {
    this.failure ??= reason
  }

  /** What was not asked for is empty. */
  optional(object: JsonObject, name: string): string {
    return object[name] === undefined ? "" : this.text(object, name)
  }

  text(object: JsonObject, name: string): string {
    const value = object[name]
    if (typeof value === "string") return value
    this.fail(`"${name}" must be a string`)
    return ""
  }

  list(object: JsonObject, name: string): ReadonlyArray<Json> {
    const value = object[name]
    if (isArray(value)) return value
    this.fail(`"${name}" must be a list`)
    return []
  }

  texts(object: JsonObject, name: string): ReadonlyArray<string> {
    return this.list(object, name).map((item) => {
      if (typeof item === "string") return item
      this.fail(`"${name}" must be a list of strings`)
      return ""
    })
  }

  flag(object: JsonObject, name: string): boolean {
    const value = object[name]
    if (typeof value !== "boolean") this.fail(`"${name}" must be true or false`)
    return value === true
  }

  /** A transaction id; `undefined` when it is missing. */
  xid(object: JsonObject): number | undefined {
    const value = object["xid"]
    if (value === undefined || value === null) return undefined
    if (value instanceof JsonNumber && /^\d{1,10}$/.test(value.digits)) return Number(value.digits)
    this.fail('"xid" must be a transaction id')
    return undefined
  }

  time(object: JsonObject): PgTimestampTz | undefined {
    const value = object["timestamp"]
    if (value === undefined || value === null) return undefined
    const time = typeof value === "string" ? PgTimestampTz.fromText(value) : Option.none()
    if (Option.isNone(time)) this.fail('"timestamp" must be a time with its offset')
    return Option.getOrUndefined(time)
  }

  lsn(object: JsonObject, name: string): Lsn.Lsn | undefined {
    const value = object[name]
    if (value === undefined || value === null) return undefined
    const lsn = typeof value === "string" ? Lsn.fromText(value) : Option.none()
    if (Option.isNone(lsn)) this.fail(`"${name}" must be a position`)
    return Option.getOrUndefined(lsn)
  }

  /** A value in the text form of its type. */
  column(name: string, type: string, value: Json | undefined): PluginColumn {
    if (value === null) return { name, type, value }
    if (value instanceof JsonNumber) return { name, type, value: value.digits }
    if (typeof value === "boolean") return { name, type, value: value ? "t" : "f" }
    // The plugin leaves out what bytes begin with in text, unless they are of a domain.
    if (typeof value === "string") {
      return { name, type, value: type === "bytea" && !value.startsWith("\\") ? `\\x${value}` : value }
    }
    this.fail(`the value of a column of type ${type} must be a number, a string, true, false or null`)
    return { name, type, value: null }
  }

  /** Columns as lists of the same length. */
  parallel(object: JsonObject, prefix: "column" | "key"): PluginColumns {
    const names = this.texts(object, `${prefix}names`)
    const types = this.typesOf(object, prefix, names.length)
    const values = this.list(object, `${prefix}values`)
    if (names.length !== types.length || names.length !== values.length) {
      this.fail(`${names.length} names, ${types.length} types and ${values.length} values of columns`)
      return []
    }
    return names.map((name, index) => this.column(name, types[index]!, values[index]))
  }

  private typesOf(object: JsonObject, prefix: "column" | "key", count: number): ReadonlyArray<string> {
    if (object[`${prefix}types`] !== undefined) return this.texts(object, `${prefix}types`)
    if (object[`${prefix}typeoids`] === undefined) return Array.from({ length: count }, () => "")
    return this.list(object, `${prefix}typeoids`).map((oid) => this.typeOf(oid))
  }

  /** The type of this OID; empty when it is missing. */
  private typeOf(oid: Json | undefined): string {
    if (oid === undefined) return ""
    if (oid instanceof JsonNumber) return Oid.nameOf(Number(oid.digits))
    this.fail("the OID of a type must be a number")
    return ""
  }

  /** Columns as a list of objects. */
  columns(object: JsonObject, name: string): PluginColumns {
    return this.list(object, name).map((item) => {
      if (isObject(item)) {
        const type = item["type"] === undefined ? this.typeOf(item["typeoid"]) : this.text(item, "type")
        return this.column(this.text(item, "name"), type, item["value"])
      }
      this.fail(`"${name}" must be a list of columns`)
      return { name: "", type: "", value: null }
    })
  }

  table(object: JsonObject) {
    return { schema: this.optional(object, "schema"), table: this.text(object, "table") }
  }

  message(object: JsonObject): PluginChange {
    return {
      _tag: "Message",
      transactional: this.flag(object, "transactional"),
      prefix: this.text(object, "prefix"),
      content: this.text(object, "content")
    }
  }

  truncate(object: JsonObject): PluginChange {
    return { _tag: "Truncate", tables: [this.table(object)], cascade: false, restartIdentity: false }
  }
}

/** A change inside a version 1 object. */
const changeOf1 = (members: Members, object: JsonObject): PluginChange => {
  const oldKeys = object["oldkeys"]
  const old = isObject(oldKeys) ? members.parallel(oldKeys, "key") : undefined
  const kind = members.text(object, "kind")
  switch (kind) {
    case "insert":
      return { _tag: "Insert", ...members.table(object), new: members.parallel(object, "column") }
    case "update":
      return { _tag: "Update", ...members.table(object), old, new: members.parallel(object, "column") }
    case "delete":
      return { _tag: "Delete", ...members.table(object), old }
    case "truncate":
      return members.truncate(object)
    case "message":
      return members.message(object)
    default:
      members.fail(`a change of an unknown kind`)
      return members.truncate(object)
  }
}

/** A message outside of any transaction comes as an object of its own, and nothing else does. */
const standsAlone = (changes: ReadonlyArray<PluginChange>): boolean =>
  changes.length === 1 && changes[0]!._tag === "Message" && !changes[0]!.transactional

const read1 = (members: Members, object: JsonObject): ReadonlyArray<PluginChange> => {
  const changes = members.list(object, "change").flatMap((item): ReadonlyArray<PluginChange> => {
    if (isObject(item)) return [changeOf1(members, item)]
    members.fail('"change" must be a list of changes')
    return []
  })
  if (standsAlone(changes)) return changes
  const told = { xid: members.xid(object), time: members.time(object) }
  return [
    { _tag: "Begin", ...told },
    ...changes,
    { _tag: "Commit", ...told, nextLsn: members.lsn(object, "nextlsn") }
  ]
}

const read2 = (members: Members, object: JsonObject): PluginChange => {
  const identity = () => (object["identity"] === undefined ? undefined : members.columns(object, "identity"))
  switch (members.text(object, "action")) {
    case "B":
      return { _tag: "Begin", xid: members.xid(object), time: members.time(object) }
    case "C":
      return {
        _tag: "Commit",
        xid: members.xid(object),
        time: members.time(object),
        nextLsn: members.lsn(object, "nextlsn")
      }
    case "I":
      return { _tag: "Insert", ...members.table(object), new: members.columns(object, "columns") }
    case "U":
      return {
        _tag: "Update",
        ...members.table(object),
        old: identity(),
        new: members.columns(object, "columns")
      }
    case "D":
      return { _tag: "Delete", ...members.table(object), old: identity() }
    case "T":
      return members.truncate(object)
    case "M":
      return members.message(object)
    default:
      members.fail("an unknown action")
      return members.truncate(object)
  }
}

const aloneBehindComma = /^(\{\s*"change":\s*\[\s*),/

const finish = <A>(members: Members, value: A): Either.Either<A, MalformedMessage> =>
  members.failure === null ? Either.right(value) : malformed(members.failure)

const malformed = (reason: string) =>
  Either.left(new MalformedMessage({ kind: "wal2json", tag: undefined, reason, partial: undefined }))

/**
 * A message that stands alone begins with a comma when the transaction before it had several changes, and a type whose schema has
 * to be quoted stands there as in SQL.
 */
const objectOf = (text: string): JsonObject | undefined => {
  const value = parseJson(text.replace(aloneBehindComma, "$1"), { sqlNames: true })
  return isObject(value) ? value : undefined
}

/** Reads an object of format version 1: a transaction from its beginning to its end, or a message that stands alone. */
export const parse1 = (text: string): Either.Either<ReadonlyArray<PluginChange>, MalformedMessage> => {
  const object = objectOf(text)
  if (object === undefined) return malformed("the message must be a JSON object")
  const members = new Members()
  return finish(members, read1(members, object))
}

/** Reads an object of format version 2. */
export const parse2 = (text: string): Either.Either<PluginChange, MalformedMessage> => {
  const object = objectOf(text)
  if (object === undefined) return malformed("the message must be a JSON object")
  const members = new Members()
  return finish(members, read2(members, object))
}
