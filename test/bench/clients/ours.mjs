/**
 * This package, as built into `dist`, in the preset of the job. One connection is a `PgConnection`, several are the pool
 * of a `PgClient`. With a tracer one connection is taken from a client, because it is the client that makes spans.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as Schema from "effect/Schema"
import {
  Copy,
  Listen,
  Lsn,
  PgClient,
  PgConfig,
  PgConnector,
  PgSchema,
  PgTypes,
  Replication,
  Sql
} from "effect-postgres"
import { createReadStream } from "node:fs"
import { inForkedWaves } from "./forkWaves.mjs"

const { sql, unsafe } = Sql

const fields = {
  id: PgSchema.Int4,
  name: PgSchema.Text,
  score: PgSchema.Float8,
  active: PgSchema.Bool,
  at: PgSchema.TimestampTz
}

/** What rows of five columns go through, built once as an application should. */
const schemas = {
  Struct: Schema.Struct(fields),
  filters: Schema.Struct({
    ...fields,
    id: PgSchema.Int4.pipe(Schema.positive(), Schema.brand("Id")),
    name: PgSchema.Text.pipe(Schema.minLength(1), Schema.maxLength(100))
  }),
  Class: class Row extends Schema.Class("Row")(fields) {},
  transformations: Schema.Struct({
    ...fields,
    name: Schema.NullOr(PgSchema.Text),
    at: PgSchema.DateFromTimestampTz,
    big: PgSchema.NumberFromInt8
  })
}

const settings = ({ application, host, port, user, database, password, connections }) =>
  Either.getOrThrow(
    PgConfig.make({
      host,
      port,
      user,
      database,
      ...(password === undefined ? {} : { password }),
      ...(application === undefined ? {} : { applicationName: application }),
      sslMode: "disable",
      maxConnections: connections
    })
  )

const connector = (config) => PgConnector.layer(settings(config), { types: PgTypes[config.preset] })

/** A connection for the runtime's life, or a client over a pool of them: what both can do is what is measured. */
const sessionOf = (config, scope) => {
  if (config.connections > 1) return PgClient.PgClient
  return config.traced
    ? Effect.flatMap(PgClient.PgClient, ({ connection }) => Scope.extend(connection, scope))
    : Effect.flatMap(PgConnector.PgConnector, ({ open }) => Scope.extend(open(), scope))
}

/** Acknowledges what is complete once per piece, as a consumer that stores in batches does. */
const replicate = ({ publication, slot, end, streaming }, onRow) =>
  Effect.gen(function* () {
    const until = Option.getOrThrow(Lsn.fromText(end))
    const streamed = streaming === "on" ? { streaming, store: yield* Replication.SpillStore.inFiles() } : {}
    const feed = yield* Replication.logical({ slot, publications: [publication], until, ...streamed })
    yield* Stream.runForEachChunk(feed.changes, (chunk) => {
      let complete
      for (const event of Chunk.toReadonlyArray(chunk)) {
        if (event._tag === "Insert") onRow(event.new)
        else if (event._tag === "Commit") complete = event.endLsn
      }
      return complete === undefined ? Effect.void : feed.acknowledge(complete)
    })
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

/** An archive in a folder, for as long as the log goes or until it is stopped. */
const archiving = async ({ application, end, folder, slot, synchronous }, config) => {
  const until = end === undefined ? {} : { until: Option.getOrThrow(Lsn.fromText(end)) }
  const fiber = Effect.runFork(
    Effect.gen(function* () {
      const archive = yield* Replication.WalArchive.open({
        folder,
        slot,
        synchronous: synchronous === true,
        ...until
      })
      yield* archive.run
    }).pipe(
      Effect.scoped,
      Effect.provide(NodeContext.layer),
      Effect.provide(PgConnector.layer(settings({ ...config, application })))
    )
  )
  return {
    done: Effect.runPromise(Fiber.join(fiber)),
    stop: () => Effect.runPromise(Fiber.interrupt(fiber))
  }
}

/** Base backups as an application takes them; the notice that the server is not archiving is not logged. */
const backups = (config) => {
  const run = (effect) =>
    Effect.runPromise(
      effect.pipe(
        Effect.provide(PgConnector.layer(settings(config))),
        Effect.provide(NodeContext.layer),
        Logger.withMinimumLogLevel(LogLevel.Warning)
      )
    )
  const { combine, toFolder, verify } = Replication.BaseBackup
  return {
    backup: ({ folder, format, sync = true, verify }) =>
      run(toFolder({ folder, format, sync, verify, checkpoint: "fast" })),
    verify: async ({ folder }) => {
      const { deviations } = await run(verify(folder, { log: false }))
      if (deviations.length > 0) throw new Error(JSON.stringify(deviations))
      return {}
    },
    combine: ({ chain, folder }) => run(combine(chain, folder))
  }
}

const padding = Buffer.alloc(40, "x")

class Backing {
  _tag = "IArray"

  constructor(array) {
    this.array = array
  }
}

/**
 * A chunk as streams of ours have them. One of Effect's own makes the rows of a whole process dearer once a consumer has kept some, and
 * that would count as what the consumer costs.
 */
const chunkOf = (array) => {
  const chunk = Chunk.unsafeFromArray(array)
  if (chunk.backing?._tag === "IArray") {
    const literal = chunk.backing
    chunk.backing = new Backing(array)
    literal.array = []
  }
  return chunk
}

/** Rows of the wide kind in chunks as large as those of a socket, made when they are asked for. */
const inMemory = (rows) => {
  let made = 0
  const row = () => ({
    id: ++made,
    name: `name-${made}`,
    score: made * 1.5,
    active: made % 2 === 0,
    at: new Date(),
    pad: padding.latin1Slice(0, 40)
  })
  const next = Effect.suspend(() =>
    made === rows
      ? Effect.fail(Option.none())
      : Effect.succeed(chunkOf(Array.from({ length: Math.min(500, rows - made) }, row)))
  )
  return Stream.fromPull(Effect.succeed(next))
}

const copiedColumns = ["id", "name", "score", "active", "at", "pad"]

/** COPY as bytes or as rows of the connection's types. */
const copies = (run, session) => ({
  copyOut: ({ items, table, typed }) =>
    run(
      typed
        ? consumers.runForEachChunk(Copy.on(session).rowsFrom({ table }))
        : Effect.as(Stream.runDrain(session.copyTo(`copy ${table} to stdout (format binary)`)), items)
    ),
  copyIn: ({ items, path, table, typed }) => {
    const bytes = Stream.fromAsyncIterable(
      createReadStream(path, { highWaterMark: 1 << 18 }),
      (cause) => cause
    )
    const copied = typed
      ? Copy.on(session).rowsInto({ table, columns: copiedColumns }, inMemory(items))
      : session.copyFrom(`copy ${table} from stdin (format binary)`, bytes)
    return run(Effect.map(copied, ({ rows }) => Number(rows)))
  }
})

function* insertedRows(count) {
  for (let id = 1; id <= count; id++) yield { id, name: `name-${id}`, score: id * 1.5, active: id % 2 === 0 }
}

const insertedTypes = { id: "int4", name: "text", score: "float8", active: "bool" }

/** Rows inserted by `batch`, by `unnest` in one statement, or by a COPY of rows. */
const inserts = (run, session) => ({
  insert: ({ items, table, way }) => {
    if (way === "batch") {
      const target = Sql.identifier(table)
      const one = ({ active, id, name, score }) =>
        sql`insert into ${target} values (${id}, ${name}, ${score}, ${active})`
      return run(Effect.map(session.batch(insertedRows(items), one), ({ affected }) => Number(affected)))
    }
    if (way === "copy") {
      const columns = Object.keys(insertedTypes)
      const rows = Stream.fromIterable(insertedRows(items), { chunkSize: 1000 })
      return run(Effect.map(Copy.on(session).rowsInto({ table, columns }, rows), ({ rows }) => Number(rows)))
    }
    const rows = Sql.unnest([...insertedRows(items)], insertedTypes)
    const statement = sql`insert into ${Sql.identifier(table)} select * from ${rows}`
    return run(Effect.map(session.execute(statement), ({ command }) => Number(command.rows)))
  }
})

/** Every channel has a stream of its own, as an application would have it. */
const listening = (runtime, scope) => ({
  listen: (names, onNotification) =>
    runtime.runPromise(
      Effect.gen(function* () {
        const listener = yield* Listen.Listen
        for (const name of names) {
          const events = yield* listener.listen(name)
          yield* Effect.forkScoped(Stream.runForEach(events, () => Effect.sync(onNotification)))
        }
      }).pipe(Scope.extend(scope))
    )
})

/** Ways to consume a stream, each with the number of its rows. */
const consumers = {
  runDrain: (stream) => {
    let rows = 0
    const counted = Stream.mapChunks(stream, (chunk) => {
      rows += chunk.length
      return chunk
    })
    return Effect.map(Stream.runDrain(counted), () => rows)
  },
  toPull: (stream) =>
    Effect.gen(function* () {
      const pull = yield* Stream.toPull(stream)
      let rows = 0
      for (let isOver = false; !isOver;)
        yield* Effect.match(pull, {
          onFailure: () => {
            isOver = true
          },
          onSuccess: (chunk) => {
            rows += chunk.length
          }
        })
      return rows
    }).pipe(Effect.scoped),
  runForEachChunk: (stream) => {
    let rows = 0
    const consumed = Stream.runForEachChunk(stream, (chunk) => {
      rows += chunk.length
      return Effect.void
    })
    return Effect.map(consumed, () => rows)
  },
  "runForEachChunk, holding": (stream) => {
    let rows = 0
    const consumed = Stream.runForEachChunk(stream, (chunk) =>
      Effect.sync(() => {
        rows += chunk.length
      })
    )
    return Effect.map(consumed, () => rows)
  },
  runForEach: (stream) => {
    let rows = 0
    const consumed = Stream.runForEach(stream, () => {
      rows++
      return Effect.void
    })
    return Effect.map(consumed, () => rows)
  }
}

/** A tracer whose spans go nowhere: what is measured is what making them costs. */
const dropping = Tracer.make({
  span: (name, parent, context, links, startTime, kind) => ({
    _tag: "Span",
    name,
    spanId: "b7ad6b7169203331",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    parent,
    context,
    status: { _tag: "Started", startTime },
    attributes: new Map(),
    links,
    sampled: false,
    kind,
    end: () => {},
    attribute: () => {},
    event: () => {},
    addLinks: () => {}
  }),
  context: (run) => run()
})

export const open = async (config) => {
  const client = Layer.provideMerge(
    PgClient.layerFromConnector(config.multiplex === undefined ? {} : { multiplex: config.multiplex }),
    connector(config)
  )
  const used = config.listens ? Layer.provideMerge(Listen.layer(), client) : client
  const runtime = ManagedRuntime.make(
    config.traced ? Layer.provideMerge(used, Layer.setTracer(dropping)) : used
  )
  const scope = Effect.runSync(Scope.make())
  const session = await runtime.runPromise(sessionOf(config, scope))
  const one = (i) => session.query(sql`select ${i}::int4 as x`)

  return {
    all: (text) => runtime.runPromise(session.query(unsafe(text))),
    repeatedly: (text, times) =>
      runtime.runPromise(
        Effect.gen(function* () {
          let items = 0
          for (let i = 0; i < times; i++) items += (yield* session.query(unsafe(text))).length
          return items
        })
      ),
    /** The rows of the last of several results, plain or through one of the Schemas. */
    through: (name, text, times) =>
      runtime.runPromise(
        Effect.gen(function* () {
          let rows = []
          for (let i = 0; i < times; i++)
            rows = yield* name === "plain"
              ? session.query(unsafe(text))
              : session.query(unsafe(text), schemas[name])
          return rows
        })
      ),
    stream: (text, onRows) =>
      runtime.runPromise(
        Stream.runForEachChunk(session.stream(unsafe(text)), (chunk) => {
          const wait = onRows(Chunk.toReadonlyArray(chunk))
          return wait === undefined ? Effect.void : Effect.promise(() => wait)
        })
      ),
    /** `source`: a statement, or how many rows to make in memory. */
    consume: (way, source, times) =>
      runtime.runPromise(
        Effect.gen(function* () {
          let rows = 0
          for (let i = 0; i < times; i++)
            rows += yield* consumers[way](
              typeof source === "number" ? inMemory(source) : session.stream(unsafe(source))
            )
          return rows
        })
      ),
    sequential: (count) =>
      runtime.runPromise(
        Effect.gen(function* () {
          for (let i = 0; i < count; i++) yield* one(i)
        })
      ),
    concurrent: (count, fibers) => runtime.runPromise(inForkedWaves(count, fibers, one)),
    transactions: (count, fibers) =>
      runtime.runPromise(inForkedWaves(count, fibers, (i) => session.withTransaction(one(i)))),
    replicate: (feed, onRow) => runtime.runPromise(replicate(feed, onRow)),
    archive: (log) => archiving(log, config),
    ...copies((effect) => runtime.runPromise(effect), session),
    ...inserts((effect) => runtime.runPromise(effect), session),
    ...listening(runtime, scope),
    ...backups(config),
    close: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await runtime.dispose()
    }
  }
}

let connecting

/** The service is made once, as an application would; a session is opened and closed each time. */
export const connectOnce = (config) => {
  connecting ??= ManagedRuntime.make(connector({ ...config, connections: 1 }))
  return connecting.runPromise(Effect.scoped(Effect.flatMap(PgConnector.PgConnector, ({ open }) => open())))
}
