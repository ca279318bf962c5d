/** Every way in which a value gets onto a screen or into a log. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Logger from "effect/Logger"
import { inspect } from "node:util"

/** The lines that one of Effect's loggers writes for the value. */
const logged =
  (logger: Logger.Logger<unknown, string>) =>
  (value: unknown): string => {
    const lines: Array<string> = []
    const kept = Logger.map(logger, (line) => void lines.push(line))
    Effect.logError("it failed", value, Cause.fail(value)).pipe(
      Effect.annotateLogs({ value }),
      Effect.provide(Logger.replace(Logger.defaultLogger, kept)),
      Effect.runSync
    )
    return lines.join("\n")
  }

const printers: ReadonlyArray<(value: unknown) => string> = [
  String,
  (value) => JSON.stringify(value),
  (value) => JSON.stringify({ nested: [value] }),
  (value) => inspect(value, { depth: 30, showHidden: true, maxStringLength: null, maxArrayLength: null }),
  Inspectable.toStringUnknown,
  Inspectable.format,
  (value) => Cause.pretty(Cause.fail(value)),
  (value) => Cause.pretty(Cause.die(value)),
  (value) => String(Cause.fail(value)),
  (value) =>
    value instanceof Error
      ? `${value.stack} ${value.message} ${Object.values(value).map(String).join(" ")}`
      : "",
  logged(Logger.logfmtLogger),
  logged(Logger.jsonLogger)
]

/** The texts, all in one; some cannot print a value with circles in it. */
export const printed = (value: unknown): string =>
  printers
    .flatMap((print) => {
      try {
        return [print(value)]
      } catch (error) {
        return [String(error)]
      }
    })
    .join("\n")
