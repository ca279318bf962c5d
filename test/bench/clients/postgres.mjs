/** `postgres` (postgres.js). It prepares every tagged statement and pipelines up to 100 on a connection unasked. */
import postgres from "postgres"
import { inWaves } from "./waves.mjs"

const options = ({ host, port, user, database, password, connections }) => ({
  host,
  port,
  user,
  database,
  password,
  ssl: false,
  max: connections
})

export const open = async (config) => {
  const sql = postgres(options(config))
  const one = (i) => sql`select ${i}::int4 as x`

  return {
    all: (text) => sql.unsafe(text),
    stream: async (text, onRows) => {
      for await (const rows of sql.unsafe(text).cursor(config.fetchSize)) {
        const wait = onRows(rows)
        if (wait !== undefined) await wait
      }
    },
    sequential: async (count) => {
      for (let i = 0; i < count; i++) await one(i)
    },
    listen: async (names, onNotification) => {
      for (const name of names) await sql.listen(name, onNotification)
    },
    concurrent: (count, fibers) => inWaves(count, fibers, one),
    close: () => sql.end()
  }
}

/**
 * It connects with its first statement, so there has to be one; the query for array types that it adds to a session by
 * default is left out.
 */
export const connectOnce = async (config) => {
  const sql = postgres({ ...options(config), max: 1, fetch_types: false })
  await sql`select 1`
  await sql.end()
}
