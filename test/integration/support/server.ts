/**
 * How integration tests get servers: `shared` for what leaves no trace outside its own tables, `isolated` for what
 * changes settings, counts sessions or breaks things, `describeEachVersion` for what depends on the version.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe, inject } from "@effect/vitest"
import type { Options, EmbeddedServer, MajorVersion } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"

/** What a test may know of the server that it shares with all others. */
export type SharedServer = Pick<
  EmbeddedServer,
  "version" | "host" | "port" | "socketFolder" | "user" | "database" | "password" | "uri"
>

/** PostgreSQL 18, started once for the whole run: trust on loopback, up to 100 sessions for all tests together. */
export const shared: SharedServer = inject("sharedServer")

/** A server of one's own, for as long as the scope lives. */
export const isolated = start

/** Every version the client is tested with. */
export const matrix: ReadonlyArray<MajorVersion> = [14, 15, 16, 17, 18]

/** Runs an effect on the real clock, also under `it.effect`. */
export const live = Effect.withClock(Clock.make())

/**
 * A suite with a server of its own, started before its first test and stopped after its last. `server` may be called in
 * tests and hooks only.
 */
export const describeWithServer = (
  name: string,
  options: Options,
  body: (server: () => EmbeddedServer) => void
): void => {
  describe(name, () => {
    const scope = Effect.runSync(Scope.make())
    let started: EmbeddedServer | undefined
    beforeAll(async () => {
      started = await Effect.runPromise(Scope.extend(start(options), scope))
    })
    afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    body(() => {
      if (started === undefined) throw new Error("the server starts with the suite's first hook")
      return started
    })
  })
}

/** The same suite for every version of `matrix`, one server at a time. */
export const describeEachVersion = (
  name: string,
  body: (server: () => EmbeddedServer, version: MajorVersion) => void,
  options: Omit<Options, "version"> = {}
): void => {
  for (const version of matrix) {
    describeWithServer(`${name} (PostgreSQL ${version})`, { ...options, version }, (server) =>
      body(server, version)
    )
  }
}
