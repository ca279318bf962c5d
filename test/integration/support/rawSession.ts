/**
 * The least that can talk to a server, independent of the client under test: sessions without passwords and simple
 * queries, for preparing tests and for looking at results from the side.
 */
import * as Effect from "effect/Effect"
import * as NodeNet from "node:net"

export interface RawTarget {
  readonly host: string
  readonly port: number
}

/** What came back for one simple query: rows as text, command tags, and the error's fields if there was one. */
export interface RawAnswer {
  readonly rows: ReadonlyArray<ReadonlyArray<string | null>>
  readonly tags: ReadonlyArray<string>
  readonly error: RawError | undefined
}

/** An ErrorResponse: its fields by their one-letter names. */
export interface RawError {
  readonly code: string
  readonly message: string
}

export interface RawOptions {
  readonly user?: string
  readonly database?: string
}

const message = (tag: string, body: Buffer): Buffer => {
  const header = Buffer.alloc(5)
  header.write(tag, 0, "latin1")
  header.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([header, body])
}

const startup = (options: RawOptions): Buffer => {
  const { database = "postgres", user = "postgres" } = options
  const body = Buffer.from(`....user\0${user}\0database\0${database}\0client_encoding\0UTF8\0\0`, "utf8")
  body.writeInt32BE(0x00030000, 0)
  return message("?", body).subarray(1)
}

const errorOf = (body: Buffer): RawError => {
  const fields = body.toString("utf8").split("\0")
  const field = (name: string) => fields.find((field) => field.startsWith(name))?.slice(1) ?? ""
  return { code: field("C"), message: field("M") }
}

const rowOf = (body: Buffer): ReadonlyArray<string | null> => {
  const row: Array<string | null> = []
  let offset = 2
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(offset)
    offset += 4
    row.push(length < 0 ? null : body.toString("utf8", offset, offset + length))
    offset += Math.max(length, 0)
  }
  return row
}

/** The socket of `port`: a host that is a folder holds Unix sockets. */
export const connectOptions = ({ host, port }: RawTarget): NodeNet.NetConnectOpts =>
  host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port }

/**
 * Opens a session, runs one simple query (several statements are fine) and closes the session. A refused session is an
 * answer with its error; only a broken link fails.
 */
export const rawQuery = (
  target: RawTarget,
  sql: string,
  options: RawOptions = {}
): Effect.Effect<RawAnswer, Error> =>
  Effect.async((resume) => {
    const socket = NodeNet.connect(connectOptions(target))
    const rows: Array<ReadonlyArray<string | null>> = []
    const tags: Array<string> = []
    let error: RawError | undefined
    let asked = false
    let pending = Buffer.alloc(0)
    const done = () => {
      resume(Effect.succeed({ rows, tags, error }))
      socket.end(message("X", Buffer.alloc(0)))
    }
    const receive = (tag: string, body: Buffer) => {
      if (tag === "D") rows.push(rowOf(body))
      else if (tag === "C") tags.push(body.toString("utf8", 0, body.length - 1))
      else if (tag === "R" && body.readInt32BE(0) !== 0) {
        error = { code: "", message: `asked for authentication ${body.readInt32BE(0)}` }
        done()
      } else if (tag === "E") {
        error ??= errorOf(body)
        if (!asked) done()
      } else if (tag === "Z" && asked) done()
      else if (tag === "Z") {
        asked = true
        socket.write(message("Q", Buffer.from(`${sql}\0`, "utf8")))
      }
    }
    socket.on("connect", () => socket.write(startup(options)))
    socket.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 5 && pending.length >= 1 + pending.readInt32BE(1)) {
        const end = 1 + pending.readInt32BE(1)
        const frame = pending.subarray(0, end)
        pending = pending.subarray(end)
        receive(frame.toString("latin1", 0, 1), frame.subarray(5))
      }
    })
    socket.on("error", (cause) => resume(Effect.fail(cause)))
    socket.on("close", () =>
      resume(Effect.fail(new Error(`the link ended before the answer, error: ${error?.message}`)))
    )
    return Effect.sync(() => socket.destroy())
  })

/** The rows of a query that must succeed. */
export const rawRows = (target: RawTarget, sql: string, options: RawOptions = {}) =>
  Effect.flatMap(rawQuery(target, sql, options), ({ error, rows }) =>
    error === undefined ? Effect.succeed(rows) : Effect.fail(new Error(`${error.code} ${error.message}`))
  )
