/**
 * Runs `statement(0)` to `statement(count - 1)` in waves of `fibers` promises. Each is awaited in an async function of its
 * own, as an application would: handing an array of a library's own promises to `Promise.all` can make V8's collector
 * carry a wave's garbage along, which alone halves the rate of `postgres`.
 */
export const inWaves = async (count, fibers, statement) => {
  const fiber = async (i) => {
    await statement(i)
  }
  for (let done = 0; done < count; done += fibers) {
    const wave = []
    for (let i = 0; i < fibers; i++) wave.push(fiber(done + i))
    await Promise.all(wave)
  }
}
