/**
 * Evaluates an expression of `src` to the texts that it can have. What is known only at run time stands as a placeholder
 * with the name of the expression: `{fetchSize}`.
 */
import ts from "typescript"
import { callsOf, declarationOf, functionOf, type FunctionNode } from "./declarations.js"

/** A value of the evaluation: an expression with the bindings that it is read under. */
export interface Bound {
  readonly node: ts.Expression
  readonly scope: Scope
}

export interface Scope {
  readonly bindings: ReadonlyMap<ts.ParameterDeclaration, Bound>
  /** What `this` stands for: the fields of the error. */
  readonly fields: Bound | undefined
  readonly depth: number
}

export const top: Scope = { bindings: new Map(), fields: undefined, depth: 0 }

/** Parameters that an evaluation met without a binding: their functions' callers know more. */
export type Unbound = Set<ts.ParameterDeclaration>

/** The texts of the code that an evaluation came to. */
export const reached = new Set<ts.Node>()

const deepest = 14
const mostTexts = 48

/** A number of the code, such as a default: it is one of the values that a placeholder stands for. */
const isNumber = (node: ts.Expression): boolean =>
  ts.isNumericLiteral(node) || (ts.isIdentifier(node) && node.text === "Infinity")

const nameOf = (node: ts.Node): string => {
  if (ts.isCallExpression(node)) {
    const [first] = node.arguments
    if (first !== undefined && node.arguments.length === 1 && !ts.isLiteralExpression(first))
      return nameOf(first)
    return ts.isPropertyAccessExpression(node.expression)
      ? nameOf(node.expression.expression)
      : nameOf(node.expression)
  }
  if (ts.isPropertyAccessExpression(node)) {
    const owner = node.expression.kind === ts.SyntaxKind.ThisKeyword ? "" : nameOf(node.expression)
    return owner === "" || owner === "value" ? node.name.text : `${owner}.${node.name.text}`
  }
  if (ts.isElementAccessExpression(node)) return nameOf(node.expression)
  if (ts.isIdentifier(node)) return node.text
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node))
    return nameOf(node.expression)
  if (ts.isBinaryExpression(node)) return nameOf(isNumber(node.left) ? node.right : node.left)
  if (ts.isConditionalExpression(node))
    return nameOf(ts.isLiteralExpression(node.whenFalse) ? node.whenTrue : node.whenFalse)
  if (ts.isAwaitExpression(node) || ts.isYieldExpression(node))
    return node.expression === undefined ? "value" : nameOf(node.expression)
  if (ts.isNumericLiteral(node)) return node.text
  if (ts.isArrayLiteralExpression(node) && node.elements[0] !== undefined) return nameOf(node.elements[0])
  if (ts.isSpreadElement(node) || ts.isTypeOfExpression(node)) return nameOf(node.expression)
  return "value"
}

const placeholder = (node: ts.Node): string => `{${nameOf(node)}}`

const unique = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...new Set(texts)].slice(0, mostTexts)

const joined = (left: ReadonlyArray<string>, right: ReadonlyArray<string>): ReadonlyArray<string> =>
  unique(left.flatMap((before) => right.map((after) => before + after)))

/** The returns of a function, its own and not those of functions inside it. */
const returnsOf = (body: ts.Node): ReadonlyArray<ts.Expression> => {
  if (!ts.isBlock(body)) return [body as ts.Expression]
  const found: Array<ts.Expression> = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return
    if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression)
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(body, visit)
  return found
}

const inner = (node: ts.Expression): ts.Expression => {
  let at = node
  while (
    ts.isParenthesizedExpression(at) ||
    ts.isAsExpression(at) ||
    ts.isSatisfiesExpression(at) ||
    ts.isNonNullExpression(at)
  )
    at = at.expression
  return at
}

/** Binds the parameters of a function to the arguments of a call. */
export const bind = (to: FunctionNode, call: ts.CallExpression, from: Scope, at: Scope): Scope => {
  const bindings = new Map(at.bindings)
  to.parameters.forEach((parameter, index) => {
    const node = call.arguments[index] ?? parameter.initializer
    if (node !== undefined && !ts.isSpreadElement(node)) bindings.set(parameter, { node, scope: from })
  })
  return { bindings, fields: at.fields, depth: at.depth + 1 }
}

/** The object literal behind an expression. */
const objectOf = (value: Bound, unbound: Unbound): Bound | undefined => {
  const node = inner(value.node)
  if (value.scope.depth > deepest) return undefined
  if (ts.isObjectLiteralExpression(node)) return { node, scope: value.scope }
  if (node.kind === ts.SyntaxKind.ThisKeyword) return value.scope.fields
  const declaration = ts.isIdentifier(node) ? declarationOf(node) : undefined
  if (declaration === undefined) return undefined
  if (ts.isParameter(declaration)) {
    const bound = value.scope.bindings.get(declaration)
    if (bound === undefined) unbound.add(declaration)
    return bound === undefined
      ? undefined
      : objectOf(
          {
            node: bound.node,
            scope: { ...bound.scope, bindings: value.scope.bindings, depth: value.scope.depth + 1 }
          },
          unbound
        )
  }
  return ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined
    ? objectOf(
        { node: declaration.initializer, scope: { ...value.scope, depth: value.scope.depth + 1 } },
        unbound
      )
    : undefined
}

/** A property of an object literal; `missing` when it certainly has none. */
export const propertyOf = (object: Bound, name: string): Bound | "missing" | undefined => {
  if (!ts.isObjectLiteralExpression(object.node)) return undefined
  let isOpen = false
  for (const property of object.node.properties) {
    if (ts.isSpreadAssignment(property)) isOpen = true
    else if (
      property.name !== undefined &&
      (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name)) &&
      property.name.text === name
    ) {
      if (ts.isPropertyAssignment(property)) return { node: property.initializer, scope: object.scope }
      if (ts.isShorthandPropertyAssignment(property)) return { node: property.name, scope: object.scope }
    }
  }
  return isOpen ? undefined : "missing"
}

/** `a.b` where `a` is a known object, and `{ b }: A` where the argument is one. */
const known = (node: ts.Expression, scope: Scope, unbound: Unbound): Bound | "missing" | undefined => {
  if (ts.isPropertyAccessExpression(node)) {
    const object = objectOf({ node: node.expression, scope }, unbound)
    return object === undefined ? undefined : propertyOf(object, node.name.text)
  }
  const declaration = ts.isIdentifier(node) ? declarationOf(node) : undefined
  if (declaration === undefined || !ts.isBindingElement(declaration)) return undefined
  const name = (declaration.propertyName ?? declaration.name).getText()
  const owner = declaration.parent.parent
  const whole: Bound | undefined = ts.isParameter(owner)
    ? scope.bindings.get(owner)
    : ts.isVariableDeclaration(owner) && owner.initializer !== undefined
      ? { node: owner.initializer, scope }
      : undefined
  if (whole === undefined && ts.isParameter(owner)) unbound.add(owner)
  const object =
    whole === undefined
      ? undefined
      : objectOf(
          { node: whole.node, scope: { ...whole.scope, bindings: scope.bindings, depth: scope.depth + 1 } },
          unbound
        )
  return object === undefined ? undefined : propertyOf(object, name)
}

/** `text.endsWith("…")` of a text that is known whole. */
const ends = (node: ts.CallExpression, scope: Scope, unbound: Unbound): boolean | undefined => {
  const [end] = node.arguments
  const method = node.expression
  if (end === undefined || !ts.isStringLiteral(end)) return undefined
  if (!ts.isPropertyAccessExpression(method) || method.name.text !== "endsWith") return undefined
  const [text, ...others] = textsOf(method.expression, scope, unbound)
  return text === undefined || others.length > 0 || text.includes("{") ? undefined : text.endsWith(end.text)
}

/** True or false where a comparison with a literal is decided by what is known. */
const decided = (node: ts.Expression, scope: Scope, unbound: Unbound): boolean | undefined => {
  if (ts.isCallExpression(node)) return ends(node, scope, unbound)
  if (!ts.isBinaryExpression(node)) return undefined
  const isEqual = node.operatorToken.kind === ts.SyntaxKind.EqualsEqualsEqualsToken
  if (!isEqual && node.operatorToken.kind !== ts.SyntaxKind.ExclamationEqualsEqualsToken) return undefined
  const right = inner(node.right)
  if (ts.isIdentifier(right) && right.text === "undefined") {
    const value = known(inner(node.left), scope, unbound)
    if (value === "missing") return isEqual
    return value !== undefined && ts.isIdentifier(value.node) && value.node.text === "undefined"
      ? isEqual
      : undefined
  }
  if (!ts.isStringLiteral(right)) return undefined
  const texts = textsOf(node.left, scope, unbound)
  if (texts.length === 0) return !isEqual
  if (texts.every((text) => text === right.text)) return isEqual
  return texts.every((text) => text !== right.text && !/^\{[^}]*\}$/.test(text)) ? !isEqual : undefined
}

const calledTexts = (node: ts.CallExpression, scope: Scope, unbound: Unbound): ReadonlyArray<string> => {
  const target = functionOf(declarationOf(node.expression))
  if (target?.body === undefined || target.asteriskToken !== undefined) return [placeholder(node)]
  const within = bind(target, node, scope, scope)
  const texts = returnsOf(target.body).flatMap((one) => textsOf(one, within, unbound))
  // The name of a function that computes a value is less clear than its argument's name.
  return texts.length > 0 && texts.some((text) => /[a-z]{2,}/.test(text.replaceAll(/\{[^}]*\}/g, "")))
    ? unique(texts)
    : [placeholder(node)]
}

const declaredTexts = (node: ts.Identifier, scope: Scope, unbound: Unbound): ReadonlyArray<string> => {
  const declaration = declarationOf(node)
  if (declaration === undefined) return [placeholder(node)]
  if (ts.isParameter(declaration)) {
    const bound = scope.bindings.get(declaration)
    // A default is one of the values that the parameter can have.
    if (bound !== undefined && isNumber(bound.node))
      if (bound.node === declaration.initializer || ts.isIdentifier(bound.node)) return [placeholder(node)]
    if (bound !== undefined)
      return textsOf(
        bound.node,
        { ...bound.scope, bindings: scope.bindings, depth: scope.depth + 1 },
        unbound
      )
    unbound.add(declaration)
    return [placeholder(node)]
  }
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer === undefined)
    return [placeholder(node)]
  const isConst = (declaration.parent.flags & ts.NodeFlags.Const) !== 0
  const value = inner(declaration.initializer)
  if (!isConst || ts.isNumericLiteral(value)) return [placeholder(node)]
  const texts = textsOf(value, scope, unbound)
  return texts.every((text) => /^\{[^}]*\}$/.test(text)) ? [placeholder(node)] : texts
}

/** The texts of a part of a text; a part that has many is a placeholder, and so is a number beside other values. */
const partTexts = (node: ts.Expression, scope: Scope, unbound: Unbound): ReadonlyArray<string> => {
  const texts = textsOf(node, scope, unbound)
  const values = texts.filter((text) => !/^(\d+|\{Infinity\})$/.test(text))
  if (values.length === 0) return texts.length === 1 ? texts : [placeholder(node)]
  if (values.length <= 4) return values
  // A function that writes sentences is named by itself, one that shows a value by the value.
  const writes = ts.isCallExpression(node) && values.some((text) => text.length > 60)
  return [placeholder(writes ? node.expression : node)]
}

/** The texts that an expression can have. */
export function textsOf(expression: ts.Expression, scope: Scope, unbound: Unbound): ReadonlyArray<string> {
  const node = inner(expression)
  if (scope.depth > deepest) return [placeholder(node)]
  const deeper = { ...scope, depth: scope.depth + 1 }
  reached.add(node)
  if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return [node.text]
  if (ts.isIdentifier(node) && node.text === "undefined") return []
  if (ts.isTemplateExpression(node)) {
    return node.templateSpans.reduce(
      (before, span) =>
        joined(joined(before, partTexts(span.expression, deeper, unbound)), [span.literal.text]),
      [node.head.text] as ReadonlyArray<string>
    )
  }
  if (ts.isConditionalExpression(node)) {
    const which = decided(inner(node.condition), deeper, unbound)
    return unique([
      ...(which === false ? [] : textsOf(node.whenTrue, deeper, unbound)),
      ...(which === true ? [] : textsOf(node.whenFalse, deeper, unbound))
    ])
  }
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    if (kind === ts.SyntaxKind.PlusToken) {
      if (isNumber(inner(node.right))) return [placeholder(node.left)]
      const side = (half: ts.Expression): ReadonlyArray<string> =>
        ts.isTemplateExpression(half) || ts.isBinaryExpression(half)
          ? textsOf(half, deeper, unbound)
          : partTexts(half, deeper, unbound)
      const texts = joined(side(node.left), side(node.right))
      return texts.length > 0 && texts.every((text) => /^(\{[^}]*\}|\d)+$/.test(text))
        ? [placeholder(node)]
        : texts
    }
    if (kind === ts.SyntaxKind.QuestionQuestionToken || kind === ts.SyntaxKind.BarBarToken) {
      if (known(inner(node.left), deeper, unbound) === "missing") return textsOf(node.right, deeper, unbound)
      return unique([...textsOf(node.left, deeper, unbound), ...textsOf(node.right, deeper, unbound)])
    }
    return [placeholder(node)]
  }
  if (ts.isElementAccessExpression(node)) {
    const object = objectOf({ node: node.expression, scope: deeper }, unbound)
    if (object === undefined || !ts.isObjectLiteralExpression(object.node)) return [placeholder(node)]
    const [key] = textsOf(node.argumentExpression, deeper, unbound)
    const exact = key === undefined ? undefined : propertyOf(object, key)
    if (exact !== undefined && exact !== "missing")
      return textsOf(exact.node, { ...exact.scope, depth: deeper.depth }, unbound)
    return unique(
      object.node.properties.flatMap((property) =>
        ts.isPropertyAssignment(property)
          ? textsOf(property.initializer, { ...object.scope, depth: deeper.depth }, unbound)
          : []
      )
    )
  }
  if (ts.isPropertyAccessExpression(node) || ts.isIdentifier(node)) {
    const value = known(node, deeper, unbound)
    if (value !== undefined && value !== "missing") {
      const texts = textsOf(value.node, { ...value.scope, depth: deeper.depth }, unbound)
      return texts
    }
    const namespaced = ts.isPropertyAccessExpression(node) ? declarationOf(node) : undefined
    if (
      namespaced !== undefined &&
      ts.isVariableDeclaration(namespaced) &&
      namespaced.initializer !== undefined
    ) {
      const texts = textsOf(namespaced.initializer, deeper, unbound)
      return texts.every((text) => text.includes("{")) ? [placeholder(node)] : texts
    }
    return ts.isIdentifier(node) ? declaredTexts(node, deeper, unbound) : [placeholder(node)]
  }
  if (ts.isCallExpression(node)) return calledTexts(node, deeper, unbound)
  return [placeholder(node)]
}

/** The texts of a field of the object that an error is made of. */
export const fieldTexts = (
  name: string,
  argument: ts.Expression,
  scope: Scope,
  unbound: Unbound
): ReadonlyArray<string> => {
  const object = objectOf({ node: argument, scope }, unbound)
  const value = object === undefined ? undefined : propertyOf(object, name)
  if (value === "missing") return [""]
  if (value === undefined) return [`{${name}}`]
  const texts = textsOf(value.node, value.scope, unbound)
  return texts.length === 0 ? [""] : texts
}

const ownerOf = (parameter: ts.ParameterDeclaration): FunctionNode => parameter.parent as FunctionNode

const mostCalls = 60
const mostLevels = 3

/**
 * Evaluates under every call that decides what the texts need, from the place outwards. Each text comes once, with the file
 * where it is decided.
 */
export const underEveryCall = (
  evaluate: (scope: Scope, unbound: Unbound) => ReadonlyArray<string>,
  place: ts.Node,
  scope: Scope = top,
  levels = 0
): ReadonlyMap<string, string> => {
  const unbound: Unbound = new Set()
  const texts = evaluate(scope, unbound)
  const here = new Map(texts.map((text) => [text, place.getSourceFile().fileName]))
  const [parameter] = [...unbound].filter((one) => callsOf(ownerOf(one)).length > 0)
  if (parameter === undefined || levels === mostLevels) return here
  const calls = callsOf(ownerOf(parameter))
  if (calls.length > mostCalls) return here
  const found = new Map<string, string>()
  for (const call of calls) {
    const bound = bind(ownerOf(parameter), call, scope, scope)
    // A call that gives no argument for the parameter leaves it open for ever.
    const decided = bound.bindings.has(parameter)
      ? underEveryCall(evaluate, call, { ...bound, depth: 0 }, levels + 1)
      : here
    for (const [text, file] of decided) found.set(text, file)
  }
  return found
}
