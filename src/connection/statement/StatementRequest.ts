/**
 * How a statement comes to the server: by name when it is known, else described first. The first use sends Parse,
 * Describe and Flush, and goes on with Bind when the description is there: no extra Sync, so that a pooler keeps
 * the statement and its execution on one server.
 *
 * With named statements off, a statement already described travels in one burst with an unnamed Parse.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { Column } from "../../model/Column.js"
import type { PgCodecError } from "../../model/PgError.js"
import { PgServerError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import { nodes } from "../../protocol/ExtendedQuery.js"
import type { Node } from "../../protocol/Machine.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import * as Session from "../../protocol/Session.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import * as Preset from "../../wire/Preset.js"
import * as Catalog from "../session/Catalog.js"
import type { Core } from "../session/Core.js"
import * as Outbound from "../session/Outbound.js"
import {
  checkCount,
  described,
  isFirstAnswer,
  isOutdated,
  knownNow,
  writeBind,
  writeCloses,
  writeParse
} from "./Prepare.js"
import * as RefusedCopy from "./RefusedCopy.js"
import { Request } from "../session/Request.js"
import type { Prepared, Reading, Result } from "../session/StatementCache.js"

/** Texts that are alone on the wire: COPY, and what ends a transaction. */
const alone =
  /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:copy|commit|rollback|abort|end|prepare\s+transaction)\b/i

/** Looks at a described statement before it is run. */
export interface Inspector {
  /** Why the statement is not run. */
  readonly refuse: (prepared: Prepared) => PgCodecError | undefined
  readonly reading: Reading
}

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
  private readonly alone: boolean
  inspector: Inspector | undefined = undefined

  constructor(protected readonly statement: Statement) {
    super(statement.sql)
    this.alone = alone.test(statement.sql)
  }

  /**
   * A COPY must not have messages of others behind it: the server would take them for its data and hang up. Behind the end of a
   * transaction they would run outside it.
   */
  override get exclusive(): boolean {
    return this.alone
  }

  /** Writes what follows once the statement is described. `undefined` with `failure` set: nothing was written. */
  protected abstract execute(core: Core, prepared: Prepared, result: Result): Pipeline.Script | undefined

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
      if (this.inspector?.refuse(known) === undefined) return this.reuse(core, known, closes)
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
    const script = this.failure === undefined ? this.executeAs(core, known) : undefined
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
    const refused = this.discarding ? undefined : this.inspector?.refuse(prepared)
    if (refused !== undefined) this.fail(refused)
    const script = this.discarding || refused !== undefined ? undefined : this.executeAs(core, prepared)
    if (script === undefined) Outbound.sync(core, this)
    else Outbound.proceed(core, this, script)
  }

  private executeAs(core: Core, prepared: Prepared): Pipeline.Script | undefined {
    const reading = this.inspector?.reading
    return this.execute(core, prepared, reading === undefined ? prepared.result : prepared.readBy(reading))
  }

  /** Writes Bind to a portal; a failure is noted, and nothing is left of the message. */
  protected bind(core: Core, prepared: Prepared, portal: string, result: Result): boolean {
    const failure = writeBind(core, prepared, portal, this.statement, result)
    if (failure !== undefined) this.fail(failure)
    return failure === undefined
  }

  /** Bind, Execute for all rows, Sync. */
  protected executeWhole(core: Core, prepared: Prepared, result: Result): Pipeline.Script | undefined {
    if (!this.bind(core, prepared, "", result)) return undefined
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
