/** One PostgreSQL 18 for the whole run, started before the first file and stopped after the last. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { TestProject } from "vitest/node"
import { start } from "../../src/testing/EmbeddedPostgres.js"
import type { SharedServer } from "./support/server.js"

declare module "vitest" {
  export interface ProvidedContext {
    readonly sharedServer: SharedServer
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scope = Effect.runSync(Scope.make())
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  try {
    const { database, host, password, port, socketFolder, uri, user, version } = await Effect.runPromise(
      Scope.extend(start({ version: 18 }), scope)
    )
    project.provide("sharedServer", { database, host, password, port, socketFolder, uri, user, version })
  } catch (error) {
    await close()
    throw error
  }
  return close
}
