/**
 * `npm run bench`: this package, its peers and the bare socket below them, measured in one run on one throw-away server.
 * Progress goes to stderr, the report to stdout.
 */
import * as Command from "@effect/platform/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Before from "./Before.js"
import { needsBuild, takesPart } from "./Client.js"
import * as Machine from "./Machine.js"
import * as Options from "./Options.js"
import * as Peers from "./Peers.js"
import { render } from "./Report.js"
import * as Rounds from "./Rounds.js"
import * as Server from "./Server.js"

class BuildError extends Data.TaggedError("BuildError")<{}> {
  override readonly message = "npm run build failed, so there is nothing of ours to measure"
}

const build = Effect.gen(function* () {
  yield* Effect.logInfo("building dist")
  const npm = Command.make("npm", "run", "--silent", "build")
  const exit = yield* npm.pipe(Command.stdout("inherit"), Command.stderr("inherit"), Command.exitCode)
  if (exit !== 0) return yield* new BuildError()
})

const bench = Effect.fn("bench")(function* (options: Options.Options) {
  const loadBefore = yield* Machine.load
  if (Machine.isBusy(loadBefore)) {
    yield* Effect.logWarning(`the load is ${loadBefore.toFixed(2)}: the numbers will be worth little`)
  }
  const taking = options.clients.filter((client) =>
    options.workloads.some(({ kind }) => takesPart(client, kind))
  )
  const sets = new Set(taking.flatMap(({ peers }) => (peers === undefined ? [] : [peers])))
  yield* Effect.forEach(sets, (set) => Effect.zipRight(Peers.install(set), Peers.placeScripts(set)), {
    discard: true
  })
  if (options.before !== undefined && options.clients.some(({ before }) => before)) {
    yield* Before.build(options.before)
  }
  if (options.build && options.clients.some(needsBuild)) yield* build
  const server = yield* Server.start
  const [took, results] = yield* Effect.timed(
    Effect.forEach(options.workloads, (workload) =>
      Rounds.run(workload, options.clients, server, options.runs)
    )
  )
  const machine = yield* Machine.describe(taking, server.version, loadBefore, Duration.toMinutes(took))
  yield* Console.log(render(options.output, machine, results))
}, Effect.scoped)

const progress = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message }) => process.stderr.write(`${[message].flat().join(" ")}\n`))
)

const program = Effect.gen(function* () {
  const options = yield* Options.parse(process.argv.slice(2))
  if (options === "help") return yield* Console.log(Options.usage)
  yield* bench(options)
}).pipe(
  Effect.catchAll((error) =>
    Effect.zipRight(
      Effect.logError(error.message),
      Effect.sync(() => (process.exitCode = 1))
    )
  ),
  Effect.provide(Layer.merge(NodeContext.layer, progress))
)

NodeRuntime.runMain(program, { disablePrettyLogger: true })
