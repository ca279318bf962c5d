/**
 * One measurement: `node child.mjs <client> <job as JSON>` opens the client, runs the workload once uncounted, runs it
 * again against the clock, and prints what it saw as one line of JSON. A client is a module with `open` and `connectOnce`;
 * what `open` gives lacks the methods its library has no counterpart for.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as loads from "./loads.mjs"
import { mixed } from "./mixed.mjs"

/** Time and CPU until a module is there. */
async function timeImport(module) {
  const cpuBefore = process.cpuUsage()
  const begin = performance.now()
  await import(module)
  const wallMs = performance.now() - begin
  const { user, system } = process.cpuUsage(cpuBefore)
  return { items: 1, wallMs, cpuMs: (user + system) / 1000, maxRssMb: process.resourceUsage().maxRSS / 1024 }
}

const [clientName, json] = process.argv.slice(2)
const job = JSON.parse(json)

// A start is measured before anything else is imported.
const started = job.kind === "import" ? await timeImport(job.module) : undefined
const { open, connectOnce } = job.kind === "import" ? {} : await import(`./${clientName}.mjs`)

// A host whose clock is not UTC's: only there a `timestamp` read by the one differs from one read by the other.
process.env.TZ = "Asia/Kolkata"

const mega = 1024 * 1024
const refuse = (what) => {
  throw new Error(`${clientName}: ${what}`)
}

/** What a row must look like; the lossless preset gives its own type for the time. */
const shapes = {
  wide: (row, i) =>
    Object.keys(row).length === 6 &&
    row.id === i &&
    row.name === `name-${i}` &&
    row.score === i * 1.5 &&
    row.active === (i % 2 === 0) &&
    (job.preset === "lossless" ? row.at !== undefined : row.at instanceof Date) &&
    row.pad === "x".repeat(40),
  narrow: (row, i) => Object.keys(row).length === 1 && row.id === i
}

/** Looks at every row of the uncounted run, so that a client that decodes less than the others is found. */
const inspector = (shape = job.shape) => {
  let seen = 0
  return (rows) => {
    for (let i = 0; job.decodes && i < rows.length; i++) {
      if (!shapes[shape](rows[i], seen + i + 1)) refuse(`row ${seen + i + 1} is ${JSON.stringify(rows[i])}`)
    }
    seen += rows.length
  }
}

const all = async (session) => {
  const inspect = inspector()
  inspect(await session.all(job.sql))
  return async () => {
    let items = 0
    for (let i = 0; i < job.repeats; i++) items += (await session.all(job.sql)).length
    return items
  }
}

const stream = async (session) => {
  await session.stream(job.sql, inspector())
  return async () => {
    let items = 0
    for (let i = 0; i < job.repeats; i++) {
      await session.stream(job.sql, (rows) => {
        items += rows.length
      })
    }
    return items
  }
}

/** Through two slots that stand at the same place: one for the uncounted run, one for the other. */
const replicate = async (session) => {
  const { slots, ...feed } = job.feed
  const run = async (slot, onRow) => {
    let seen = 0
    const unseen = await session.replicate({ ...feed, slot, items: job.items }, (row) => onRow(row, ++seen))
    return unseen ?? (seen === job.items ? seen : refuse(`${seen} changes came`))
  }
  const inspect = inspector()
  await run(slots[0], (row) => inspect([row]))
  return () => run(slots[1], () => {})
}

const counted =
  (method, ...more) =>
  async (session) => {
    await session[method](job.items, ...more)
    return async () => {
      await session[method](job.items, ...more)
      return job.items
    }
  }

const workloads = {
  all,
  stream,
  replicate,
  sequential: counted("sequential"),
  concurrent: counted("concurrent", job.config.fibers),
  transactions: counted("transactions", job.config.fibers)
}

/** The longest time from one turn of the event loop's timers to the next; nothing where the runtime does not measure it. */
const watchLoop = () => {
  try {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    return () => {
      delay.disable()
      return delay.max > 0 ? { longestGapMs: delay.max / 1e6 } : {}
    }
  } catch {
    return () => ({})
  }
}

/** Time and CPU of one run, and the most memory the process ever held. `cpuOutside`: of processes it has started. */
const measure = async (run, cpuOutside = () => 0) => {
  const gap = watchLoop()
  const cpuBefore = process.cpuUsage()
  const outsideBefore = cpuOutside()
  const begin = performance.now()
  const items = await run()
  const wallMs = performance.now() - begin
  const cpu = process.cpuUsage(cpuBefore)
  const maxRssMb = process.resourceUsage().maxRSS / 1024
  const cpuMs = (cpu.user + cpu.system) / 1000 + cpuOutside() - outsideBefore
  return { items, wallMs, cpuMs, maxRssMb, ...gap() }
}

const connects = async () => {
  const run = async () => {
    for (let i = 0; i < job.items; i++) await connectOnce(job.config)
    return job.items
  }
  await run()
  return measure(run)
}

/** Linux keeps the highest resident size itself and can be made to forget it; elsewhere only the samples count. */
const forgetPeak = () => {
  try {
    writeFileSync("/proc/self/clear_refs", "5")
    return () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024
  } catch {
    return () => 0
  }
}

/** Watches resident memory from the millionth item on. */
const watchMemory = () => {
  const reference = 1_000_000
  let atReferenceMb
  let peakMb = 0
  let kernelPeakMb = () => 0
  const sample = () => {
    if (atReferenceMb !== undefined) peakMb = Math.max(peakMb, process.memoryUsage.rss() / mega)
  }
  const sampler = setInterval(sample, 50)
  return {
    seen: (items) => {
      if (atReferenceMb !== undefined || items < reference) return
      atReferenceMb = process.memoryUsage.rss() / mega
      kernelPeakMb = forgetPeak()
    },
    stop: () => {
      sample()
      clearInterval(sampler)
      return { atReferenceMb, peakMb: Math.max(peakMb, kernelPeakMb()) }
    }
  }
}

/** Streams slowly: the consumer lets `rowsPerSecond` pass. */
const memory = async (session) => {
  let seen = 0
  const watch = watchMemory()
  const result = await measure(async () => {
    let begin
    await session.stream(job.sql, (rows) => {
      begin ??= performance.now()
      seen += rows.length
      watch.seen(seen)
      const early = begin + (seen / job.rowsPerSecond) * 1000 - performance.now()
      return early > 1 ? sleep(early) : undefined
    })
    return seen
  })
  return { ...result, ...watch.stop() }
}

/** Reads the changes of one transaction, once: what it costs to begin is in what the millionth change is compared with. */
const feedMemory = async (session) => {
  const { slots, ...feed } = job.feed
  let seen = 0
  const watch = watchMemory()
  const result = await measure(async () => {
    await session.replicate({ ...feed, slot: slots[0], streaming: job.streaming }, () => watch.seen(++seen))
    return seen === job.items ? seen : refuse(`${seen} changes came`)
  })
  return { ...result, ...watch.stop() }
}

/** Resident memory of a process of this machine and its most, in MB; zeros where the system does not report it. */
const memoryOf = (pid) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8")
    const [now, most] = ["VmRSS", "VmHWM"].map(
      (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024
    )
    return { now, most }
  } catch {
    return { now: 0, most: 0 }
  }
}

/** Into segment files of a folder that is gone afterwards; memory is compared with what it was before the first byte. */
const wal = async (session) => {
  const folder = mkdtempSync(join(tmpdir(), "effect-postgres-bench-log-"))
  // Nothing that was written before waits for the disk any more.
  spawnSync("sync")
  try {
    forgetPeak()
    const atReferenceMb = process.memoryUsage.rss() / mega
    let memory = {}
    const result = await measure(async () => {
      const archive = await session.archive({ ...job.log, folder })
      await archive.done
      if (!archive.isOutside) memory = { atReferenceMb, peakMb: memoryOf("self").most }
      return job.items
    }, session.cpuMs)
    const segments = readdirSync(folder).filter((name) => /^[0-9A-F]{24}$/.test(name)).length
    if (segments * 16 < job.items) refuse(`${segments} complete segments are there`)
    return { ...result, ...memory }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Into a folder that is gone afterwards; memory is compared with what it was before. `before` is not measured. */
const measuredBackup = (action, before) => async (session) => {
  const root = mkdtempSync(join(tmpdir(), "effect-postgres-bench-backup-"))
  const task = { ...job.backup, folder: join(root, "taken") }
  try {
    await before?.(session, task)
    spawnSync("sync")
    forgetPeak()
    const atReferenceMb = process.memoryUsage.rss() / mega
    let memory = {}
    const result = await measure(async () => {
      const { isOutside } = await action(session, task)
      if (!isOutside) memory = { atReferenceMb, peakMb: memoryOf("self").most }
      return job.items
    }, session.cpuMs)
    return { ...result, ...memory }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const backup = measuredBackup((session, task) => session.backup(task))
const backupVerify = measuredBackup(
  (session, task) => session.verify(task),
  (session, task) => session.backup({ ...task, sync: false })
)
const backupCombine = measuredBackup((session, task) => session.combine(task))

/** Commits of sessions in another process, each of which waits until the archive has synced it. */
const commits = (count) =>
  new Promise((resolve, reject) => {
    const task = JSON.stringify({ config: job.config, sessions: job.committers, count })
    const child = spawn(process.execPath, [new URL("walLoad.mjs", import.meta.url).pathname, task], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let text = ""
    child.stdout.on("data", (chunk) => (text += chunk))
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0 ? resolve(JSON.parse(text).wallMs) : reject(new Error(`the load ended with ${code}`))
    )
  })

const walSynchronous = async (session) => {
  const folder = mkdtempSync(join(tmpdir(), "effect-postgres-bench-log-"))
  try {
    const archive = await session.archive({ ...job.log, folder, end: undefined, synchronous: true })
    await commits(Math.ceil(job.items / 5))
    const before = archive.pid === undefined ? memoryOf("self") : memoryOf(archive.pid)
    let wallMs = 0
    const cpuBefore = archive.cpuMs?.()
    const { cpuMs, ...result } = await measure(async () => {
      wallMs = await commits(job.items)
      return job.items
    })
    const peakMb = memoryOf(archive.pid ?? "self").most
    const outside = cpuBefore === undefined ? cpuMs : archive.cpuMs() - cpuBefore
    await archive.stop()
    return { ...result, wallMs, cpuMs: outside, atReferenceMb: before.now, peakMb }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * A word for what a value is, so that only like is compared with like: neither the digits that a `float4` is printed with
 * with the double beside them, nor bytes of one's own with a view of all that was received, nor two instants.
 */
const kindOf = (value) => {
  if (Array.isArray(value)) return `${kindOf(value[0])}[]`
  if (typeof value === "number" && !Number.isInteger(value))
    return Math.fround(value) === value ? "single" : "number"
  if (typeof value !== "object" || value === null) return typeof value
  if (value instanceof Uint8Array) return value.buffer.byteLength > 16384 ? "view" : "bytes"
  if (value instanceof Date) return `Date ${value.toISOString()}`
  return job.preset === "lossless" ? value.constructor.name : `{${Object.keys(value).sort().join(", ")}}`
}

/** The engine's collector, where the runtime exposes it; Bun has its own. */
const gcOf = () => {
  try {
    setFlagsFromString("--expose-gc")
    return runInNewContext("gc")
  } catch {
    return () => {}
  }
}

/** Collects garbage and lets the engine's other threads finish with it, so that no measurement pays for the one before. */
const collect = async (gc) => {
  gc()
  await sleep(20)
}

/**
 * The same statement `repeats` times. Effect's clients do that in one fiber, as an application has it: a fiber of its own for
 * each result keeps Effect's garbage alive until the next full collection, and the result with it.
 */
const repeatedly = async (session, sql) => {
  if (session.repeatedly !== undefined) return session.repeatedly(sql, job.repeats)
  let items = 0
  for (let i = 0; i < job.repeats; i++) items += (await session.all(sql)).length
  return items
}

/** What a type is measured in, so that one bad moment of the machine is outvoted. */
const batches = 5

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

/**
 * One column after the other: a batch of `repeats` results uncounted, since compiling the reader of a type is not what a value
 * costs, then the median of several against the clock.
 */
const types = async (first) => {
  let session = first
  const gc = gcOf()
  const families = {}
  const total = { items: 0, wallMs: 0, cpuMs: 0, maxRssMb: 0 }
  const statements = Object.entries(job.families)
  // What every type goes through is compiled before the first.
  await repeatedly(session, statements[0][1])
  for (const [name, sql] of statements) {
    try {
      const [{ v }] = await session.all(sql)
      await repeatedly(session, sql)
      const wallNs = []
      const cpuNs = []
      for (let batch = 0; batch < batches; batch++) {
        await collect(gc)
        const { cpuMs, items, maxRssMb, wallMs } = await measure(() => repeatedly(session, sql))
        wallNs.push((wallMs * 1e6) / items)
        cpuNs.push((cpuMs * 1e6) / items)
        total.items += items
        total.wallMs += wallMs
        total.cpuMs += cpuMs
        total.maxRssMb = Math.max(total.maxRssMb, maxRssMb)
      }
      families[name] = { wallNs: median(wallNs), cpuNs: median(cpuNs), kind: kindOf(v) }
    } catch {
      // A library that cannot read a type leaves a gap, and may not have survived it.
      session = await open(job.config)
    }
  }
  return { ...total, families }
}

/** Times of families, one batch after the other, and what they come to. */
const timekeeper = () => {
  const times = {}
  const total = { items: 0, wallMs: 0, cpuMs: 0, maxRssMb: 0 }
  return {
    batch: async (name, run) => {
      const { cpuMs, items, maxRssMb, wallMs } = await measure(() => run(name))
      times[name] ??= { wallNs: [], cpuNs: [] }
      times[name].wallNs.push((wallMs * 1e6) / items)
      times[name].cpuNs.push((cpuMs * 1e6) / items)
      total.items += items
      total.wallMs += wallMs
      total.cpuMs += cpuMs
      total.maxRssMb = Math.max(total.maxRssMb, maxRssMb)
    },
    result: () => {
      const summary = ([name, { cpuNs, wallNs }]) => [
        name,
        { wallNs: median(wallNs), cpuNs: median(cpuNs), maxCpuNs: Math.max(...cpuNs), kind: name }
      ]
      return { ...total, families: Object.fromEntries(Object.entries(times).map(summary)) }
    }
  }
}

/**
 * One statement, its rows plain and through each Schema in turn: what a row costs through each, in one run. Each batch has all
 * of them, so that a bad moment of the machine is not one Schema's.
 */
const schema = async (session) => {
  const gc = gcOf()
  const times = timekeeper()
  const names = Object.keys(job.families)
  const run = async (name) =>
    (await session.through(name, job.families[name], job.repeats)).length * job.repeats
  for (const name of names) {
    const [row] = await session.through(name, job.families[name], 1)
    if (row.id !== 1 || row.name !== "name-1" || row.active !== false)
      refuse(`${name}: ${JSON.stringify(row)}`)
    await run(name)
  }
  for (let batch = 0; batch < batches; batch++)
    for (const name of names) {
      await collect(gc)
      await times.batch(name, run)
    }
  return times.result()
}

/** Turns of each consumer that are not counted: its code is compiled, and the heap finds its size. */
const consumersWarmUp = 3

/**
 * One statement, streamed to each way of consuming it, and rows of its kind made in memory to each of them. All turns of a
 * consumer come one after the other and no garbage is collected between them: what some ways cost is what they leave to the collector.
 */
const consumers = async (session) => {
  const times = timekeeper()
  const run = async (name) => {
    const [way, memory] = name.split(/(, from memory)$/)
    const source = memory === undefined ? job.families[name] : job.items
    const rows = await session.consume(way, source, job.repeats)
    return rows === job.items * job.repeats ? rows : refuse(`${name}: ${rows} rows came`)
  }
  for (const name of Object.keys(job.families)) {
    for (let turn = 0; turn < consumersWarmUp; turn++) await run(name)
    for (let turn = 0; turn < batches; turn++) await times.batch(name, run)
  }
  return times.result()
}

/** What a session must be able to do, where it is not called as the workload is. */
const methods = {
  schema: "through",
  consumers: "consume",
  mixed: "sequential",
  memory: "stream",
  types: "all",
  replication: "replicate",
  feedMemory: "replicate",
  wal: "archive",
  walSynchronous: "archive",
  backup: "backup",
  backupVerify: "verify",
  backupCombine: "combine",
  copyRowsOut: "copyOut",
  copyRowsIn: "copyIn",
  notifications: "listen"
}

const main = async () => {
  if (started !== undefined) return started
  if (job.kind === "connect") return connects()
  const session = await open(job.config)
  if (session === undefined) return { unsupported: true, why: "not here" }
  const method = methods[job.kind] ?? job.kind
  // The floor decodes nothing, so that there is no value to look at.
  if (session[method] === undefined || (job.kind === "types" && !job.decodes)) {
    await session.close()
    return { unsupported: true }
  }
  const run = {
    memory,
    types,
    schema,
    consumers,
    mixed: (session) => mixed(session, { job, inspector, refuse, times: timekeeper() }),
    feedMemory,
    wal,
    walSynchronous,
    backup,
    backupVerify,
    backupCombine,
    ...Object.fromEntries(
      Object.entries(loads).map(([name, load]) => [
        name,
        (session) => load(session, { job, measure, refuse })
      ])
    )
  }[job.kind]
  const result =
    run === undefined ? await measure(await workloads[method](session), session.cpuMs) : await run(session)
  await session.close()
  return result
}

// Whatever a library still holds open, the measurement is over.
process.stdout.write(`${JSON.stringify(await main())}\n`, () => process.exit(0))
