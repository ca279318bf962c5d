/**
 * `pg` with `pg-cursor`. One connection is a `Client`; several are a `Pool`. Statements of the small workloads are named,
 * so that they are parsed once, and many fibers on one connection use the pipelining that 8.23 offers on request.
 */
import Cursor from "pg-cursor"
import pg from "pg"
import { createReadStream } from "node:fs"
import { Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import copyStreams from "pg-copy-streams"
import { inWaves } from "./waves.mjs"

const options = ({ host, port, user, database, password }) => ({
  host,
  port,
  user,
  database,
  password,
  ssl: false
})
const one = (i) => ({ name: "q", text: "select $1::int4 as x", values: [i] })

export const open = async (config) => {
  const shared = config.connections > 1
  const client = shared
    ? new pg.Pool({ ...options(config), max: config.connections })
    : new pg.Client({ ...options(config), pipeline: config.pipelined })
  if (!shared) await client.connect()
  const query = (i) => client.query(one(i))

  return {
    all: async (sql) => (await client.query(sql)).rows,
    stream: async (sql, onRows) => {
      const cursor = client.query(new Cursor(sql))
      for (;;) {
        const rows = await cursor.read(config.fetchSize)
        if (rows.length === 0) break
        const wait = onRows(rows)
        if (wait !== undefined) await wait
      }
      await cursor.close()
    },
    sequential: async (count) => {
      for (let i = 0; i < count; i++) await query(i)
    },
    concurrent: (count, fibers) => inWaves(count, fibers, query),
    copyOut: async ({ items, table }) => {
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
      await pipeline(client.query(copyStreams.to(`copy ${table} to stdout (format binary)`)), nowhere)
      return items
    },
    copyIn: async ({ path, table }) => {
      const copy = client.query(copyStreams.from(`copy ${table} from stdin (format binary)`))
      await pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), copy)
      return copy.rowCount
    },
    insert: async ({ items, table }) => {
      const statement = { name: "insert", text: `insert into ${table} values ($1, $2, $3, $4)` }
      await client.query("begin")
      for (let id = 1; id <= items; id++)
        await client.query({ ...statement, values: [id, `name-${id}`, id * 1.5, id % 2 === 0] })
      await client.query("commit")
      return items
    },
    close: () => client.end()
  }
}

export const connectOnce = async (config) => {
  const client = new pg.Client(options(config))
  await client.connect()
  await client.end()
}
