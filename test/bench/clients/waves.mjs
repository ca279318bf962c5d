/**
 * Runs `statement(0)` to `statement(count - 1)` by `fibers` workers, each of which asks for its next answer when it has the
 * last: never more than `fibers` in flight. Each statement is awaited in an async function, as an application would.
 */
export const inWaves = async (count, fibers, statement) => {
  const worker = async (first) => {
    for (let i = first; i < count; i += fibers) await statement(i)
  }
  const workers = []
  for (let first = 0; first < fibers; first++) workers.push(worker(first))
  await Promise.all(workers)
}
