/** `docs/messages.md` has the messages of every tag. `test/support/messagesOnPage.ts` looks up the rest as the unit tests meet them. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { identifier } from "../../src/client/Sql.js"
import { closedError } from "../../src/connection/session/ConnectionEnd.js"
import * as PgError from "../../src/model/PgError.js"
import { failure as backupFailure } from "../../src/replication/backup/BackupFailure.js"
import * as ArchiveFolder from "../../src/replication/physical/ArchiveFolder.js"
import * as PhysicalFailure from "../../src/replication/physical/PhysicalFailure.js"
import * as SlotFailure from "../../src/replication/slots/SlotFailure.js"
import * as SnapshotFailure from "../../src/replication/snapshot/SnapshotFailure.js"
import * as Quoting from "../../src/replication/walsender/Quoting.js"
import { readSources } from "../architecture/imports.js"
import { patternOf, patternsOf, templatesOf } from "../support/messagePatterns.js"

const page = readFileSync(new URL("../../docs/messages.md", import.meta.url), "utf8")
const patterns = patternsOf(page)

const find = (tag: string, message: string): void => {
  assert.isTrue(
    patterns.get(tag)?.some((fits) => fits(message)) === true,
    `${tag}: ${message} is not on docs/messages.md: run npm run generate`
  )
}

const thrownBy = (run: () => unknown): Error => {
  try {
    run()
  } catch (error) {
    if (error instanceof Error) return error
  }
  return assert.fail("nothing was thrown")
}

const server = { severity: "FATAL", localizedSeverity: "FATAL", code: "57P01", text: "terminating" } as const
const closed = closedError({ ended: undefined, lastWord: undefined } as never, true, "select 1")

describe("the page of messages", () => {
  it("has a section for every tagged error, and for no other", () => {
    const classes = [...readSources("src")].flatMap(([, text]) =>
      [...text.matchAll(/^export class (\w+) extends TaggedError\(/gm)].map((match) => match[1]!)
    )
    // These reach a user inside of another error, with their reason.
    const inside = new Set(["CopyFormatError", "MalformedMessage", "FrameLengthError", "HostFailure"])
    const others = ["Log", "SqlError", "TypeError"]
    assert.sameMembers(
      [...templatesOf(page).keys()],
      [...classes.filter((name) => !inside.has(name)), ...others]
    )
  })

  it("lists each text once", () => {
    for (const [tag, templates] of templatesOf(page))
      assert.strictEqual(new Set(templates).size, templates.length, tag)
  })

  it("has placeholders that name a value, and whole sentences", () => {
    for (const [tag, templates] of templatesOf(page))
      for (const template of templates) {
        const placeholders = [...template.matchAll(/\{([\w.]+)\}/g)].map(([, name]) => name!)
        const odd = placeholders.filter((name) => /^[A-Z]|^\w$|Infinity/.test(name))
        assert.deepStrictEqual(odd, [], `${tag}: ${template}`)
        assert.notMatch(template, /^[,;:] |[;(]$|\}\d|\d\{/, tag)
      }
  })

  it("has the messages of the code", () => {
    const errors: ReadonlyArray<Error & { readonly _tag?: string }> = [
      closed,
      Quoting.misnamed("slot", "it is empty"),
      SlotFailure.missing("orders"),
      SnapshotFailure.changed({ schema: "public", name: "orders" }),
      PhysicalFailure.removed({ position: 1n, timeline: 1 } as never),
      PhysicalFailure.logicalSlot("orders"),
      backupFailure("archive", "base.tar", "it has no global/pg_control"),
      ArchiveFolder.fileFailure("/archive", new Error("no such file")),
      new PgError.PgCommitUnknownError({ cause: closed as PgError.PgClosedError }),
      new PgError.PgTimeoutError({ deadline: "transaction", millis: 5, sent: true, during: "select 1" }),
      new PgError.PgConnectError({
        attempts: [
          {
            address: "localhost:5432",
            phase: "socket",
            cause: { _tag: "TransportFailure", code: "ECONNREFUSED", message: "refused" }
          }
        ]
      }),
      new PgError.PgAuthError({
        reason: "rejected",
        method: "md5",
        detail: "",
        user: "ada",
        server: server as never
      })
    ]
    for (const error of errors) find(error._tag!, error.message)
    find("TypeError", thrownBy(() => identifier("a\0b")).message)
  })
})

describe("a template", () => {
  it("fits messages that have its fixed pieces in their order, whatever stands between", () => {
    const fits = patternOf("{operation}: fetchSize must be {least} or more, got {value}")
    assert.isTrue(fits("stream: fetchSize must be 1 or more, got 0\nSTATEMENT: select 1"))
    assert.isFalse(fits("stream: got 0, fetchSize must be 1 or more"))
  })
})
