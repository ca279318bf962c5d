/** Every way in which a value gets onto a screen or into a log. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Logger from "effect/Logger"
import { inspect } from "node:util"

/** The lines that Effect's loggers write for the value. */
const logged = (value: unknown): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const into = (logger: Logger.Logger<unknown, unknown>) =>
    Logger.replace(
      Logger.defaultLogger,
      Logger.map(logger, (line) => void lines.push(typeof line === "string" ? line : inspect(line)))
    )
  for (const logger of [
    Logger.stringLogger,
    Logger.logfmtLogger,
    Logger.jsonLogger,
    Logger.structuredLogger
  ]) {
    Effect.runSync(
      Effect.logError("it failed", value, Cause.fail(value)).pipe(
        Effect.annotateLogs({ value }),
        Effect.provide(into(logger))
      )
    )
  }
  return lines
}

/** The texts, all in one. */
export const printed = (value: unknown): string =>
  [
    String(value),
    JSON.stringify(value),
    JSON.stringify({ nested: [value] }),
    inspect(value, { depth: 30, showHidden: true, maxStringLength: null, maxArrayLength: null }),
    Inspectable.toStringUnknown(value),
    Inspectable.format(value),
    Cause.pretty(Cause.fail(value)),
    Cause.pretty(Cause.die(value)),
    String(Cause.fail(value)),
    value instanceof Error
      ? `${value.stack} ${value.message} ${Object.values(value).map(String).join(" ")}`
      : "",
    ...logged(value)
  ].join("\n")
