/** How a statement is read and written by types of the caller's, in place of the connection's. */
import type { Column } from "../../model/Column.js"
import type { Codec } from "../../types/Codec.js"
import * as Parameters from "../../types/Parameters.js"
import type { Registry } from "../../types/Registry.js"
import * as Texts from "../../types/Texts.js"
import type { Reading } from "../session/StatementCache.js"
import type { Inspector } from "./Preparation.js"
import type { ValueOptions } from "./QueryOptions.js"

/** The server's text: for types that the caller's registry does not have and the connection's may. */
const text: Codec<string> = Texts.textOnly("unknown", 0, 0)

const byRegistry = (registry: Registry): Reading => ({
  codecs: (columns: ReadonlyArray<Column>) => columns.map(({ typeOid }) => registry.lookup(typeOid) ?? text),
  plan: (types) => Parameters.plan(types, registry)
})

const byConnection: Reading = { codecs: () => undefined }

const refuse = (): undefined => undefined

/** The ways to run a statement by one registry. A statement that is kept remembers what was worked out for each. */
class Ways {
  readonly prepared: Inspector
  readonly unprepared: Inspector

  constructor(reading: Reading, asksTypes: boolean) {
    this.prepared = { refuse, refusesNothing: true, reading, asksTypes }
    this.unprepared = { refuse, refusesNothing: true, reading, asksTypes, keeps: false }
  }
}

const connectionsOwn = new Ways(byConnection, true)
const known = new WeakMap<Registry, Ways>()

const waysOf = (registry: Registry): Ways => {
  const found = known.get(registry)
  if (found !== undefined) return found
  const made = new Ways(byRegistry(registry), false)
  known.set(registry, made)
  return made
}

/** What the options ask for; `undefined` when that is what is done without them. */
export const inspectorOf = (options: ValueOptions): Inspector | undefined => {
  const { prepare, types } = options
  if (types !== undefined) return prepare === false ? waysOf(types).unprepared : waysOf(types).prepared
  return prepare === false ? connectionsOwn.unprepared : undefined
}
