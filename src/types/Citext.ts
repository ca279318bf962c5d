/**
 * `citext`: text that the server compares without regard to letter case. A string as it was stored.
 *
 * @see https://www.postgresql.org/docs/current/citext.html
 */
import type { Codec, Names } from "./Codec.js"
import * as Texts from "./Texts.js"

export const over = (names: Names): Codec<string> => Texts.make(names.name, names.oid, names.arrayOid)
