/**
 * Tables and machines as lines of text, `state message -> state told`, to be compared with lists written by hand. A line
 * too many is as wrong as one too few.
 */
import * as Machine from "../../src/protocol/Machine.js"
import { moves } from "../../src/protocol/SessionMessage.js"
import type { AnyTable } from "../../src/protocol/Transition.js"
import * as BackendMessage from "../../src/wire/BackendMessage.js"

/** The lines of a list, in one order. */
export const lines = (text: string): ReadonlyArray<string> =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .sort()

/** Every arrow of a table. */
export const ofTable = (table: AnyTable): ReadonlyArray<string> =>
  Object.entries(table)
    .flatMap(([state, on]) =>
      Object.entries(on).map(([message, arrow]) => `${state} ${message} -> ${arrow.to} ${arrow.emit}`)
    )
    .sort()

const stateOf = (node: Machine.Node): string => node.name.slice(node.name.indexOf(".") + 1)

const line = (node: Machine.Node, message: string, step: Machine.MachineStep): string => {
  const target =
    step.target === undefined ? "Next" : step.target === Machine.done ? "Done" : stateOf(step.target)
  return `${stateOf(node)} ${message} -> ${target} ${step.emit}`
}

/** Every state of a machine against all 256 tags, named as the wire names them, and against our moves. */
export const ofNodes = (nodes: Readonly<Record<string, Machine.Node>>): ReadonlyArray<string> =>
  Object.values(nodes)
    .flatMap((node) => {
      const found: Array<string> = []
      for (let tag = 0; tag < 256; tag++) {
        const step = node.on[tag]
        if (step !== undefined) found.push(line(node, BackendMessage.kindOf(tag) ?? `unknown ${tag}`, step))
      }
      for (const move of moves) {
        const step = node.moves[move]
        if (step !== undefined) found.push(line(node, move, step))
      }
      return found
    })
    .sort()
