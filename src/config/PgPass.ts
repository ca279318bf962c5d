/**
 * Password files: one line `host:port:database:user:password` per server, the first that matches counts.
 *
 * @see https://www.postgresql.org/docs/current/libpq-pgpass.html
 */

/** One line of a password file. `undefined` matches anything. */
export interface PgPassEntry {
  readonly host: string | undefined
  readonly port: string | undefined
  readonly database: string | undefined
  readonly user: string | undefined
  readonly password: string
}

/** The connection a password is looked up for. */
export interface PgPassKey {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/** Splits a line at colons that no backslash precedes; `*` alone stays apart from an escaped one. */
const splitLine = (line: string): ReadonlyArray<string | undefined> => {
  const fields: Array<string | undefined> = []
  let field = ""
  let start = 0
  for (let at = 0; at <= line.length; at++) {
    const char = line[at]
    if (char === undefined || char === ":") {
      fields.push(line.slice(start, at) === "*" ? undefined : field)
      field = ""
      start = at + 1
    } else if (char === "\\" && at + 1 < line.length) {
      field += line[++at]!
    } else {
      field += char
    }
  }
  return fields
}

/**
 * Reads a password file. Lines that begin with `#` and lines of fewer than five fields are passed over. As in libpq
 * the password ends at a colon without a backslash.
 */
export const parse = (text: string): ReadonlyArray<PgPassEntry> => {
  const entries: Array<PgPassEntry> = []
  for (const raw of text.split("\n")) {
    const line = raw.replace(/[\r\n]+$/, "")
    if (line === "" || line.startsWith("#")) continue
    const fields = splitLine(line)
    if (fields.length < 5) continue
    const [host, port, database, user, password] = fields
    // A password of one star is a star.
    entries.push({ host, port, database, user, password: password ?? "*" })
  }
  return entries
}

/** The password of the first entry that matches; undefined when none does or when it is empty. */
export const lookup = (entries: ReadonlyArray<PgPassEntry>, key: PgPassKey): string | undefined => {
  const matches = (field: string | undefined, value: string) => field === undefined || field === value
  const found = entries.find(
    (entry) =>
      matches(entry.host, key.host) &&
      matches(entry.port, String(key.port)) &&
      matches(entry.database, key.database) &&
      matches(entry.user, key.user)
  )
  return found === undefined || found.password === "" ? undefined : found.password
}

/**
 * Why a file with these permission bits is not used, or undefined when it may be: others than its owner must have no
 * access. Undefined bits, as on systems that know none, are no reason.
 */
export const modeProblem = (mode: number | undefined): string | undefined =>
  mode === undefined || (mode & 0o077) === 0
    ? undefined
    : "group or world has access to it; its permissions should be u=rw (0600) or less"
