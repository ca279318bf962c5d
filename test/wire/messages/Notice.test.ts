import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import type { ServerFields } from "../../../src/model/ServerFields.js"
import { ErrorResponse, legacyText, NoticeResponse } from "../../../src/wire/messages/Notice.js"
import { bytes, malformed, type Part, refused, written } from "../bytes.js"

/** A body of fields, each a code and a text, with the closing zero. */
const body = (...fields: ReadonlyArray<string>): Uint8Array =>
  bytes(...fields.flatMap((field): ReadonlyArray<Part> => [field, 0]), 0)

const read = (...fields: ReadonlyArray<string>): ServerFields =>
  Either.getOrThrow(ErrorResponse.decode(body(...fields))).fields

describe("ErrorResponse", () => {
  it("reads every field of the manual, as it was sent (ERR-004)", () => {
    const fields = read(
      ...[
        "SFEHLER",
        "VERROR",
        "C23505",
        "Mdoppelt",
        "DKey (id)=(1)",
        "Hhint",
        "P15",
        "p3",
        "qselect 1",
        "Wwhere"
      ],
      ...["spublic", "tpeople", "cid", "dint4", "npeople_pkey", "Fnbtinsert.c", "L670", "R_bt_check_unique"]
    )
    assert.deepStrictEqual(fields, {
      severity: "ERROR",
      localizedSeverity: "FEHLER",
      code: "23505",
      text: "doppelt",
      detail: "Key (id)=(1)",
      hint: "hint",
      position: 15,
      internalPosition: 3,
      internalQuery: "select 1",
      where: "where",
      schema: "public",
      table: "people",
      column: "id",
      dataType: "int4",
      constraint: "people_pkey",
      file: "nbtinsert.c",
      line: 670,
      routine: "_bt_check_unique",
      unknown: new Map()
    })
  })

  it("takes fields in any order (ERR-001, F11)", () => {
    const fields = ["SERROR", "VERROR", "C42601", "Mtext", "P3", "Ffile", "L9", "Rroutine"]
    const expected = read(...fields)
    fc.assert(
      fc.property(fc.shuffledSubarray(fields, { minLength: fields.length }), (shuffled) => {
        assert.deepStrictEqual(read(...shuffled), expected)
      })
    )
  })

  it("keeps fields it does not know, and the last of a repeated one (ERR-001, F11)", () => {
    const fields = read("Mfirst", "Xnew", "Msecond", "ZO", "Xnewer")
    assert.strictEqual(fields.text, "second")
    assert.deepStrictEqual(
      [...fields.unknown],
      [
        ["X", "newer"],
        ["Z", "O"]
      ]
    )
  })

  it("takes the severity of older servers from S (ERR-002)", () => {
    assert.strictEqual(read("SFATAL").severity, "FATAL")
    assert.strictEqual(read("SPANIC", "VERROR").severity, "ERROR")
    assert.strictEqual(read("SFEHLER").severity, "ERROR")
    assert.strictEqual(read("SFEHLER").localizedSeverity, "FEHLER")
  })

  it("has defaults for what is missing, even for everything (ERR-002, F11)", () => {
    const fields = read()
    assert.deepStrictEqual(
      [fields.severity, fields.localizedSeverity, fields.code, fields.text, fields.position],
      ["ERROR", "ERROR", "XX000", "", undefined]
    )
    assert.strictEqual(Either.getOrThrow(NoticeResponse.decode(bytes(0))).fields.severity, "NOTICE")
  })

  it("keeps an invalid number or severity verbatim (F11)", () => {
    const fields = read("Pabc", "p-1", "L", "VWOE", "P1e3")
    assert.deepStrictEqual(
      [fields.position, fields.internalPosition, fields.line, fields.severity],
      [undefined, undefined, undefined, "ERROR"]
    )
    assert.deepStrictEqual(Object.fromEntries(fields.unknown), { P: "1e3", p: "-1", L: "", V: "WOE" })
  })

  it("keeps lines apart in detail, hint and context (ERR-009)", () => {
    const fields = read("Done\ntwo", "Hthree\r\nfour", "W\nfive\n")
    assert.deepStrictEqual(
      [fields.detail, fields.hint, fields.where],
      ["one\ntwo", "three\r\nfour", "\nfive\n"]
    )
  })

  it("is malformed without its terminator, and still shows what came (ERR-003, F11)", () => {
    const whole = body("SFATAL", "VFATAL", "C57P01", "Mgoing down")
    const unclosed = malformed(ErrorResponse.decode(whole, 0, whole.length - 1))
    assert.strictEqual(unclosed.partial?.code, "57P01")
    assert.strictEqual(unclosed.partial?.text, "going down")
    assert.include(unclosed.message, "FATAL going down")

    const cut = malformed(ErrorResponse.decode(whole, 0, whole.length - 6))
    assert.strictEqual(cut.partial?.severity, "FATAL")
    assert.strictEqual(cut.partial?.text, "going ")

    assert.strictEqual(malformed(ErrorResponse.decode(bytes())).partial?.code, "XX000")
  })

  it("is malformed with bytes after its terminator, and still shows what came (ERR-003, F12)", () => {
    const failure = malformed(ErrorResponse.decode(bytes(body("Mtext"), "more", 0)))
    assert.strictEqual(failure.partial?.text, "text")
  })

  it("never throws, whatever the fields hold (ERR-006, F11, F13, F22)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (random) => {
        const decoded = ErrorResponse.decode(random)
        if (Either.isLeft(decoded)) assert.isDefined(decoded.left.partial)
      }),
      { numRuns: 2_000 }
    )
  })

  it("reads text in another encoding with replacements (ERR-006, F13)", () => {
    const { fields } = Either.getOrThrow(ErrorResponse.decode(bytes("M", 0xe9, "t", 0xe9, 0, 0)))
    assert.strictEqual(fields.text, "\ufffdt\ufffd")
  })

  it("cannot be written with an invalid code", () => {
    for (const code of ["", "ab", "\0", "€"]) {
      refused((writer) =>
        ErrorResponse.encode(writer, {
          _tag: "ErrorResponse",
          fields: { ...read(), unknown: new Map([[code, "x"]]) }
        })
      )
    }
  })

  it("is written so that what was kept verbatim comes back", () => {
    const fields = read("SFEHLER", "VWOE", "Pabc", "xyes")
    const sent = written((writer) => ErrorResponse.encode(writer, { _tag: "ErrorResponse", fields }))
    assert.deepStrictEqual(Either.getOrThrow(ErrorResponse.decode(sent, 5)).fields, fields)
  })
})

describe("legacyText", () => {
  it("reads the text of an error without a length (CON-075)", () => {
    assert.strictEqual(
      legacyText(bytes("Ecould not fork new process for connection: no memory\n", 0)),
      "could not fork new process for connection: no memory"
    )
    assert.strictEqual(legacyText(bytes("EFATAL:  sorry")), "FATAL:  sorry")
  })

  it("does not take other bytes for text", () => {
    assert.isUndefined(legacyText(bytes("HTTP/1.1 400 Bad Request")))
    assert.isUndefined(legacyText(bytes("E", 0, 0, 0, 99, "SERROR", 0)))
    assert.isUndefined(legacyText(bytes("Eab", 27, "[31mred", 0)))
    assert.isUndefined(legacyText(bytes("E")))
    assert.isUndefined(legacyText(bytes()))
  })

  it("shows no more than a thousand bytes", () => {
    assert.strictEqual(legacyText(bytes("E", "x".repeat(5_000)))?.length, 1_000)
  })
})
