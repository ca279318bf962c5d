/**
 * A table made ready to run: states as nodes that point at each other, so that a step is one array look-up by
 * tag and allocates nothing.
 */
import * as SessionMessage from "./SessionMessage.js"
import type { AnyTable } from "./Transition.js"

/** A compiled arrow. */
export interface MachineStep {
  /** The next state; `undefined` for the next step of the exchange's script. */
  readonly target: Node | undefined
  readonly emit: SessionMessage.Emit
}

/** A compiled state. */
export interface Node {
  /** `Table.State`, for errors. */
  readonly name: string
  /** By tag byte. */
  readonly on: ReadonlyArray<MachineStep | undefined>
  /** By move of ours. */
  readonly moves: { readonly [M in SessionMessage.Move]?: MachineStep }
}

interface Building {
  readonly name: string
  readonly on: Array<MachineStep | undefined>
  readonly moves: { [M in SessionMessage.Move]?: MachineStep }
}

const isMove = (name: string): name is SessionMessage.Move =>
  (SessionMessage.moves as ReadonlyArray<string>).includes(name)

/** The state after the last: the exchange is over. Nothing may come. */
export const done: Node = { name: "Done", on: [], moves: {} }

/** Compiles a table; every state of it is a property of the result. */
export const compile = <S extends string>(
  name: string,
  table: { readonly [K in S]: AnyTable[string] }
): Readonly<Record<S, Node>> => {
  const nodes = new Map<string, Building>()
  for (const state of Object.keys(table)) {
    nodes.set(state, {
      name: `${name}.${state}`,
      on: new Array<MachineStep | undefined>(128).fill(undefined),
      moves: {}
    })
  }
  for (const [state, arrows] of Object.entries<AnyTable[string]>(table)) {
    const node = nodes.get(state)!
    for (const [message, arrow] of Object.entries(arrows)) {
      const target = arrow.to === "Next" ? undefined : arrow.to === "Done" ? done : nodes.get(arrow.to)
      const step: MachineStep = { target, emit: arrow.emit as SessionMessage.Emit }
      if (isMove(message)) node.moves[message] = step
      else node.on[SessionMessage.tags[message as SessionMessage.SessionMessage]] = step
    }
  }
  const result = {} as Record<S, Node>
  for (const state of Object.keys(table) as Array<S>) result[state] = nodes.get(state)!
  return result
}
