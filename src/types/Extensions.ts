/**
 * The types of extensions that are known, by the names of extension and type: their OIDs differ from database to database,
 * and a type of the same name that is no part of the extension is another type.
 */
import * as Citext from "./Citext.js"
import type { Codec, Names } from "./Codec.js"
import * as Cubes from "./Cubes.js"
import * as Hstore from "./Hstore.js"
import * as PgVectors from "./PgVectors.js"
import * as PostGis from "./PostGis.js"
import * as Trees from "./Trees.js"

type Make = (names: Names) => Codec

const known: ReadonlyMap<string, ReadonlyMap<string, Make>> = new Map([
  ["hstore", new Map<string, Make>([["hstore", Hstore.over]])],
  ["citext", new Map<string, Make>([["citext", Citext.over]])],
  [
    "ltree",
    new Map<string, Make>([
      ["ltree", Trees.over],
      ["lquery", Trees.over],
      ["ltxtquery", Trees.over]
    ])
  ],
  ["cube", new Map<string, Make>([["cube", Cubes.over]])],
  [
    "vector",
    new Map<string, Make>([
      ["vector", PgVectors.vector],
      ["halfvec", PgVectors.halfvec],
      ["sparsevec", PgVectors.sparsevec]
    ])
  ],
  [
    "postgis",
    new Map<string, Make>([
      ["geometry", PostGis.over],
      ["geography", PostGis.over]
    ])
  ]
])

/** Types whose value is one of our classes: node-postgres has their text. */
export const isStructured = (extension: string): boolean =>
  extension === "cube" || extension === "vector" || extension === "postgis"

/** How the codec of an extension's type is made, `undefined` when the type is not known. */
export const find = (extension: string | null, name: string): Make | undefined =>
  extension === null ? undefined : known.get(extension)?.get(name)
