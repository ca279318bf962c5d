/** What the demonstration prints: numbered steps, aligned numbers, a progress line where something takes long. */
import { Cause, Effect } from "effect"

const isTerminal = process.stdout.isTTY === true
const colours = isTerminal && (process.env["NO_COLOR"] ?? "") === ""

const paint =
  (code: string) =>
  (text: string): string =>
    colours ? `\u001b[${code}m${text}\u001b[0m` : text

export const bold = paint("1")
export const dim = paint("2")
const green = paint("32")
const red = paint("31")

// The reader of our output may have had enough, as `head` does: the demonstration still goes on to clean up.
process.stdout.on("error", () => {})

const print = (text: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(`${text}\n`))

const indent = "    "
const labelWidth = 16
const numberWidth = 11

const grouped = new Intl.NumberFormat("en-US")

/** `1234567` as `1,234,567`. */
export const count = (value: number | bigint): string => grouped.format(value)

/** Milliseconds as a person writes them: `8 ms`, `0.42 s`, `3.1 s`. */
export const time = (millis: number): string =>
  millis < 100 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(millis < 1000 ? 2 : 1)} s`

/** Bytes as whole megabytes. */
export const megabytes = (bytes: number): string => count(Math.round(bytes / 1_000_000))

/** A line over everything. */
export const title = (text: string): Effect.Effect<void> => print(`\n${bold(text)}`)

/** The heading of a step. */
export const heading = (number: number, text: string): Effect.Effect<void> =>
  print(`\n${bold(`${String(number).padStart(2)}  ${text}`)}`)

/** A name and a text about it. */
export const fact = (label: string, text: string): Effect.Effect<void> =>
  print(`${indent}${dim(label.padEnd(labelWidth))}${text}`)

/** A name, a number, aligned with the other numbers, and its unit. */
export const number = (label: string, value: string, unit: string): Effect.Effect<void> =>
  fact(label, `${value.padStart(numberWidth)} ${unit}`)

/** A sentence. */
export const line = (text: string): Effect.Effect<void> => print(`${indent}${text}`)

/** Text of several lines as another program printed it. */
export const quote = (text: string): Effect.Effect<void> =>
  print(
    text
      .split("\n")
      .map((line) => `${indent}${dim("|")} ${line}`)
      .join("\n")
  )

/** The step has shown what it promised. */
export const ok = (text: string): Effect.Effect<void> => print(`${indent}${green("ok")}  ${text}`)

/** Why something ended: the message of a failure as it is, a defect with its stack. */
export const words = (cause: Cause.Cause<{ readonly message: string }>): string => {
  if (Cause.isInterruptedOnly(cause)) return "interrupted"
  const failure = Cause.failureOption(cause)
  return failure._tag === "Some" ? failure.value.message : Cause.pretty(cause)
}

/** Something was not as expected. */
export const failed = (text: string): Effect.Effect<void> =>
  print(`\n${red("FAILED")}  ${text.split("\n").join(`\n${" ".repeat(8)}`)}`)

/**
 * Shows how far something of a known size has come. On a terminal the line is drawn over and over and finally wiped away;
 * elsewhere each quarter gets a line.
 */
export const progress = (label: string, total: number): ((done: number) => void) => {
  let shown = 0
  const steps = isTerminal ? 100 : 4
  return (done) => {
    const step = Math.floor((done / total) * steps)
    if (step === shown) return
    shown = step
    const percent = `${Math.round((done / total) * 100)} %`.padStart(numberWidth)
    const line = `${indent}${dim(label.padEnd(labelWidth))}${percent}`
    if (!isTerminal) process.stdout.write(`${line}\n`)
    else process.stdout.write(done < total ? `\r${line}` : `\r${" ".repeat(labelWidth + numberWidth + 8)}\r`)
  }
}
