/**
 * What must be gone when this process ends by a signal or by `process.exit`, where no Effect finalizer runs any
 * more: servers and their folders. Node gives such moments only to synchronous callbacks on `process`.
 */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

const cleanups = new Set<() => void>()

/** Newest first: a server before the folder it lives in. */
const runAll = (): void => {
  for (const cleanup of [...cleanups].reverse()) {
    cleanups.delete(cleanup)
    try {
      cleanup()
    } catch {
      // the process is ending: what one cleanup could not do must not keep the others from running
    }
  }
}

const countIn = (emitter: unknown): number =>
  typeof emitter === "object" && emitter !== null && "count" in emitter && typeof emitter.count === "number"
    ? emitter.count
    : 0

/**
 * Listeners of the package `signal-exit` (4 and 3), found where it counts them itself. They end the process only when there
 * is no other listener. To wait for them, as for other listeners, would be to wait for ever.
 */
const courteousListeners = (): number =>
  countIn(Reflect.get(globalThis, Symbol.for("signal-exit emitter"))) +
  countIn(Reflect.get(process, "__signal_exit_emitter__"))

const onSignal = (signal: NodeJS.Signals): void => {
  // The other listener decides what the signal means. It closes scopes in order and exits in the end, or does not.
  if (process.listenerCount(signal) > 1 + courteousListeners()) return
  runAll()
  uninstall()
  process.kill(process.pid, signal)
}

const install = (): void => {
  // First in line: a listener of "exit" that calls process.exit itself ends the process before the next one is run, and
  // a listener of a signal that takes itself off would make us look alone.
  process.prependListener("exit", runAll)
  for (const signal of signals) process.prependListener(signal, onSignal)
}

const uninstall = (): void => {
  process.off("exit", runAll)
  for (const signal of signals) process.off(signal, onSignal)
}

/**
 * Registers a synchronous cleanup for the end of the process, and returns a function that removes it. Signals keep their
 * meaning: without another listener the signal is raised again after the cleanups, and ends the process. With another
 * listener, for example that of `NodeRuntime.runMain`, the remaining cleanups run when the process exits.
 */
export const register = (cleanup: () => void): (() => void) => {
  if (cleanups.size === 0) install()
  cleanups.add(cleanup)
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) uninstall()
  }
}
