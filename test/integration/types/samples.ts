/**
 * For each built-in type of the server: its extremes, and an expression that makes random values of it. The server makes
 * all of them.
 */
import { geometries } from "./samples/geometries.js"
import { networks } from "./samples/networks.js"
import { numbers } from "./samples/numbers.js"
import { ranges } from "./samples/ranges.js"
import type { Sample } from "./samples/sample.js"
import { system } from "./samples/system.js"
import { texts } from "./samples/texts.js"
import { times } from "./samples/times.js"

export const samples: ReadonlyArray<Sample> = [
  ...numbers,
  ...texts,
  ...times,
  ...networks,
  ...system,
  ...geometries,
  ...ranges
]

/** Types of the catalog that no value can be given for: what the server keeps inside its own tables and indexes. */
export const internal: ReadonlyArray<string> = [
  "gtsvector",
  "pg_node_tree",
  "pg_ndistinct",
  "pg_dependencies",
  "pg_mcv_list",
  "pg_brin_bloom_summary",
  "pg_brin_minmax_multi_summary"
]
