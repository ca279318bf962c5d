/** The text of `postgresql.conf` and `pg_hba.conf` of a throw-away server. */

/** Settings as the server's manual names them. */
export type Settings = Readonly<Record<string, string>>

/** Nothing here outlives the test, so nothing is forced to disk; everything a replication test needs is on. */
export const throwAway: Settings = {
  fsync: "off",
  full_page_writes: "off",
  wal_level: "logical",
  max_connections: "100",
  max_wal_senders: "20",
  max_replication_slots: "20",
  max_prepared_transactions: "20",
  wal_retrieve_retry_interval: "100ms",
  timezone: "UTC",
  log_timezone: "UTC",
  lc_messages: "C",
  log_destination: "stderr",
  logging_collector: "off",
  log_min_messages: "warning",
  log_line_prefix: "%m [%p] %q%u@%d "
}

/** Whether a server listens on a TCP port, a Unix socket, or both. */
export type Listen = "tcp" | "unix" | "both"

/** Which loopback addresses a server listens on. */
export type AddressFamily = "ipv4" | "ipv6" | "both"

const ipv4 = "127.0.0.1"
const ipv6 = "::1"

/** The loopback addresses of a family; a client is led to the first. */
export const loopback = (family: AddressFamily): readonly [string, ...Array<string>] =>
  family === "ipv4" ? [ipv4] : family === "ipv6" ? [ipv6] : [ipv4, ipv6]

/** Where the server listens: `port` also names the socket's file. */
export const addresses = (
  listen: Listen,
  port: number,
  socketFolder: string,
  family: AddressFamily = "ipv4"
): Settings => ({
  port: String(port),
  listen_addresses: listen === "unix" ? "" : loopback(family).join(","),
  unix_socket_directories: listen === "tcp" ? "" : socketFolder
})

/** @see https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-CONFIGURATION-FILE */
const quote = (value: string): string =>
  `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\n", "\\n")}'`

/** Lines to put at the end of `postgresql.conf`, where the last word counts. */
export const render = (settings: Settings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} = ${quote(value)}\n`)
    .join("")

/**
 * The lines of `pg_hba.conf`. Lines given by the caller replace all others. Otherwise every user of this machine may
 * connect, also for replication, with the password if there is one.
 *
 * @see https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
 */
export const hba = (lines: ReadonlyArray<string> | undefined, method: string): string =>
  (
    lines ??
    ["all", "replication"].flatMap((database) => [
      `local ${database} all ${method}`,
      `host ${database} all 127.0.0.1/32 ${method}`,
      `host ${database} all ::1/128 ${method}`
    ])
  )
    .map((line) => `${line}\n`)
    .join("")
