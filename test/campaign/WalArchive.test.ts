/** Two hundred kills of an archiving process, at seeded moments: after each its archive replays to the primary's state. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { killing } from "../integration/replication/archiveKills.js"
import { announce, randomOf, rounds } from "./campaign.js"

const hour = 3_600_000

it.scopedLive(
  "an archive has everything that it has reported, whenever its process is killed (W04)",
  () =>
    Effect.gen(function* () {
      announce("archive")
      const folder = Effect.acquireRelease(
        Effect.sync(() => {
          const path = mkdtempSync(join(tmpdir(), "effect-postgres-archive-"))
          // The server that replays the archive runs as another user.
          chmodSync(path, 0o755)
          return path
        }),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const counts = yield* killing(
        yield* folder,
        yield* folder,
        rounds({ small: 40, full: 200 }),
        randomOf(0)
      )
      process.stdout.write(`${JSON.stringify(counts)}\n`)
    }),
  hour
)
