/**
 * Enums as their labels. A label that was added after the type had been found is read and sent like the others; one that the
 * type does not have is refused by the server (`22P02`).
 *
 * @see https://www.postgresql.org/docs/current/datatype-enum.html
 */
import type { Codec, Names } from "./Codec.js"
import * as Texts from "./Texts.js"

export const over = (names: Names): Codec<string> => Texts.make(names.name, names.oid, names.arrayOid)
