/** Bun's own SQL client, run by Bun. It has no way to stream a result. */
import { SQL } from "bun"
import { inWaves } from "./waves.mjs"

const options = ({ host, port, user, database, password, connections }) => ({
  adapter: "postgres",
  hostname: host,
  port,
  username: user,
  database,
  password,
  tls: false,
  max: connections
})

export const open = async (config) => {
  const sql = new SQL(options(config))
  await sql.connect()
  const one = (i) => sql`select ${i}::int4 as x`

  return {
    all: (text) => sql.unsafe(text),
    sequential: async (count) => {
      for (let i = 0; i < count; i++) await one(i)
    },
    concurrent: (count, fibers) => inWaves(count, fibers, one),
    close: () => sql.close()
  }
}

export const connectOnce = async (config) => {
  const sql = new SQL(options({ ...config, connections: 1 }))
  await sql.connect()
  await sql.close()
}
