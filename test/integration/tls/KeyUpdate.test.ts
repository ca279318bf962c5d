import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ChildProcessByStdio } from "node:child_process"
import { spawn, spawnSync } from "node:child_process"
import type { Readable, Writable } from "node:stream"
import { tlsFile } from "../support/fixtures.js"
import { open } from "../support/open.js"
import { live } from "../support/server.js"
import { message, ready } from "./tlsPeer.js"

/** Only OpenSSL's own server changes keys on request; without it there is nothing to show. */
const hasOpenssl = spawnSync("openssl", ["version"]).stdout?.toString().startsWith("OpenSSL 3") === true

type Server = ChildProcessByStdio<Writable, Readable, null>

/** `openssl s_server`: what is written to it goes to the client, but for the line `K`, which changes the keys of both. */
const opensslServer: Effect.Effect<
  {
    readonly port: number
    readonly say: (bytes: string | Buffer) => Effect.Effect<void>
    readonly heard: () => string
  },
  never,
  Scope.Scope
> = Effect.gen(function* () {
  const args = ["s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-alpn", "postgresql", "-naccept", "1"]
  const files = ["-cert", tlsFile("good.crt"), "-key", tlsFile("good.key")]
  const child = yield* Effect.acquireRelease(
    Effect.sync((): Server => spawn("openssl", [...args, ...files], { stdio: ["pipe", "pipe", "ignore"] })),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )
  let heard = ""
  const port = yield* Effect.async<number>((resume) => {
    child.stdout.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1")
      const found = /^ACCEPT \S+:(\d+)/m.exec(heard)?.[1]
      if (found !== undefined) resume(Effect.succeed(Number(found)))
    })
  })
  // One read of its standard input is one command or one piece of data.
  const say = (bytes: string | Buffer) =>
    Effect.zipRight(
      Effect.sync(() => void child.stdin.write(bytes)),
      Effect.sleep("50 millis")
    )
  return { port, say, heard: () => heard }
})

const column = Buffer.from("\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0", "latin1")
const row = (text: string) =>
  message("D", Buffer.concat([Buffer.from([0, 1, 0, 0, 0, text.length]), Buffer.from(text)]))

describe.runIf(hasOpenssl)("keys that change amid a result", () => {
  it.scoped("change nothing of it", () =>
    Effect.gen(function* () {
      const { heard, port, say } = yield* opensslServer
      const opening = yield* Effect.fork(
        open(`host=localhost hostaddr=127.0.0.1 port=${port} user=app sslmode=require sslnegotiation=direct`)
      )
      while (!heard().includes("app")) yield* Effect.sleep("10 millis")
      yield* say(Buffer.concat([message("R", "\0\0\0\0"), message("S", "client_encoding\0UTF8\0"), ready]))
      const connection = yield* opening
      const querying = yield* Effect.fork(connection.simple("select a from t"))
      while (!heard().includes("select a from t")) yield* Effect.sleep("10 millis")
      yield* say(Buffer.concat([message("T", column), row("one")]))
      for (const text of ["two", "three"]) {
        yield* say("K\n")
        yield* say(row(text))
      }
      yield* say(Buffer.concat([message("C", "SELECT 3\0"), ready]))
      const [result] = yield* querying
      assert.deepStrictEqual(result?.rows, [{ a: "one" }, { a: "two" }, { a: "three" }])
      assert.lengthOf(heard().match(/SSL_do_handshake -> 1/g) ?? [], 2)
    }).pipe(live)
  )
})
