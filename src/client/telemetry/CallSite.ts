/** Where in a program something was called. */

/** The folder of this package: its own frames are passed over. */
const own = new URL("../../", import.meta.url).href

const isForeign = (frame: string): boolean =>
  // Frames without a line are the engine's own: Bun has `map (native)`.
  /:\d+:\d+\)?$/.test(frame) &&
  !frame.includes(own) &&
  !frame.includes(own.replace("file://", "")) &&
  !frame.includes("/node_modules/effect/") &&
  !frame.includes("node:")

const callerIn = (stack: string | undefined): string | undefined =>
  stack
    ?.split("\n")
    .slice(1)
    .map((line) => line.trim().replace(/^at /, ""))
    .find(isForeign)

/**
 * The innermost frame of the caller's own code, such as `serve (file:///app/main.js:12:5)`; `undefined` when the stack has
 * no such frame.
 */
export const current = (): string | undefined => callerIn(new Error().stack)

/** A place that is kept: its text is made when it is asked for first, because that is dear where source maps are read. */
export class CallSite {
  private error: Error | undefined = new Error()
  private text: string | undefined

  get place(): string | undefined {
    if (this.error !== undefined) {
      this.text = callerIn(this.error.stack)
      this.error = undefined
    }
    return this.text
  }
}

/** What engines call functions without a name, and the body of a generator. */
const unnamed = /^$|<anonymous>|(?:^|\.)next$/

/** A place as OpenTelemetry's attributes of code. */
export const attributesOf = (place: string): Readonly<Record<string, string | number>> => {
  const [, name, file, line, column] = /^(?:(.*?) \()?(.*?):(\d+):(\d+)\)?$/.exec(place) ?? []
  if (file === undefined) return {}
  return {
    "code.file.path": file.replace(/^file:\/\//, ""),
    "code.line.number": Number(line),
    "code.column.number": Number(column),
    ...(name === undefined || unnamed.test(name) ? {} : { "code.function.name": name })
  }
}
