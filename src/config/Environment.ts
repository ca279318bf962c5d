/**
 * libpq's environment variables.
 *
 * @see https://www.postgresql.org/docs/current/libpq-envars.html
 */
import type { SettingValue, Layer } from "./Layers.js"
import { settings } from "./Settings.js"

/** Variables by name; undefined as if it were not there. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Defaults of the session, sent as run-time settings. */
const sessionVariables = [
  ["PGDATESTYLE", "datestyle"],
  ["PGTZ", "timezone"],
  ["PGGEQO", "geqo"]
] as const

/** Folder of the system-wide service file. */
export const sysconfdirVariable = "PGSYSCONFDIR"

/** Every variable that is looked at. */
export const variables: ReadonlyArray<string> = [
  ...settings.flatMap(({ env }) => (env === undefined ? [] : [env])),
  "PGREQUIRESSL",
  sysconfdirVariable,
  ...sessionVariables.map(([variable]) => variable)
]

/** Variables that hold secrets. */
export const secretVariables: ReadonlySet<string> = new Set(
  settings.flatMap(({ env, secret }) => (secret && env !== undefined ? [env] : []))
)

const source = "environment"

/** The values of the variables, by keyword. A variable that is set to nothing is set. */
export const layer = (environment: Environment): Layer => {
  const texts = new Map<string, SettingValue>()
  for (const { env, keyword } of settings) {
    const text = env === undefined ? undefined : environment[env]
    if (env !== undefined && text !== undefined) texts.set(keyword, { key: env, text, source })
  }
  const legacy = environment["PGREQUIRESSL"]
  if (legacy?.startsWith("1") === true && !texts.has("sslmode")) {
    texts.set("sslmode", { key: "PGREQUIRESSL", text: "require", source })
  }
  return texts
}

/** Run-time settings the variables ask for; `default` asks for none. */
export const parameters = (environment: Environment): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {}
  for (const [variable, name] of sessionVariables) {
    const value = environment[variable]
    if (value !== undefined && value.toLowerCase() !== "default") found[name] = value
  }
  return found
}
