/** Two hundred kills of an archiving process, at seeded moments: everything that it has reported is there after each. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
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
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-postgres-archive-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      yield* killing(folder, rounds({ small: 40, full: 200 }), randomOf(0))
    }),
  hour
)
