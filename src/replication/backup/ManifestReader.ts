/**
 * Reads a manifest that comes in pieces, a file at a time, in bounded memory. What a server would not write is refused: keys that are
 * unknown or come twice, values of another kind, a checksum that is not that of the text.
 *
 * @see https://www.postgresql.org/docs/current/backup-manifest-format.html
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as NodeCrypto from "node:crypto"
import * as LsnText from "../../model/Lsn.js"
import { isTimeline } from "../../wire/replication/TimelineHistory.js"
import type { ManifestChecksums } from "./BackupOptions.js"
import { algorithms } from "./Checksum.js"
import type { JsonToken } from "./JsonTokens.js"
import { JsonTokens, longestToken } from "./JsonTokens.js"
import type { ManifestFacts, ManifestFile, ManifestWalRange } from "./Manifest.js"

const versionKey = "PostgreSQL-Backup-Manifest-Version"
const checksumKey = "Manifest-Checksum"

/** What may stand in the objects, and of which kind it is. */
const keys = {
  top: {
    [versionKey]: "Number",
    "System-Identifier": "Number",
    Files: "List",
    "WAL-Ranges": "List",
    [checksumKey]: "String"
  },
  Files: {
    Path: "String",
    "Encoded-Path": "String",
    Size: "Number",
    "Last-Modified": "String",
    "Checksum-Algorithm": "String",
    Checksum: "String"
  },
  "WAL-Ranges": { Timeline: "Number", "Start-LSN": "String", "End-LSN": "String" }
} as const

type List = "Files" | "WAL-Ranges"
type Place = "top" | List

/** What may come next. */
type Expected =
  | "object"
  | "key or end"
  | "key"
  | "colon"
  | "value"
  | "comma or end"
  /** Of a list. */
  | "item or end"
  | "item"
  | "comma or end of list"
  | "nothing"

/** Ranges of the log that a manifest may have: a timeline each. */
const maxRanges = 100_000

const wholeNumber = /^\d{1,20}$/

export class ManifestReader {
  private readonly tokens = new JsonTokens((token) => this.token(token))
  private expected: Expected = "object"
  private place: Place = "top"
  private key = ""
  private readonly top = new Map<string, string>()
  private values = new Map<string, string>()
  private readonly ranges: Array<ManifestWalRange> = []
  private files = 0
  private out: Array<ManifestFile> = []
  private refusal: string | undefined
  private readonly hash = NodeCrypto.createHash("sha256")
  /** From the beginning of the last line so far: what the manifest's checksum leaves out. */
  private lastLine: Uint8Array = new Uint8Array(0)

  /** The files that this piece completes. Left: what is wrong with the manifest. */
  read(bytes: Uint8Array): Either.Either<ReadonlyArray<ManifestFile>, string> {
    this.tokens.push(bytes)
    this.digest(bytes)
    const files = this.out
    this.out = []
    const failure = this.refusal ?? this.tokens.failure
    return failure === undefined ? Either.right(files) : Either.left(failure)
  }

  /** The content of the manifest except its files, after all of it has been read. */
  finish(): Either.Either<ManifestFacts, string> {
    this.tokens.end()
    if (this.expected !== "nothing") this.refuse("it is truncated")
    const stated = this.top.get(checksumKey)
    const version = Number(this.top.get(versionKey))
    if (this.lastLine.at(-1) !== 0x0a) this.refuse("its last line has no line feed at its end")
    if (version !== 1 && version !== 2) this.refuse(`its version must be 1 or 2`)
    const systemId = this.top.get("System-Identifier")
    if ((version === 2) !== (systemId !== undefined)) {
      this.refuse("a system identifier must be in version 2, and only there")
    }
    if (!this.top.has("Files")) this.refuse("it has no files")
    const computed = this.hash.digest("hex")
    if (stated?.toLowerCase() !== computed) {
      this.refuse(`its checksum is ${computed}, and the manifest states ${stated ?? "no checksum"}`)
    }
    const failure = this.refusal ?? this.tokens.failure
    return failure === undefined
      ? Either.right({ version, systemId, walRanges: this.ranges, files: this.files })
      : Either.left(failure)
  }

  private refuse(reason: string): void {
    this.refusal ??= this.tokens.failure ?? reason
  }

  /** Takes the lines into the manifest's checksum, all but the last. */
  private digest(bytes: Uint8Array): void {
    const text = this.lastLine.length === 0 ? bytes : Buffer.concat([this.lastLine, bytes])
    // A line end at the very end closes the last line, which begins behind the one before.
    const length = text.at(-1) === 0x0a ? text.length - 1 : text.length
    const before = length === 0 ? -1 : text.lastIndexOf(0x0a, length - 1)
    const cut = before + 1
    this.hash.update(text.subarray(0, cut))
    this.lastLine = text.slice(cut)
    if (this.lastLine.length > longestToken * 4) this.refuse("a line of it is too long")
  }

  private token(token: JsonToken): void {
    if (this.refusal !== undefined) return
    const mark = token._tag === "Mark" ? token.mark : undefined
    switch (this.expected) {
      case "object":
        return mark === "{" ? this.next("key or end") : this.refuse("it must be an object")
      case "key or end":
        if (mark === "}") return this.closeObject()
        return this.takeKey(token)
      case "key":
        return this.takeKey(token)
      case "colon":
        return mark === ":" ? this.next("value") : this.refuse(`a colon must follow ${this.key}`)
      case "value":
        return this.takeValue(token)
      case "comma or end":
        if (mark === ",") return this.next("key")
        return mark === "}" ? this.closeObject() : this.refuse(`a comma must follow ${this.key}`)
      case "item or end":
        if (mark === "]") return this.closeList()
        return this.takeItem(mark)
      case "item":
        return this.takeItem(mark)
      case "comma or end of list":
        if (mark === ",") return this.next("item")
        return mark === "]" ? this.closeList() : this.refuse("a comma must follow an item")
      case "nothing":
        return this.refuse("text follows its end")
    }
  }

  private next(expected: Expected): void {
    this.expected = expected
  }

  private takeKey(token: JsonToken): void {
    if (token._tag !== "String") return this.refuse("a key must be a string")
    const { text } = token
    if (!Object.hasOwn(keys[this.place], text)) {
      return this.refuse(`the key ${JSON.stringify(text.slice(0, 60))} is unknown`)
    }
    if (this.place === "top" && this.top.size === 0 && text !== versionKey) {
      return this.refuse(`${versionKey} must come first`)
    }
    if (this.place === "top" && this.top.has(checksumKey)) {
      return this.refuse(`${checksumKey} must come last`)
    }
    if ((this.place === "top" ? this.top : this.values).has(text)) {
      return this.refuse(`the key ${text} comes twice`)
    }
    this.key = text
    this.next("colon")
  }

  private takeValue(token: JsonToken): void {
    const kinds: Readonly<Record<string, string>> = keys[this.place]
    const wanted = kinds[this.key]
    if (wanted === "List" && token._tag === "Mark" && token.mark === "[") {
      this.top.set(this.key, "")
      this.place = this.key as List
      return this.next("item or end")
    }
    if (token._tag === "Mark" || token._tag !== wanted) {
      return this.refuse(`the value of ${this.key} must be a ${String(wanted).toLowerCase()}`)
    }
    if (token._tag === "Number" && !wholeNumber.test(token.text)) {
      return this.refuse(`the value of ${this.key} must be a whole number, got ${token.text.slice(0, 40)}`)
    }
    ;(this.place === "top" ? this.top : this.values).set(this.key, token.text)
    this.next("comma or end")
  }

  private takeItem(mark: string | undefined): void {
    if (mark !== "{") return this.refuse("an item of a list must be an object")
    this.values = new Map()
    this.next("key or end")
  }

  private closeList(): void {
    this.place = "top"
    this.next("comma or end")
  }

  private closeObject(): void {
    if (this.place === "top") return this.next("nothing")
    if (this.place === "Files") this.file()
    else this.range()
    this.next("comma or end of list")
  }

  private file(): void {
    const { values } = this
    const encoded = values.get("Encoded-Path")
    if (values.has("Path") === (encoded !== undefined)) return this.refuse("a file must have one path")
    if (encoded !== undefined && !/^(?:[0-9a-fA-F]{2})+$/.test(encoded)) {
      return this.refuse("an Encoded-Path must be hexadecimal")
    }
    const path = values.get("Path") ?? Buffer.from(encoded!, "hex").toString("utf8")
    const size = values.get("Size")
    if (size === undefined) return this.refuse(`the file ${path} has no size`)
    const algorithm = (values.get("Checksum-Algorithm") ?? "NONE").toUpperCase() as ManifestChecksums
    const checksum = (values.get("Checksum") ?? "").toLowerCase()
    if (!algorithms.includes(algorithm)) {
      return this.refuse(`the file ${path} has a checksum of an unknown kind`)
    }
    if ((algorithm === "NONE") !== (checksum === "") || !/^(?:[0-9a-f]{2})*$/.test(checksum)) {
      return this.refuse(`the file ${path} must have a checksum and its algorithm, or neither`)
    }
    this.files++
    this.out.push({
      path,
      size: BigInt(size),
      lastModified: values.get("Last-Modified"),
      algorithm,
      checksum
    })
  }

  private range(): void {
    const { values } = this
    const timeline = Number(values.get("Timeline"))
    const start = LsnText.fromText(values.get("Start-LSN") ?? "")
    const end = LsnText.fromText(values.get("End-LSN") ?? "")
    if (!isTimeline(timeline) || Option.isNone(start) || Option.isNone(end) || end.value < start.value) {
      return this.refuse("a range of the log must have a timeline, a start and an end")
    }
    if (this.ranges.length === maxRanges) return this.refuse("it has too many ranges of the log")
    this.ranges.push({ timeline, start: start.value, end: end.value })
  }
}
