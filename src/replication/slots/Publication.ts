/**
 * Publications: what a database offers to subscribers, as values that are compared with what is there.
 *
 * @see https://www.postgresql.org/docs/current/logical-replication-publication.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import * as Identifier from "../../model/Identifier.js"
import { hasCode } from "../../model/Guards.js"
import type { PgUsageError, PgOpenError, PgSessionError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import type { ObjectRow } from "../../types/Row.js"
import * as CatalogRow from "../walsender/CatalogRow.js"
import type { ServerVersionNumber } from "../walsender/Command.js"
import { atLeast, needs } from "../walsender/Command.js"
import * as Quoting from "../walsender/Quoting.js"
import * as Walsender from "../walsender/Walsender.js"

/** Which changes are published. */
export type Operation = "insert" | "update" | "delete" | "truncate"

const operations: ReadonlyArray<Operation> = ["insert", "update", "delete", "truncate"]

/** A table of a publication. */
export interface TableDefinition {
  /** Unless given, the first of the session's search path that has the table. */
  readonly schema?: string
  readonly name: string
  /** Only these columns; for updates and deletes the replica identity must be among them. PostgreSQL 15. */
  readonly columns?: ReadonlyArray<string>
  /** Only rows for which this holds: an expression in SQL, sent as it is. PostgreSQL 15. */
  readonly where?: string
}

/** What shall be published: every table, or those named and those of whole schemas. */
export interface Definition {
  readonly name: string
  /** Every table there is and will be. Needs a superuser. */
  readonly allTables?: boolean
  /** Every sequence there is and will be, for subscriptions that copy their values. Not together with `tables` and `schemas`. PostgreSQL 19. */
  readonly allSequences?: boolean
  readonly tables?: ReadonlyArray<TableDefinition>
  /** Every table of these schemas. PostgreSQL 15. */
  readonly schemas?: ReadonlyArray<string>
  /** Default: all four. */
  readonly operations?: ReadonlyArray<Operation>
  /** Changes of partitions as changes of the table they are partitions of. Default false. */
  readonly viaPartitionRoot?: boolean
  /** Whether stored generated columns are published too. PostgreSQL 18. Default `none`. */
  readonly generatedColumns?: "none" | "stored"
}

/** A publication as the catalog has it. */
export interface Publication {
  readonly name: string
  readonly owner: string
  readonly allTables: boolean
  /** There only when the publication has every sequence. PostgreSQL 19. */
  readonly allSequences?: true
  readonly operations: ReadonlyArray<Operation>
  readonly viaPartitionRoot: boolean
  readonly generatedColumns: "none" | "stored"
  /** The tables it comes to: those named, those of its schemas, or all. Partitions under their root with `viaPartitionRoot`. */
  readonly tables: ReadonlyArray<{ readonly schema: string; readonly name: string }>
}

type Sql = Either.Either<string, PgUsageError>

const tableSql = (table: TableDefinition, version: ServerVersionNumber): Sql =>
  Either.gen(function* () {
    const path = table.schema === undefined ? [table.name] : [table.schema, table.name]
    let sql = yield* Either.mapLeft(Identifier.quotePath(path), (reason) =>
      Quoting.misnamed("tables", reason)
    )
    if (table.columns !== undefined) {
      yield* needs(version, 15, "columns")
      sql += ` (${yield* Quoting.nameList("columns", table.columns)})`
    }
    if (table.where !== undefined) {
      yield* needs(version, 15, "where")
      sql += ` where (${table.where})`
    }
    return sql
  })

/** The objects after `for` or `set`; empty when the publication has none yet. */
const objectsSql = ({ schemas = [], tables = [] }: Definition, version: ServerVersionNumber): Sql =>
  Either.gen(function* () {
    const list: Array<string> = []
    const listed = yield* Either.all(tables.map((table) => tableSql(table, version)))
    // Before 15 the word stands once before all of them.
    if (listed.length > 0) list.push(`table ${listed.join(", ")}`)
    if (schemas.length > 0) {
      yield* needs(version, 15, "schemas")
      list.push(`tables in schema ${yield* Quoting.nameList("schemas", schemas)}`)
    }
    return list.join(", ")
  })

const parametersSql = (definition: Definition, version: ServerVersionNumber): Sql =>
  Either.gen(function* () {
    const published = definition.operations ?? operations
    const list = [
      `publish = '${operations.filter((operation) => published.includes(operation)).join(", ")}'`,
      `publish_via_partition_root = ${definition.viaPartitionRoot === true}`
    ]
    if (definition.generatedColumns === "stored") yield* needs(version, 18, "generatedColumns")
    if (definition.generatedColumns !== undefined && atLeast(version, 18)) {
      list.push(`publish_generated_columns = ${definition.generatedColumns}`)
    }
    return list.join(", ")
  })

const contradiction = ({
  allSequences,
  allTables,
  schemas,
  tables
}: Definition): Either.Either<void, PgUsageError> => {
  const isForAll = allTables === true ? "allTables" : allSequences === true ? "allSequences" : undefined
  return isForAll !== undefined && (tables !== undefined || schemas !== undefined)
    ? Either.left(Quoting.refusal(isForAll, "must not be given together with tables or schemas"))
    : Either.void
}

/** What is published of all there is; empty when tables are named. */
const allSql = ({ allSequences, allTables }: Definition, version: ServerVersionNumber): Sql =>
  Either.gen(function* () {
    if (allSequences === true) yield* needs(version, 19, "allSequences")
    return [
      ...(allTables === true ? ["all tables"] : []),
      ...(allSequences === true ? ["all sequences"] : [])
    ].join(", ")
  })

/** The statement that makes it. */
export const createSql = (definition: Definition, version: ServerVersionNumber): Sql =>
  Either.gen(function* () {
    yield* contradiction(definition)
    const name = yield* Quoting.name("name", definition.name)
    const all = yield* allSql(definition, version)
    const objects = all === "" ? yield* objectsSql(definition, version) : all
    const parameters = yield* parametersSql(definition, version)
    return `create publication ${name}${objects === "" ? "" : ` for ${objects}`} with (${parameters})`
  })

/**
 * The statements that make one that is there into what is defined. Whether it is for all tables cannot be changed: the result is then a Left.
 */
export const alterSql = (
  definition: Definition,
  existing: Pick<Publication, "allTables" | "allSequences" | "tables">,
  version: ServerVersionNumber
): Either.Either<ReadonlyArray<string>, PgUsageError> =>
  Either.gen(function* () {
    yield* contradiction(definition)
    if ((definition.allTables === true) !== existing.allTables) {
      return yield* Either.left(
        Quoting.refusal("allTables", "cannot be changed: drop the publication and create it anew")
      )
    }
    if ((definition.allSequences === true) !== (existing.allSequences === true)) {
      return yield* Either.left(
        Quoting.refusal("allSequences", "cannot be changed: drop the publication and create it anew")
      )
    }
    const name = yield* Quoting.name("name", definition.name)
    const set = [`alter publication ${name} set (${yield* parametersSql(definition, version)})`]
    if (existing.allTables || existing.allSequences === true) return set
    const objects = yield* objectsSql(definition, version)
    if (objects !== "") return [...set, `alter publication ${name} set ${objects}`]
    if (existing.tables.length === 0) return set
    // No list can be set that is empty: what is there is taken away.
    return yield* Either.left(
      Quoting.refusal("tables", "must not be empty: a publication with tables cannot be set to none")
    )
  })

/** Every publication as JSON, which has the columns that this server has, and the tables it comes to. */
const query = `select pg_catalog.to_jsonb(p)::pg_catalog.text as publication,
  pg_catalog.pg_get_userbyid(p.pubowner)::pg_catalog.text as owner,
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(t.schemaname, t.tablename)
    order by t.schemaname, t.tablename) from pg_catalog.pg_publication_tables t
    where t.pubname operator(pg_catalog.=) p.pubname)::pg_catalog.text as tables
  from pg_catalog.pg_publication p order by p.pubname`

const flags = {
  insert: "pubinsert",
  update: "pubupdate",
  delete: "pubdelete",
  truncate: "pubtruncate"
} as const

const tablesOf = (source: string | undefined): Publication["tables"] => {
  const parsed = CatalogRow.parse(source)
  return Array.isArray(parsed)
    ? parsed.map(([schema, name]: ReadonlyArray<unknown>) => ({ schema: String(schema), name: String(name) }))
    : []
}

const fromRow = (row: ObjectRow): Publication | undefined => {
  const facts = CatalogRow.fromText(Walsender.textOf(row, "publication"))
  const name = facts === undefined ? undefined : CatalogRow.text(facts, "pubname")
  if (facts === undefined || name === undefined) return undefined
  return {
    name,
    owner: Walsender.textOf(row, "owner") ?? "",
    allTables: CatalogRow.yes(facts, "puballtables"),
    ...(CatalogRow.yes(facts, "puballsequences") ? { allSequences: true } : {}),
    operations: operations.filter((operation) => CatalogRow.yes(facts, flags[operation])),
    viaPartitionRoot: CatalogRow.yes(facts, "pubviaroot"),
    generatedColumns: CatalogRow.text(facts, "pubgencols") === "s" ? "stored" : "none",
    tables: tablesOf(Walsender.textOf(row, "tables"))
  }
}

/** What an operation on publications can fail with. */
export type PublicationError = PgOpenError | PgSessionError

const listOn = (connection: PgConnection): Effect.Effect<ReadonlyArray<Publication>, PgSessionError> =>
  Effect.flatMap(Walsender.rows(connection, query), (rows) =>
    Effect.forEach(rows, (row) =>
      Effect.mapError(Effect.fromNullable(fromRow(row)), () =>
        Walsender.unreadable("publication", query, "publication")
      )
    )
  )

const onSession = <A, E>(
  use: (connection: PgConnection) => Effect.Effect<A, E>
): Effect.Effect<A, E | PgOpenError, PgConnector> =>
  Effect.scoped(Effect.flatMap(PgConnector, (connector) => Effect.flatMap(connector.open(), use)))

/** The publications of the database, by name. */
export const list: Effect.Effect<ReadonlyArray<Publication>, PublicationError, PgConnector> = onSession(
  listOn
)

const find = (
  connection: PgConnection,
  name: string
): Effect.Effect<Publication | undefined, PgSessionError> =>
  Effect.map(listOn(connection), (all) => all.find((publication) => publication.name === name))

/** One publication; `None` when no publication has this name. */
export const get = (name: string): Effect.Effect<Option.Option<Publication>, PublicationError, PgConnector> =>
  onSession((connection) => Effect.map(find(connection, name), Option.fromNullable))

/**
 * Makes a publication. Fails with `PgServerError` `42710` when there is one of this name, and with `PgUsageError`, before
 * anything is sent, when the server is too old for a part of the definition.
 *
 * @see https://www.postgresql.org/docs/current/sql-createpublication.html
 */
export const create = (definition: Definition): Effect.Effect<void, PublicationError, PgConnector> =>
  onSession((connection) =>
    Effect.gen(function* () {
      const sql = yield* createSql(definition, yield* connection.serverVersion)
      yield* connection.simple(sql)
    })
  )

/**
 * Makes the publication what the definition states, in one transaction: it is created when it is missing, and altered
 * otherwise. Rows and columns in flight are published as the definition was when they were written.
 *
 * @see https://www.postgresql.org/docs/current/sql-alterpublication.html
 */
export const ensure = (definition: Definition): Effect.Effect<void, PublicationError, PgConnector> =>
  onSession((connection) =>
    Effect.gen(function* () {
      const version = yield* connection.serverVersion
      const existing = yield* find(connection, definition.name)
      const statements =
        existing === undefined
          ? [yield* createSql(definition, version)]
          : yield* alterSql(definition, existing, version)
      yield* connection.simple(statements.join("; "))
    })
  )

/** Drops a publication; nothing happens when no publication has this name. */
export const drop = (name: string): Effect.Effect<void, PublicationError, PgConnector> =>
  onSession((connection) =>
    Effect.flatMap(Quoting.name("name", name), (quoted) =>
      // Not `if exists`, which would make the server send a notice.
      Effect.asVoid(connection.simple(`drop publication ${quoted}`)).pipe(
        Effect.catchIf(hasCode(SqlState.undefinedObject), () => Effect.void)
      )
    )
  )
