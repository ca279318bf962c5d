/** Collects every text that a user of the package can read: the messages of errors, and what is logged. */
import ts from "typescript"
import { files } from "./declarations.js"
import { fieldTexts, textsOf, underEveryCall, type Scope, type Unbound } from "./templates.js"

export interface Message {
  /** The tag of the error, or `Effect.logWarning` and its siblings. */
  readonly tag: string
  readonly template: string
  /** The file where its text is decided. */
  readonly file: string
}

/** The fields of each error that its message is made of, in their order; the frame around them is the tag's form. */
export const parts: Readonly<Record<string, string>> = {
  PgConfigError: "{key}: {reason}",
  PgUsageError: "{operation}: {argument} {reason}",
  PgLimitError: "{limit} {max} reached: {reason}",
  PgAuthError: "{detail}",
  PgProtocolError: "{reason}",
  PgCodecError: "{reason}",
  PgCopyRowError: "{reason}",
  PgChangeRowError: "{reason}",
  PgClosedError: "{reason}",
  PgPoolError: "{reason}",
  PgTimeoutError: "{detail}",
  PgSlotError: "{reason}: {detail}",
  PgSnapshotError: "{reason}: {detail}",
  PgWalError: "{reason}: {detail}",
  PgBackupError: "{reason}: {path}: {detail}",
  PgWalArchiveError: "{reason}: {path}: {detail}",
  PgServerError: "{hint}",
  CopyFormatError: "{reason}",
  MalformedMessage: "{reason}",
  EmbeddedPostgresError: "{text}",
  ScriptMismatch: "{report}",
  SqlError: "{message}"
}

const partsOf = (
  form: string,
  argument: ts.Expression,
  scope: Scope,
  unbound: Unbound
): ReadonlyArray<string> =>
  form.split(/(?<=\})|(?=\{)/).reduce<ReadonlyArray<string>>(
    (before, part) => {
      const name = /^\{(.+)\}$/.exec(part)?.[1]
      const texts = name === undefined ? [part] : fieldTexts(name, argument, scope, unbound)
      return before.flatMap((text) => texts.map((after) => text + after))
    },
    [""]
  )

type Evaluation = (scope: Scope, unbound: Unbound) => ReadonlyArray<string>

/** How the text of an expression is found, when the expression makes an error or logs. */
const evaluationOf = (node: ts.Node): readonly [tag: string, Evaluation] | undefined => {
  if (ts.isNewExpression(node)) {
    const argument = node.arguments?.[0]
    const tag = node.expression.getText()
    if (argument === undefined) return undefined
    if (/^(Type|Range)?Error$/.test(tag)) return [tag, (scope, unbound) => textsOf(argument, scope, unbound)]
    const form = parts[tag]
    return form === undefined ? undefined : [tag, (scope, unbound) => partsOf(form, argument, scope, unbound)]
  }
  if (!ts.isCallExpression(node)) return undefined
  const [, level] = /^Effect\.log(Warning|Error|Info|Debug)$/.exec(node.expression.getText()) ?? []
  const text = node.arguments[0]
  return level === undefined || text === undefined
    ? undefined
    : [`Log: ${level}`, (scope, unbound) => textsOf(text, scope, unbound)]
}

export const collect = (): ReadonlyArray<Message> => {
  const found: Array<Message> = []
  const visit = (node: ts.Node): void => {
    const evaluation = evaluationOf(node)
    if (evaluation !== undefined) {
      const [tag, evaluate] = evaluation
      for (const [text, decidedIn] of underEveryCall(evaluate, node))
        found.push({ tag, template: text, file: decidedIn })
    }
    ts.forEachChild(node, visit)
  }
  for (const file of files.values()) visit(file)
  return found
}
