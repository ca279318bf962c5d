/** Who is measured: ourselves in both presets, the peers, and the bare socket below them all. */
import type { PeerSet } from "./Peers.js"

export type ClientName =
  "floor" | "ours-familiar" | "ours-lossless" | "sql-pg-4" | "sql-pg-3" | "postgres" | "pg" | "bun"

export interface Client {
  readonly name: ClientName
  /** File name under `clients/`, without its ending. */
  readonly script: string
  /** The folder of packages it needs; without one its script runs where it lies. */
  readonly peers?: PeerSet
  /** Packages whose versions the report names. */
  readonly packages: ReadonlyArray<string>
  readonly preset: "familiar" | "lossless"
  /** A library that runs on Node and is not ours. */
  readonly nodePeer: boolean
}

const peer = { preset: "familiar", nodePeer: true } as const
const other = { packages: [], preset: "familiar", nodePeer: false } as const

export const clients: ReadonlyArray<Client> = [
  { ...other, name: "floor", script: "floor" },
  { ...other, name: "ours-familiar", script: "ours" },
  { ...other, name: "ours-lossless", script: "ours", preset: "lossless" },
  {
    ...peer,
    name: "sql-pg-4",
    script: "sqlPg4",
    peers: "effect4",
    packages: ["@effect/sql-pg", "effect"]
  },
  {
    ...peer,
    name: "sql-pg-3",
    script: "sqlPg3",
    peers: "effect3",
    packages: ["@effect/sql-pg", "effect", "pg"]
  },
  { ...peer, name: "postgres", script: "postgres", peers: "plain", packages: ["postgres"] },
  { ...peer, name: "pg", script: "pg", peers: "plain", packages: ["pg", "pg-cursor"] },
  { ...other, name: "bun", script: "bun", peers: "bun", packages: ["bun"] }
]

export const isOurs = (client: Client): boolean => client.script === "ours"
