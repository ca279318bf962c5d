/** A million rows by COPY, out of a Stream that makes them on the way. */
import { Effect, Stream } from "effect"
import { Sql } from "effect-postgres"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import { timed, type Stage } from "./Stage.js"

const { sql } = Sql

export const rowCount = 1_000_000

const rowsPerPiece = 1_000
const firstInstant = Date.UTC(2024, 0, 1)
const encoder = new TextEncoder()

/** One row in COPY's text format: columns divided by tabs, `\N` for NULL. */
const line = (id: number): string => {
  const takenAt = new Date(firstInstant + id * 1_000).toISOString()
  const note = id % 10 === 0 ? "\\N" : `reading ${id}`
  return `${id}\tsensor-${id % 500}\t${takenAt}\t${(id % 400) / 10 - 10}\t${id % 2 === 0 ? "t" : "f"}\t${note}\n`
}

/** The rows from `piece` × 1,000 on, as bytes. */
const bytesOf = (piece: number): Uint8Array => {
  let text = ""
  for (let id = piece * rowsPerPiece; id < (piece + 1) * rowsPerPiece; id++) text += line(id)
  return encoder.encode(text)
}

/** One piece at a time, made when it is asked for. */
const pieces = Stream.range(0, rowCount / rowsPerPiece - 1, 1).pipe(Stream.map(bytesOf))

export const fill = ({ connection, readings }: Stage) =>
  Effect.gen(function* () {
    yield* connection.query(sql`
      create unlogged table ${readings} (
        id int4 primary key, sensor text not null, taken_at timestamptz not null,
        celsius float8 not null, valid bool not null, note text
      )`)
    const progress = Screen.progress("copying", rowCount)
    let bytes = 0
    let rows = 0
    const source = Stream.tap(pieces, (piece) =>
      Effect.sync(() => {
        bytes += piece.length
        progress((rows += rowsPerPiece))
      })
    )
    const [millis, stored] = yield* timed(connection.copyFrom(`copy ${readings.sql} from stdin`, source))
    yield* Expect.equal("rows stored", stored.rows, BigInt(rowCount))
    const counted = yield* connection.query(sql`select count(*) as "count" from ${readings}`)
    yield* Expect.equal("rows in the table", Expect.single<bigint>(counted), BigInt(rowCount))
    yield* Screen.number(
      "rows",
      Screen.count(stored.rows),
      `in ${Screen.time(millis)}, six columns, checked and indexed by the server`
    )
    yield* Screen.number("data", Screen.megabytes(bytes), "MB, made row by row in an Effect Stream")
    yield* Screen.number("rate", Screen.count(Math.round((rowCount / millis) * 1000)), "rows/s")
    yield* connection.query(sql`analyze ${readings}`)
  })
