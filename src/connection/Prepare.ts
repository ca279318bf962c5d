/**
 * How a statement comes to the server: by name when it is known, else described first. The first use sends Parse,
 * Describe and Flush, and goes on with Bind when the description is there: no extra Sync, so that a pooler keeps
 * the statement and its execution on one server.
 *
 * With named statements off, a statement already described travels in one burst with an unnamed Parse.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { Column } from "../model/Column.js"
import { PgCodecError, PgServerError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import type { Node } from "../protocol/Machine.js"
import { nodes } from "../protocol/ExtendedQuery.js"
import * as Pipeline from "../protocol/Pipeline.js"
import * as Session from "../protocol/Session.js"
import * as ExtendedQuery from "../wire/messages/ExtendedQuery.js"
import * as Preset from "../wire/Preset.js"
import * as Catalog from "./Catalog.js"
import type { Core } from "./Core.js"
import * as Outbound from "./Outbound.js"
import * as RefusedCopy from "./RefusedCopy.js"
import { Request } from "./Request.js"
import { Prepared } from "./StatementCache.js"

/** Most parameters a statement may have: the count travels in 16 bits. */
export const maxParameters = 65_535

/** Writes a Close for every statement that was dropped; returns how many. */
export const writeCloses = (core: Core): number => {
  const names = core.statements.takeStale()
  for (const name of names) ExtendedQuery.Close.encode(core.writer, { _tag: "Close", target: "S", name })
  return names.length
}

/** Writes Bind for a described statement; a failure names the parameter and nothing of the message remains. */
export const writeBind = (
  core: Core,
  prepared: Prepared,
  portal: string,
  statement: Statement
): PgCodecError | undefined => {
  const writer = core.writer
  const before = writer.offset
  const mark = ExtendedQuery.Bind.begin(writer, portal, prepared.name, prepared.plan.formats)
  const failure = prepared.plan.write(writer, statement.parameters)
  if (failure === null && ExtendedQuery.Bind.finish(writer, mark, prepared.formats)) return undefined
  const reason = failure?.reason ?? writer.failure ?? "the message is too large"
  writer.rollback(before)
  const refused = failure?._tag === "Refused" ? failure : undefined
  return new PgCodecError({
    direction: "encode",
    where: refused === undefined ? "list" : `$${refused.index + 1}`,
    index: refused?.index ?? -1,
    type: refused?.type ?? "the statement's parameters",
    reason,
    sql: statement.sql
  })
}

/** Writes Parse; a failure (a zero byte in the text, too many types) leaves nothing written. */
export const writeParse = (
  core: Core,
  name: string,
  sql: string,
  types: ReadonlyArray<number>
): PgCodecError | undefined => {
  const before = core.writer.offset
  ExtendedQuery.Parse.encode(core.writer, { _tag: "Parse", statement: name, sql, parameterTypes: types })
  const reason = core.writer.failure
  if (reason === null) return undefined
  core.writer.rollback(before)
  return new PgCodecError({ direction: "encode", where: "SQL", index: -1, type: "text", reason, sql })
}

/** Refuses what would not fit the message before anything is written. */
export const checkCount = (statement: Statement): PgCodecError | undefined =>
  statement.parameters.length <= maxParameters && statement.types.length <= maxParameters
    ? undefined
    : new PgCodecError({
        direction: "encode",
        where: `$${maxParameters + 1}`,
        index: maxParameters,
        type: "parameter",
        reason: `${statement.parameters.length} parameters, and a statement takes at most ${maxParameters}: pass an array and unnest it, or use COPY`,
        sql: statement.sql
      })

const isFirstAnswer = (node: Node | undefined): boolean => node === nodes.Binding || node === nodes.Parsing

/**
 * Whether the server refused a statement because it has forgotten it (DISCARD, DEALLOCATE, a pooler's other connection), or
 * because its result is of other types than when it was described: it has not begun to run.
 */
export const isOutdated = (error: PgServerError, node: Node | undefined): boolean =>
  isFirstAnswer(node) &&
  (error.code === "26000" || (error.code === "0A000" && error.routine === "RevalidateCachedQuery"))

/** What is known of a statement once the server has described it. */
export const described = (
  { types }: Core,
  name: string,
  parameters: ReadonlyArray<number>,
  columns: ReadonlyArray<Column> = []
): Prepared =>
  new Prepared(
    name,
    parameters,
    columns,
    types.registry,
    types.unknown([...parameters, ...columns.map(({ typeOid }) => typeOid)]),
    types.generation
  )

/** The statement if it is known, by the types as they are known now: compiled anew when more are, forgotten when fewer. */
export const knownNow = (core: Core, statement: Statement): Prepared | undefined => {
  const found = core.statements.get(statement)
  if (found === undefined || found.registry === core.registry) return found
  if (found.generation === core.types.generation)
    return core.statements.renew(statement, described(core, found.name, found.types, found.columns))
  core.statements.forget(statement, found)
  return undefined
}

const startsWithCopy = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*copy\b/i

/** Looks at a described statement before it is run; what it returns is why the statement is not. */
export type Inspect = (prepared: Prepared) => PgCodecError | undefined

/**
 * A request that runs one statement by the extended protocol. What follows the description is the subclass's:
 * `execute` for the messages after it, and handlers for rows and completion.
 */
export abstract class StatementRequest extends Request {
  protected prepared: Prepared | undefined
  private types: ReadonlyArray<number> = noTypes
  private name = ""
  private deadIn: Node | undefined
  private tries = 0
  private readonly copies: boolean
  inspect: Inspect | undefined = undefined

  constructor(protected readonly statement: Statement) {
    super(statement.sql)
    this.copies = startsWithCopy.test(statement.sql)
  }

  /** A COPY must not have messages of others behind it: the server would take them for its data and hang up. */
  override get exclusive(): boolean {
    return this.copies
  }

  /** Writes what follows once the statement is described. `undefined` with `failure` set: nothing was written. */
  protected abstract execute(core: Core, prepared: Prepared): Pipeline.Script | undefined

  /** Whether anything reached whoever asked, so that the statement must not be repeated. */
  protected abstract get started(): boolean

  open(core: Core): Pipeline.Script | undefined {
    const tooMany = checkCount(this.statement)
    if (tooMany !== undefined) {
      this.fail(tooMany)
      return undefined
    }
    const closes = writeCloses(core)
    const known = knownNow(core, this.statement)
    if (known !== undefined) {
      if (this.mustLearn(core, known)) return this.onlyCloses(core, closes)
      if (this.inspect?.(known) === undefined) return this.reuse(core, known, closes)
      // What was described once may have been altered since: only a new description refuses.
      core.statements.forget(this.statement, known)
    }
    this.name = core.statements.nextName()
    const failure = writeParse(core, this.name, this.statement.sql, this.statement.types)
    if (failure !== undefined) {
      this.fail(failure)
      return closes > 0 ? this.onlyCloses(core, closes) : undefined
    }
    ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "S", name: this.name })
    Preset.flush(core.writer)
    return Pipeline.afterCloses(closes, Pipeline.prepare)
  }

  private reuse(core: Core, known: Prepared, closes: number): Pipeline.Script | undefined {
    this.prepared = known
    const mark = core.writer.offset
    if (known.name === "") {
      const failure = writeParse(core, "", this.statement.sql, known.types)
      if (failure !== undefined) this.fail(failure)
    }
    const script = this.failure === undefined ? this.execute(core, known) : undefined
    if (script === undefined) {
      core.writer.rollback(mark)
      return closes > 0 ? this.onlyCloses(core, closes) : undefined
    }
    return Pipeline.afterCloses(closes, known.name === "" ? [nodes.Parsing, ...script] : script)
  }

  /** Whether types have to be learned before the statement runs. */
  private mustLearn(core: Core, { unknown }: Prepared): boolean {
    if (unknown.length === 0) return false
    this.before = Catalog.before(core, unknown)
    return this.before !== undefined
  }

  /** Nothing of the statement is sent now; statements may be closed. */
  private onlyCloses(core: Core, closes: number): Pipeline.Script {
    Preset.sync(core.writer)
    return Pipeline.afterCloses(closes, Pipeline.sync)
  }

  override onParameters(_core: Core, types: ReadonlyArray<number>): void {
    this.types = types
  }

  override onColumns(core: Core, columns: ReadonlyArray<Column> | undefined): void {
    const prepared = described(core, this.name, this.types, columns)
    core.statements.put(this.statement, prepared)
    this.prepared = prepared
    if (this.mustLearn(core, prepared)) return Outbound.sync(core, this)
    const refused = this.discarding ? undefined : this.inspect?.(prepared)
    if (refused !== undefined) this.fail(refused)
    const script = this.discarding || refused !== undefined ? undefined : this.execute(core, prepared)
    if (script === undefined) Outbound.sync(core, this)
    else Outbound.proceed(core, this, script)
  }

  /** Writes Bind to a portal; a failure is noted, and nothing is left of the message. */
  protected bind(core: Core, prepared: Prepared, portal: string): boolean {
    const failure = writeBind(core, prepared, portal, this.statement)
    if (failure !== undefined) this.fail(failure)
    return failure === undefined
  }

  /** Bind, Execute for all rows, Sync. */
  protected executeWhole(core: Core, prepared: Prepared): Pipeline.Script | undefined {
    if (!this.bind(core, prepared, "")) return undefined
    Preset.executeUnnamed(core.writer)
    Preset.sync(core.writer)
    return Pipeline.execute
  }

  override onCopyIn(core: Core): void {
    RefusedCopy.refuseIn(core, this)
  }

  override onCopyOut(): void {
    RefusedCopy.refuseOut(this)
  }

  override failedIn(node: Node): void {
    this.deadIn = node
  }

  /** Goes on when its types have been learned. An outdated statement is prepared anew and repeated once, outside a transaction. */
  override onReady(core: Core): boolean {
    const failure = this.failure
    const prepared = this.prepared
    if (this.before?.state === "queued" && failure === undefined) return !this.discarding
    if (failure === undefined || prepared === undefined || !(failure instanceof PgServerError)) return false
    const counts = failure.code === "08P01" && prepared.name === "" && isFirstAnswer(this.deadIn)
    if (!counts && !isOutdated(failure, this.deadIn)) return false
    core.statements.forget(this.statement, prepared)
    if (this.discarding || this.started || this.tries > 0 || core.session.status !== "I") return false
    this.tries++
    this.failure = undefined
    this.prepared = undefined
    return true
  }

  /** Whether the script is used up and the next move is ours. */
  protected mayMove(core: Core): boolean {
    return core.session.owner === this && Session.isPaused(core.session)
  }
}

const noTypes: ReadonlyArray<number> = []
