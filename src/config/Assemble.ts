/** How the sources of a configuration become one draft of its fields, in libpq's order of precedence. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { PgConfigError } from "../model/PgError.js"
import * as ConnectionUri from "./ConnectionUri.js"
import * as Environment from "./Environment.js"
import { combine } from "./Hosts.js"
import * as Input from "./Input.js"
import * as KeywordValue from "./KeywordValue.js"
import type { Layer } from "./Layers.js"
import * as Layers from "./Layers.js"
import type { Draft } from "./Settings.js"
import { settings } from "./Settings.js"

/** The sources of a configuration, strongest first. All parts are optional. */
export interface Sources {
  /** Given in code. */
  readonly explicit?: Input.PgConfigInput | undefined
  /** A URI or `keyword=value` pairs. */
  readonly connectionString?: string | Redacted.Redacted<string> | undefined
  /** What messages call the connection string; unless set, `uri` or `conninfo`. */
  readonly connectionStringName?: string | undefined
  /**
   * Keywords that `connectionString` may set; any other is refused, and so are Unix sockets, also where leaving a setting out
   * would imply them. Unless set, all.
   */
  readonly allow?: ReadonlyArray<string> | undefined
  /** libpq's variables; `DATABASE_URL` is not among them. */
  readonly environment?: Environment.Environment | undefined
}

/** The sources once they are taken apart, without the service file. */
export class Parts {
  constructor(
    readonly code: Draft,
    /** From the connection string: stronger than a service file. */
    readonly strong: Layer,
    /** From the environment: weaker than a service file. */
    readonly weak: Layer,
    readonly parameters: Readonly<Record<string, string>>,
    readonly sysconfdir: string | undefined,
    /** Keywords that the connection string may set, when they are limited, and what it is called. */
    readonly limits?: { readonly allow: ReadonlyArray<string>; readonly source: string }
  ) {}
}

/** A draft of the fields, and whom to blame when they do not go together. */
export interface Assembled {
  readonly draft: Draft
  /** Names the setting at fault as its source wrote it. */
  readonly blame: (problem: { readonly key: string; readonly reason: string }) => PgConfigError
}

/** Splits a connection string of either form into a layer. Fails with `PgConfigError`. */
export const connectionLayer = (
  text: string,
  name: string | undefined,
  allow: ReadonlyArray<string> | undefined
): Either.Either<Layer, PgConfigError> => {
  if (ConnectionUri.isUri(text)) {
    const source = name ?? "uri"
    return Either.flatMap(ConnectionUri.parse(text, source), (pairs) =>
      Layers.fromPairs(pairs, source, allow)
    )
  }
  const source = name ?? "conninfo"
  return Either.flatMap(KeywordValue.parse(text, source), (pairs) => Layers.fromPairs(pairs, source, allow))
}

/** Takes the sources apart. Fails with `PgConfigError`. */
export const parts = (sources: Sources): Either.Either<Parts, PgConfigError> => {
  const { connectionString, environment = {} } = sources
  const code = Input.read(sources.explicit ?? {})
  if (Either.isLeft(code)) return Either.left(code.left)
  const text = Redacted.isRedacted(connectionString) ? Redacted.value(connectionString) : connectionString
  const strong =
    text === undefined
      ? Either.right<Layer>(new Map())
      : connectionLayer(text, sources.connectionStringName, sources.allow)
  if (Either.isLeft(strong)) return Either.left(strong.left)
  const { allow } = sources
  const isUri = text !== undefined && ConnectionUri.isUri(text)
  return Either.right(
    new Parts(
      allow === undefined ? code.right : limited(code.right, allow),
      strong.right,
      Environment.layer(environment),
      Environment.parameters(environment),
      environment[Environment.sysconfdirVariable],
      allow === undefined
        ? undefined
        : { allow, source: sources.connectionStringName ?? (isUri ? "uri" : "conninfo") }
    )
  )
}

/**
 * The settings of the code alone. Of the user's own files only those are read that it names: no password file and no
 * certificate.
 */
const limited = (code: Draft, allow: ReadonlyArray<string>): Draft => {
  const own = defined(code)
  const mayCertify = own.sslCert !== undefined || allow.includes("sslcert") || allow.includes("sslcertmode")
  return { passfileLookup: false, ...(mayCertify ? {} : { sslCertMode: "disable" }), ...own }
}

/** What leaving settings out would imply, although the list of what the string may set does not allow it. */
const implied = (parts: Parts, draft: Draft): PgConfigError | undefined => {
  if (parts.limits === undefined) return undefined
  const { allow, source } = parts.limits
  const refuse = (key: string, what: string) =>
    new PgConfigError({ key, reason: `must be given: ${what}`, source })
  const { code } = parts
  const hostByCode = code.hosts !== undefined || code.host !== undefined || code.hostaddr !== undefined
  if (!hostByCode && (draft.hosts ?? [{ host: "" }]).some((entry) => isDefault(entry))) {
    return refuse("host", "the default is the Unix socket of this machine, which may not be used from here")
  }
  if (draft.user === undefined && !allow.includes("user")) {
    return refuse("user", "the default is the user of this process, and no user may be named here")
  }
  return draft.database === undefined && !allow.includes("dbname")
    ? refuse("dbname", "the default is the database of the user's name, and no database may be named here")
    : undefined
}

const isDefault = (entry: { readonly host: string; readonly hostaddr?: string | undefined }): boolean =>
  entry.host === "" && entry.hostaddr === undefined

/** The service the sources name, and the file they name for it. */
export const service = (
  parts: Parts
): { readonly name: string | undefined; readonly file: string | undefined } => {
  const merged = Layers.merge([parts.strong, parts.weak])
  const said = (text: string | undefined) => (text === "" ? undefined : text)
  return {
    name: said(parts.code.service ?? merged.get("service")?.text),
    file: said(parts.code.servicefile ?? merged.get("servicefile")?.text)
  }
}

/** The draft without what is `undefined` in it. */
const defined = (draft: Draft): Draft =>
  Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined))

/**
 * Lays the layers, strongest first, under the settings of the code. `isWhole`: no service file is still to be read. Fails
 * with `PgConfigError`.
 */
export const assemble = (
  parts: Parts,
  layers: ReadonlyArray<Layer>,
  isWhole = true
): Either.Either<Assembled, PgConfigError> => {
  const code = defined(parts.code)
  const set = new Set(Object.keys(code))
  // A list of entries has all settings of hosts.
  if (set.has("hosts")) for (const name of ["host", "hostaddr", "port"]) set.add(name)
  const skip = new Set(
    settings.flatMap(({ field, keyword }) => (field !== undefined && set.has(field) ? [keyword] : []))
  )
  const merged = Layers.merge(layers)
  const blame: Assembled["blame"] = ({ key, reason }) => {
    const setting = settings.find(({ field, keyword }) => keyword === key || field === key)
    const origin =
      setting === undefined || skip.has(setting.keyword) ? undefined : merged.get(setting.keyword)
    return origin === undefined
      ? new PgConfigError({ key: setting?.field ?? key, reason, source: "code" })
      : new PgConfigError({ key: origin.key, reason, source: origin.source })
  }
  const texts = Layers.read(merged, skip)
  if (Either.isLeft(texts)) return Either.left(texts.left)
  const { host, hostaddr, port, ...draft } = { ...texts.right, ...code }
  const hosts = combine({ host, hostaddr, port })
  if (Either.isLeft(hosts)) return Either.left(blame(hosts.left))
  const whole: Draft = {
    ...draft,
    hosts: draft.hosts ?? hosts.right,
    parameters: { ...parts.parameters, ...code.parameters }
  }
  const refusal = isWhole ? implied(parts, whole) : undefined
  return refusal === undefined ? Either.right({ draft: whole, blame }) : Either.left(refusal)
}
