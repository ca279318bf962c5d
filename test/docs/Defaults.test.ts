/** Defaults that pages state are those of the code. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { readFileSync } from "node:fs"
import { defaultPoolSettings } from "../../src/client/pool/PoolOptions.js"
import { PgConfig } from "../../src/config/PgConfig.js"
import { drainBytes } from "../../src/connection/session/Drain.js"
import { subscriberCapacity } from "../../src/connection/session/SideChannels.js"
import { batchBytes } from "../../src/connection/statement/BatchSize.js"
import { defaultMemoryBytes } from "../../src/replication/feed/SpillStore.js"
import { defaultTransactionBytes } from "../../src/replication/feed/TransactionAssembler.js"
import { defaultBufferBytes } from "../../src/replication/link/ReplicationLink.js"
import { limitsOf } from "../../src/replication/run/Consume.js"

const page = (name: string): string =>
  readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8").replaceAll(/\s+/g, " ")

/** The second cell of the row whose first cell names the option. */
const cell = (name: string, option: string): string =>
  readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8")
    .split("\n")
    .map((line) => line.split("|").map((part) => part.trim()))
    .find(([, first]) => first?.split(", ").includes(`\`${option}\``))?.[2] ??
  assert.fail(`no row of ${option}`)

const count = new Intl.NumberFormat("en-US").format
const bytes = (size: number): string => {
  const unit = [30, 20, 10].find((power) => size >= 2 ** power) ?? 0
  return `${size / 2 ** unit} ${{ 30: "GiB", 20: "MiB", 10: "KiB" }[unit]}`
}
const time = (millis: number): string => {
  const [amount, unit] =
    millis % 3_600_000 === 0
      ? [millis / 3_600_000, "hour"]
      : millis % 60_000 === 0
        ? [millis / 60_000, "minute"]
        : [millis / 1000, "second"]
  return `${amount} ${unit}${amount === 1 ? "" : "s"}`
}

describe("the defaults on the pages", () => {
  it("are those of the pool", () => {
    const { checkAfter, checkTimeout, leakAfter, maxUses, maxWaiting, min, multiplex, reset, ...times } =
      defaultPoolSettings
    for (const [name, millis] of Object.entries(times))
      assert.strictEqual(cell("pooling", name), time(millis))
    assert.strictEqual(cell("pooling", "checkAfter"), `${time(checkAfter)}, ${time(checkTimeout)}`)
    assert.strictEqual(cell("pooling", "min"), String(min))
    assert.strictEqual(cell("pooling", "reset"), `\`${String(reset)}\``)
    assert.deepStrictEqual(
      [maxUses, maxWaiting, leakAfter, multiplex.depth],
      [Infinity, Infinity, Infinity, 0]
    )
    assert.deepStrictEqual(
      ["maxUses", "maxWaiting", "leakAfter", "multiplex"].map((name) => cell("pooling", name)),
      ["no limit", "no limit", "never", "`never`"]
    )
  })

  it("are those of the configuration", () => {
    const config = new PgConfig({})
    const stated: Readonly<Record<string, string>> = {
      connectTimeout: `${Duration.toSeconds(config.connectTimeout)} s`,
      maxConnections: String(config.maxConnections),
      statementCacheSize: String(config.statementCacheSize),
      pipelineDepth: String(config.pipelineDepth),
      streamBufferBytes: bytes(config.streamBufferBytes),
      maxMessageBytes: bytes(config.maxMessageBytes),
      maxProtocolVersion: `\`${config.maxProtocolVersion}\``,
      startupParameters: `\`${config.startupParameters}\``,
      scramMinIterations: `${count(config.scramMinIterations)}, ${count(config.scramMaxIterations)}`,
      sslMode: `\`${config.sslMode}\``,
      targetSessionAttrs: `\`${config.targetSessionAttrs}\``
    }
    for (const [name, text] of Object.entries(stated))
      assert.strictEqual(cell("connecting", name), text, name)
    assert.isUndefined(config.statementTimeout)
    assert.strictEqual(cell("connecting", "statementTimeout"), "none")
  })

  it("are those of bounds in bytes and elements", () => {
    const { bytes: ofBatch, count: inBatch, within } = limitsOf({})
    for (const [name, text] of [
      ["replication", `one transaction of \`transactions\`, ${bytes(defaultTransactionBytes)} unless set`],
      ["replication", `keeps \`memoryBytes\` (${bytes(defaultMemoryBytes)} unless set)`],
      ["replication", `bytes that have come and are not taken, ${bytes(defaultBufferBytes)} by default`],
      ["physical-replication", `at which reading from the socket stops: ${bytes(defaultBufferBytes)}`],
      [
        "replication-handlers",
        `at ${count(inBatch)} transactions (\`count\`), at ${bytes(ofBatch)} (\`bytes\`)`
      ],
      ["errors", `may be ${count(subscriberCapacity)} elements behind`],
      ["streaming", `at most ${bytes(drainBytes)} of the rest`],
      ["streaming", `${bytes(batchBytes)}`]
    ] as const)
      assert.include(page(name), text)
    assert.strictEqual(Duration.toMillis(within), 1000)
    assert.include(page("replication-handlers"), "first transaction has waited a second (`within`)")
  })
})
