/**
 * What must be gone when this process ends by a signal or by `process.exit`, where no Effect finalizer runs any
 * more: servers and their folders. Node gives such moments only to synchronous callbacks on `process`.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const
/** How long another listener of the signal (for example `NodeRuntime.runMain`) has to close scopes in order. */
const grace = "10 seconds"

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

const endBy = (signal: NodeJS.Signals): void => {
  runAll()
  uninstall()
  process.kill(process.pid, signal)
}

const onSignal = (signal: NodeJS.Signals): void => {
  if (process.listenerCount(signal) === 1) return endBy(signal)
  Effect.runFork(Effect.sync(() => endBy(signal)).pipe(Effect.delay(grace), Effect.withClock(Clock.make())))
}

const install = (): void => {
  process.on("exit", runAll)
  // First in line: a listener that runs earlier may take itself off, and then we would look alone.
  for (const signal of signals) process.prependListener(signal, onSignal)
}

const uninstall = (): void => {
  process.off("exit", runAll)
  for (const signal of signals) process.off(signal, onSignal)
}

/**
 * Keeps a synchronous cleanup for the end of the process; the answer forgets it again. Signals keep their default
 * effect: after the cleanups the signal is raised again. Where somebody else listens to it too, they close their
 * scopes first, and what they leave is cleaned up when the process exits, at the latest after ten seconds.
 */
export const register = (cleanup: () => void): (() => void) => {
  if (cleanups.size === 0) install()
  cleanups.add(cleanup)
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) uninstall()
  }
}
