/** The files that make a restored server a standby of the one that the backup is from. */
import * as Redacted from "effect/Redacted"
import type { PgConfig } from "../../config/PgConfig.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { StandbyOptions } from "./FolderOptions.js"

/** A value of `primary_conninfo`, in quotes where it needs them. */
const value = (text: string): string =>
  /^[\w./:@-]+$/.test(text) ? text : `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`

/** A string of `postgresql.conf`. */
const literal = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`

/** Whether a certificate is named by its path, and not given as text. */
const isPath = (text: string): boolean => !text.includes("-----")

const conninfo = (
  { address, host, user }: PgConnection["facts"],
  config: PgConfig,
  { conninfo, password }: StandbyOptions
): string => {
  const settings = new Map<string, string>([["user", user]])
  if (address._tag === "Unix") {
    const at = address.path.lastIndexOf("/")
    settings.set("host", address.path.slice(0, at))
    settings.set("port", address.path.slice(at + 1).replace(/^\.s\.PGSQL\./, ""))
  } else {
    settings.set("host", host === "" || host.startsWith("/") ? address.host : host)
    settings.set("port", String(address.port))
    settings.set("sslmode", config.sslMode)
    for (const [key, path] of Object.entries({
      sslrootcert: config.sslRootCert,
      sslcert: config.sslCert,
      sslcrl: config.sslCrl
    })) {
      if (path !== undefined && isPath(path)) settings.set(key, path)
    }
  }
  if (config.applicationName !== undefined) settings.set("application_name", config.applicationName)
  const secret = password === true ? config.password : password
  if (secret !== undefined) settings.set("password", Redacted.value(secret))
  for (const [key, text] of Object.entries(conninfo ?? {})) settings.set(key, text)
  return Array.from(settings, ([key, text]) => `${key}=${value(text)}`).join(" ")
}

/** The lines for `postgresql.auto.conf`. */
export const settings = (facts: PgConnection["facts"], config: PgConfig, options: StandbyOptions): string => {
  const slot = options.slot === undefined ? "" : `primary_slot_name = ${literal(options.slot)}\n`
  return `primary_conninfo = ${literal(conninfo(facts, config, options))}\n${slot}`
}
