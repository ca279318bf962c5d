/**
 * `ltree`, `lquery` and `ltxtquery`: labels of a tree, and what searches them, as the server's text.
 *
 * @see https://www.postgresql.org/docs/current/ltree.html
 */
import type { Codec, Names } from "./Codec.js"
import * as Texts from "./Texts.js"

export const over = (names: Names): Codec<string> => Texts.versioned(names.name, names.oid, names.arrayOid)
