/** The workloads that move data by COPY, insert rows one by one or many at once, and receive notifications. */
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BareSocket } from "./bareSocket.mjs"

const mega = 1024 * 1024

/** Runs statements that are not measured. */
const prepare = async ({ config }, ...statements) => {
  const socket = await BareSocket.open(config)
  for (const statement of statements) await socket.simple(statement)
  await socket.close()
}

/** A table of wide rows, which all clients find as the first one has made it. */
const rowsTable = ({ items, sql }) =>
  `create unlogged table if not exists bench_rows_${items} as ${sql}; analyze bench_rows_${items}`

const copiedOut =
  (typed) =>
  async (session, { job, measure, refuse }) => {
    await prepare(job, rowsTable(job))
    const run = async () => {
      const rows = await session.copyOut({
        table: `bench_rows_${job.items}`,
        typed,
        items: job.items
      })
      return rows === job.items ? rows : refuse(`${rows} rows came`)
    }
    await run()
    return measure(run, session.cpuMs)
  }

export const copyOut = copiedOut(false)
export const copyRowsOut = copiedOut(true)

const copiedIn =
  (typed) =>
  async (session, { job, measure, refuse }) => {
    const path = join(tmpdir(), `effect-postgres-bench-${job.config.port}.copy`)
    const table = `bench_rows_${job.items}`
    const target = "bench_copied"
    try {
      await prepare(
        job,
        rowsTable(job),
        `copy ${table} to '${path}' (format binary)`,
        `create unlogged table if not exists ${target} (like ${table})`
      )
      const run = async () => {
        const rows = await session.copyIn({ table: target, typed, path, items: job.items })
        return rows === job.items ? rows : refuse(`${rows} rows were stored`)
      }
      await prepare(job, `truncate ${target}`)
      await run()
      await prepare(job, `truncate ${target}`)
      return await measure(run, session.cpuMs)
    } finally {
      rmSync(path, { force: true })
    }
  }

export const copyIn = copiedIn(false)
export const copyRowsIn = copiedIn(true)

export const insert = async (session, { job, measure, refuse }) => {
  const target = "bench_inserted"
  const empty = () =>
    prepare(
      job,
      `create unlogged table if not exists ${target} (id int4, name text, score float8, active bool); truncate ${target}`
    )
  const run = async () => {
    const rows = await session.insert({ table: target, way: job.way, items: job.items })
    return rows === job.items ? rows : refuse(`${rows} rows were stored`)
  }
  await empty()
  await run()
  await empty()
  return measure(run, session.cpuMs)
}

/** Notifications sent by one statement: the server holds them until its end. */
const atOnce = 10_000

export const notifications = async (session, { job, measure, refuse }) => {
  const names = Array.from({ length: job.channels }, (_, at) => `bench_${at}`)
  let seen = 0
  let isDue = () => {}
  await session.listen(names, () => {
    seen++
    isDue()
  })
  const socket = await BareSocket.open(job.config)
  const send = (from, to) =>
    socket.simple(
      `select count(pg_notify('bench_' || i % ${job.channels}, i::text)) from generate_series(${from}, ${to}) i`
    )
  const run = async () => {
    const due = seen + job.items
    const all = new Promise((resolve) => {
      isDue = () => seen === due && resolve()
    })
    for (let from = 1; from <= job.items; from += atOnce) await send(from, from + atOnce - 1)
    await all
    return seen === due ? job.items : refuse(`${seen - due + job.items} notifications came`)
  }
  await run()
  const atReferenceMb = process.memoryUsage.rss() / mega
  const result = await measure(run, session.cpuMs)
  await socket.close()
  return { ...result, atReferenceMb, peakMb: process.memoryUsage.rss() / mega }
}
