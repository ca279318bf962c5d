/**
 * Statements of every kind in turn in one process, as an application has them: what the engine has learned from one kind must not make
 * another dear. One client with a pool runs them all.
 */

/** Turns of every kind that are not counted: their code is compiled for the mixture. */
const warmUp = 3
/** Turns that count; the median of each kind is taken. */
const turns = 5

export const mixed = async (session, { inspector, job, refuse, times }) => {
  const { families, queries } = job
  const exactly = (rows) => (rows === job.items ? rows : refuse(`${rows} rows came`))
  const kinds = {
    wide: async (look) => {
      const rows = await session.all(families.wide)
      look?.(rows)
      return exactly(rows.length)
    },
    narrow: async (look) => {
      const rows = await session.all(families.narrow)
      look?.(rows)
      return exactly(rows.length)
    },
    stream: async (look) => {
      let count = 0
      await session.stream(families.stream, (rows) => {
        look?.(rows)
        count += rows.length
      })
      return exactly(count)
    },
    sequential: async () => {
      await session.sequential(queries.sequential)
      return queries.sequential
    },
    pool: async () => {
      await session.concurrent(queries.pool, job.config.fibers)
      return queries.pool
    }
  }
  const shapes = { wide: "wide", narrow: "narrow", stream: "wide" }
  for (let turn = 0; turn < warmUp; turn++)
    for (const [name, run] of Object.entries(kinds))
      await run(turn === 0 && shapes[name] !== undefined ? inspector(shapes[name]) : undefined)
  for (let turn = 0; turn < turns; turn++)
    for (const [name, run] of Object.entries(kinds)) await times.batch(name, () => run())
  return times.result()
}
