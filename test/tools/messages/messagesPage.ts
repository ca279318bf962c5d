/** Prints `docs/messages.md`: every text of an error or of the log, by tag and by when it appears. */
import ts from "typescript"
import { collect, type Message } from "./collect.js"
import { patternOf } from "../../support/messagePatterns.js"
import { files } from "./declarations.js"
import { carriers, noMessages, roomOf, tags, withoutMessages } from "./rooms.js"
import { reached, textsOf, top } from "./templates.js"

/** What is fixed in a template. */
const fixed = (template: string): string => template.replaceAll(/\{[^{}]*\}/g, "")

/** Two words of English; SQL begins with its commands. */
const isProse = (text: string): boolean =>
  /[a-z]{2,}[, ]+[a-z]{2,}/.test(text) &&
  !text.includes("pg_catalog.") &&
  !/^\s*(\(?select|begin isolation|savepoint |host value|local value|n,,|declare |fetch |move |wait for lsn |all (tables|sequences)|with hold|with recursive|rollback|release|show |set |copy \S+ (from|to)|alter|create|drop|insert into|update \{|, |union)/.test(
    text
  )

type Text = ts.StringLiteralLike | ts.TemplateExpression | ts.BinaryExpression

/** A text, or texts that are joined with `+`. */
const isText = (node: ts.Node): node is Text =>
  ts.isStringLiteralLike(node) ||
  ts.isTemplateExpression(node) ||
  (ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.PlusToken &&
    (isText(node.left) || isText(node.right)))

/** What stands in the code, with a placeholder for everything else. */
const written = (node: ts.Node): string => {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node))
    return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("{value}")
  return ts.isBinaryExpression(node) && isText(node) ? written(node.left) + written(node.right) : "{value}"
}

/** Two words of its own, and no command of the server. */
const isSentence = (template: string): boolean =>
  (fixed(template).match(/[a-z]{3,}/g) ?? []).length > 1 && !/^([A-Z_]{5,}|for all tables)/.test(template)

/** The name of a declaration at the top of a file. */
const nameOf = (statement: ts.Statement): string => {
  const named = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]! : statement
  return "name" in named && named.name !== undefined ? (named.name as ts.Node).getText() : ""
}

/** Texts that no message was found to hold: parts of messages that are put together at run time. */
const remaining = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const known = new Set(reached)
  const whole = messages.map(({ template }) => template)
  const found: Array<Message> = []
  for (const [file, source] of files) {
    if (withoutMessages.has(file)) continue
    const visit = (node: ts.Node, owner: string): void => {
      if (ts.isTypeNode(node) || ts.isTaggedTemplateExpression(node) || ts.isImportDeclaration(node)) return
      // What a metric is.
      if (ts.isCallExpression(node) && node.expression.getText().startsWith("Metric.")) return
      if (isText(node)) {
        const own = written(node)
        if (noMessages.has(own.trim())) return
        const fits = patternOf(own)
        if (isProse(own.replaceAll(/[{}]/g, "")) && !(known.has(node) && whole.some(fits))) {
          const { tag } = roomOf(owner)
          for (const template of textsOf(node, top, new Set()).filter(isSentence))
            found.push({ tag, template, file: owner })
        }
      }
      ts.forEachChild(node, (child) => {
        visit(child, owner)
      })
    }
    for (const statement of source.statements) visit(statement, `${file}#${nameOf(statement)}`)
  }
  // A text that another one holds whole is read there.
  return found.filter(
    ({ file, template }) =>
      !found.some(
        (other) => other.file === file && other.template !== template && other.template.includes(template)
      )
  )
}

const tagOf = (tag: string): string => carriers[tag] ?? (tag.startsWith("Log") ? "Log" : tag)

/** Placeholders by their last name, such as `{sslMode}` of `fields.sslMode`, unless another one of the template has that name too. */
const shortened = (template: string): string => {
  const long = new Set([...template.matchAll(/\{([\w.]+)\}/g)].map(([, name]) => name!))
  const short = (name: string): string => {
    const names = name.replace(/\.(right|_tag)$/, "").split(".")
    if (names.length > 1 && names.at(-1) === "left" && !eithers.has(names[0]!)) return "reason"
    const last = names.at(-1)!
    // A letter, or a module of functions, names nothing.
    return last.length === 1 || /^[A-Z]/.test(last) ? "value" : last
  }
  return template.replaceAll(/\{([\w.]+)\}/g, (_, name: string) => {
    const others = [...long].filter((other) => other !== name && short(other) === short(name))
    return `{${others.length === 0 ? short(name) : name}}`
  })
}

/** What is left of a message, and no half of an Either. */
const eithers: ReadonlySet<string> = new Set(["walk", "reader"])

const onFile = "archive|chain|content|disk-full|file|locked|manifest|other-system|segment-size|target"

/** A path of several parts is one path, and the system's text of a file is its own. */
const ofOnePath = (template: string): string =>
  template
    .replace(/^([\w-]+: )?: /, "$1")
    .replace(
      new RegExp(`^((?:${onFile}): )(?:[\\w./]*\\{[\\w.]+\\}(?:[\\w./]|\\{[\\w.]+\\})*: )+(?=.)`),
      "$1{path}: "
    )
    .replace(/^((?:file|disk-full): \{path\}: )\{[\w.]+\}$/, "$1{cause}")

const tidy = (template: string): string =>
  shortened(ofOnePath(template.replaceAll(/ {2,}/g, " ").replaceAll("\n", " ⏎ "))).trim()

/** Whether a template means something by itself, besides the kind of the error. The system's texts of files are its own. */
const isOpen = (template: string): boolean =>
  !/^(file|disk-full): /.test(template) &&
  !/[A-Za-z]{2}/.test(fixed(template.replace(/^(Copy\.)?[\w-]+: /, "")))

/** Operations that share a text from here on stand as one line. */
const shared = 3

/** A text of several operations is listed once, with the operation as a placeholder. */
const byOperation = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const restOf = ({ tag, template }: Message): string | undefined =>
    tag === "PgUsageError" ? /^[\w.{}]+: (.*)$/s.exec(template)?.[1] : undefined
  const counts = new Map<string, number>()
  for (const message of messages) {
    const rest = restOf(message)
    if (rest !== undefined) counts.set(rest, (counts.get(rest) ?? 0) + 1)
  }
  return messages.map((message) => {
    const rest = restOf(message)
    return rest !== undefined && counts.get(rest)! >= shared
      ? { ...message, template: `{operation}: ${rest}` }
      : message
  })
}

const unique = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => [
  ...new Map(messages.map((message) => [`${message.tag} ${message.template}`, message])).values()
]

export const allMessages = (): ReadonlyArray<Message> => {
  const messages = collect().filter(({ template }) => !isOpen(template))
  const tidied = [...messages, ...remaining(messages)].map(({ file, tag, template }) => ({
    file,
    tag: tagOf(tag),
    template: tidy(template)
  }))
  return unique(byOperation(unique(tidied)))
}

const code = (text: string): string => (text.includes("`") ? `\`\`${text}\`\`` : `\`${text}\``)

const sections = (messages: ReadonlyArray<Message>): ReadonlyArray<string> => {
  const byWhen = new Map<string, Array<string>>()
  for (const { file, template } of messages) {
    const { when } = roomOf(file)
    byWhen.set(when, [...(byWhen.get(when) ?? []), template])
  }
  return [...byWhen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([when, templates]) => [
      `${when.charAt(0).toUpperCase()}${when.slice(1)}:`,
      "",
      ...templates.sort().map((template) => `- ${code(template)}`),
      ""
    ])
}

export const messagesPage = (): string => {
  const messages = allMessages()
  const unknown = messages.filter(({ tag }) => !tags.some((one) => one.tag === tag))
  if (unknown.length > 0)
    throw new Error(`no sentence in rooms.ts for ${unknown[0]!.tag}: ${unknown[0]!.template}`)
  const lines = tags.flatMap(({ form, meaning, tag }) => {
    const own = messages.filter((message) => message.tag === tag)
    return [
      `## ${tag}`,
      "",
      meaning,
      "",
      ...(form === undefined ? [] : [`Its message: ${code(form)}`, ""]),
      ...sections(own)
    ]
  })
  return `<!-- Generated from src by test/tools/generateTables.ts; do not edit. -->

# Messages

Look up here a message that you have met. Every text of an error and of the log stands on this page, under the tag of its error. A word in braces
stands for a value. Some texts are parts: they stand where the form of the message has \`{reason}\` or \`{detail}\`.

What each tag means for a program, and when it is safe to try again, is on [Errors](errors.md). After the text a message may have the lines \`STATEMENT:\`,
\`HINT:\`, \`LINE\` with a mark below it, and \`AT:\` with the place in the program.

${lines.join("\n").trim()}
`
}
