/** The command line of `npm run bench`. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { parseArgs } from "node:util"
import type { Client } from "./Client.js"
import { clients } from "./Client.js"
import type { Workload } from "./Workload.js"
import { quick, workloads } from "./Workload.js"

export type Output = "text" | "markdown" | "json"

export interface Options {
  readonly clients: ReadonlyArray<Client>
  readonly workloads: ReadonlyArray<Workload>
  readonly runs: number
  readonly output: Output
  /** The commit that `ours-before` is. */
  readonly before?: string
  /** Our clients import `dist`, so it is built first unless the caller passes that it is fresh. */
  readonly build: boolean
}

export class OptionsError extends Data.TaggedError("OptionsError")<{ readonly text: string }> {
  override get message(): string {
    return this.text
  }
}

export const usage = `npm run bench -- [options]

  --workload a,b   only these, with * behind a common beginning: ${workloads.map(({ name }) => name).join(", ")}
  --client a,b     only these: ${clients.map(({ name }) => name).join(", ")}
  --all            also the heavy workloads: ${workloads.flatMap(({ name, onlyByName }) => (onlyByName ? [name] : [])).join(", ")}
  --before commit  also measure this commit of our own, as client ours-before
  --runs n         rounds of every workload, 5 unless told otherwise
  --quick          a tenth of the items and 2 rounds: to try things out, not to quote
  --markdown       print the report as Markdown
  --json           print every sample as JSON
  --no-build       measure dist as it is
  --help           print this`

/** Those of `all` that `wanted` names, in the order of `all`; all of them when it names none. */
const pick = <A extends { readonly name: string }>(
  what: string,
  all: ReadonlyArray<A>,
  wanted: string | undefined
): ReadonlyArray<A> => {
  if (wanted === undefined) return all
  const names = wanted.split(",").map((name) => name.trim())
  const fits = (name: string, each: A): boolean =>
    name.endsWith("*") ? each.name.startsWith(name.slice(0, -1)) : each.name === name
  const unknown = names.find((name) => !all.some((each) => fits(name, each)))
  if (unknown !== undefined) throw new OptionsError({ text: `there is no ${what} ${unknown}\n\n${usage}` })
  return all.filter((each) => names.some((name) => fits(name, each)))
}

const read = (args: ReadonlyArray<string>): Options | "help" => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workload: { type: "string" },
      client: { type: "string" },
      before: { type: "string" },
      runs: { type: "string" },
      all: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) return "help"
  const runs = Number(values.runs ?? (values.quick ? 2 : 5))
  if (!Number.isInteger(runs) || runs < 1) throw new OptionsError({ text: "--runs wants a whole number" })
  const usual = values.all ? workloads : workloads.filter(({ onlyByName }) => !onlyByName)
  const chosen = values.workload === undefined ? usual : pick("workload", workloads, values.workload)
  const able = clients.filter((client) => client.before === undefined || values.before !== undefined)
  return {
    clients: pick("client", able, values.client),
    ...(values.before !== undefined && { before: values.before }),
    workloads: values.quick ? chosen.map(quick) : chosen,
    runs,
    output: values.json ? "json" : values.markdown ? "markdown" : "text",
    build: !values["no-build"]
  }
}

/** Reads the arguments after the script's name. Fails with what to type instead. */
export const parse = (args: ReadonlyArray<string>): Effect.Effect<Options | "help", OptionsError> =>
  Effect.try({
    try: () => read(args),
    catch: (error) =>
      error instanceof OptionsError ? error : new OptionsError({ text: `${String(error)}\n\n${usage}` })
  })
