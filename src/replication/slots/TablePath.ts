/** Names of tables as one writes them in SQL: `orders`, `shop.orders`, `shop."Order Items"`. */
import * as Either from "effect/Either"
import * as Identifier from "../../model/Identifier.js"

const part = /(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))(\.|$)/uy

/**
 * The parts of a name: one, or a schema and a table. As in SQL a part without quotes means the same in any case, and a point
 * inside quotes divides nothing. Left is the reason why the text is no name.
 */
export const parse = (text: string): Either.Either<ReadonlyArray<string>, string> => {
  const parts: Array<string> = []
  part.lastIndex = 0
  for (let more = true; more;) {
    const match = part.exec(text)
    if (match === null) return Either.left(`expected a table's name as in SQL, such as shop."Order Items"`)
    const [, quoted, plain, end] = match
    const name = quoted === undefined ? plain!.toLowerCase() : quoted.replaceAll('""', '"')
    const defect = Identifier.defectOf(name)
    if (defect !== undefined) return Either.left(defect)
    parts.push(name)
    more = end === "."
  }
  return parts.length > 2 ? Either.left("expected a table, or a schema and a table") : Either.right(parts)
}
