/** An HTTP API that answers 409 when a constraint of the database refuses a value, and 404 for what is not there. */
import {
  HttpClient,
  HttpClientRequest,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Schema } from "effect"
import { PgClient, PgConfig, PgError, PgSchema, Sql } from "effect-postgres"

const { sql } = Sql

const Account = Schema.Struct({ id: PgSchema.Int4, email: PgSchema.Text })
const NewAccount = Schema.Struct({ email: Schema.String.pipe(Schema.nonEmptyString()) })

const answer = (status: number, body: unknown) => HttpServerResponse.unsafeJson(body, { status })

const create = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  const { email } = yield* HttpServerRequest.schemaBodyJson(NewAccount)
  const [account] = yield* pg.query(
    sql`insert into recipe_accounts (email) values (${email}) returning id, email`,
    Account
  )
  return answer(201, account)
}).pipe(
  // The database decides: asking first whether the address is free would let two requests pass at once.
  Effect.catchIf(PgError.isUniqueViolation, ({ constraint }) => Effect.succeed(answer(409, { constraint }))),
  Effect.catchTag("ParseError", () =>
    Effect.succeed(answer(400, { error: "an account has an email address" }))
  )
)

const find = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  const { id } = yield* HttpRouter.schemaPathParams(Schema.Struct({ id: Schema.NumberFromString }))
  const [account] = yield* pg.query(sql`select id, email from recipe_accounts where id = ${id}`, Account)
  return account === undefined ? answer(404, { id }) : answer(200, account)
}).pipe(Effect.catchTag("ParseError", () => Effect.succeed(answer(404, {}))))

const app = HttpRouter.empty.pipe(
  HttpRouter.post("/accounts", create),
  HttpRouter.get("/accounts/:id", find),
  // What is left is ours: a server that is away, a statement that is wrong. The caller gets no details.
  HttpRouter.catchAll((error) => Effect.zipRight(Effect.logError(error), answer(503, {})))
)

const tables = Layer.effectDiscard(
  Effect.flatMap(PgClient.PgClient, (pg) =>
    Effect.zipRight(
      pg.query(sql`drop table if exists recipe_accounts`),
      pg.query(sql`create table recipe_accounts (
        id int4 primary key generated always as identity, email text not null unique)`)
    )
  )
)

/** In place of callers: the requests of one day. */
const callers = Effect.gen(function* () {
  const client = yield* HttpClient.HttpClient
  const post = (body: unknown) =>
    HttpClientRequest.post("/accounts").pipe(HttpClientRequest.bodyUnsafeJson(body), client.execute)
  for (const body of [{ email: "ada@example.org" }, { email: "ada@example.org" }, { email: "" }]) {
    const response = yield* post(body)
    yield* Console.log(response.status, yield* response.text)
  }
  for (const path of ["/accounts/1", "/accounts/99"]) {
    const response = yield* client.get(path)
    yield* Console.log(response.status, yield* response.text)
  }
}).pipe(Effect.scoped)

const server = HttpServer.serve(app).pipe(
  Layer.provideMerge(tables),
  Layer.provideMerge(Layer.merge(NodeHttpServer.layerTest, PgClient.layerConfig(PgConfig.fromEnv)))
)

NodeRuntime.runMain(callers.pipe(Effect.provide(server)))
