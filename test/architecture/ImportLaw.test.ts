import { assert, describe, it } from "@effect/vitest"
import { cycles, importsOf, readSources } from "./imports.js"
import { breaches, unusedExceptions } from "./law.js"
import { exceptions, generated, longestFile, rooms } from "./rooms.js"

const sources = readSources("src")

describe("the rooms as they stand", () => {
  it("import only what the table allows, in every file", () => {
    assert.deepStrictEqual(breaches(sources), [])
  })

  it("have no cycles, not even of types and not even inside a room", () => {
    assert.deepStrictEqual(cycles(sources), [])
  })

  it("need every exception they are given", () => {
    assert.deepStrictEqual(unusedExceptions(sources), [])
    assert.strictEqual(
      unusedExceptions(new Map()).length,
      exceptions.flatMap(({ builtins }) => builtins).length
    )
  })

  it("are there: each room, and each part of a large one, has files", () => {
    const folders = new Set([...sources.keys()].map((path) => path.slice(0, path.lastIndexOf("/"))))
    const named = rooms.flatMap(({ name, parts }) => [
      name,
      ...(parts ?? []).flatMap((part) => (part.name === "." ? [] : [`${name}/${part.name}`]))
    ])
    assert.deepStrictEqual(
      named.filter((name) => ![...folders].some((folder) => `${folder}/`.startsWith(`${name}/`))),
      []
    )
  })

  it("hold what their descriptions name", () => {
    // Parts that the documents described before they existed, and the file that would hold each.
    const planned: ReadonlyArray<readonly [words: RegExp, file: RegExp]> = [
      [/telemetry|metrics|spans/i, /^client\/telemetry\/Telemetry/],
      [/listen/i, /^client\/listen\/Listen/],
      [/physical|archive/i, /^replication\/physical\//],
      [/base backup/i, /^replication\/backup\//],
      [/large object/i, /^connection\/largeobject\//],
      [/simulated/i, /^testing\/Simulated/],
      [/command line/i, /^cli\//],
      [/OAuth/i, /^auth\/OAuthBearer/],
      [/scripted server/i, /^testing\/ScriptedServer/],
      [/memory transport/i, /^testing\/MemoryTransport/],
      [/fault proxy/i, /^testing\/FaultProxy/],
      [/embedded/i, /^testing\/EmbeddedPostgres/],
      [/wait queue/i, /^client\/pool\/WaitQueue/],
      [/portal/i, /^connection\/statement\/Portal/],
      [/snapshot/i, /^replication\/snapshot\//],
      [/service files/i, /^config\/ServiceFile/]
    ]
    const described = rooms.flatMap(({ holds, parts }) => [holds, ...(parts ?? []).map((part) => part.holds)])
    const missing = planned.filter(
      ([words, file]) =>
        described.some((text) => words.test(text)) && ![...sources.keys()].some((path) => file.test(path))
    )
    assert.deepStrictEqual(missing, [])
  })

  it("have generated files where the table lists them", () => {
    assert.deepStrictEqual(
      [...generated].filter((path) => !sources.get(path)?.startsWith("// Generated")),
      []
    )
  })
})

describe("the table", () => {
  it("names each room once and only known rooms as neighbours", () => {
    const names = rooms.map((room) => room.name)
    assert.strictEqual(new Set(names).size, names.length)
    assert.deepStrictEqual(
      rooms.flatMap((room) => room.mayImport).filter((name) => !names.includes(name)),
      []
    )
  })

  it("has no cycle of rooms", () => {
    const room = (name: string): string => `${name}/Any.ts`
    const asFiles = rooms.map(
      ({ mayImport, name }) =>
        [room(name), mayImport.map((other) => `import "../${other}/Any.js"`).join("\n")] as const
    )
    assert.deepStrictEqual(cycles(new Map(asFiles)), [])
  })

  it("keeps wire and types, and replication and client, apart", () => {
    const may = (name: string) => rooms.find((room) => room.name === name)!.mayImport
    assert.deepStrictEqual(
      [may("wire"), may("types"), may("replication"), may("client")].map((list) => list.join()),
      [
        "bytes,model",
        "bytes,model",
        "copy,connection,config,schema,types,wire,model,bytes",
        "copy,connection,config,schema,types,model"
      ]
    )
  })
})

describe("what the law refuses", () => {
  const law = (files: Readonly<Record<string, string>>) =>
    breaches(
      new Map(
        Object.entries({ "wire/W.ts": "", "model/M.ts": "", "types/T.ts": "", "Public.ts": "", ...files })
      )
    )

  it.each([
    ["an import of another room", `import { T } from "../types/T.js"`, "wire may not import types"],
    ["a type-only import", `import type { T } from "../types/T.js"`, "wire may not import types"],
    ["a re-export", `export * from "../types/T.js"`, "wire may not import types"],
    ["a named re-export of types", `export type { T } from "../types/T.js"`, "wire may not import types"],
    ["a dynamic import", `export const t = () => import("../types/T.js")`, "wire may not import types"],
    ["an import inside a type", `export type T = import("../types/T.js").T`, "wire may not import types"],
    ["a dynamic import of a computed name", `export const t = (n: string) => import(n)`, "(computed)"],
    ["the facade", `import * as P from "../Public.js"`, "wire may not import facade"],
    [
      "an effect in a room without effects",
      `import * as Effect from "effect/Effect"`,
      "room without effects"
    ],
    ["a barrel", `import { Option } from "effect"`, "effect is a barrel"],
    ["a built-in", `import { connect } from "node:net"`, "may not use Node's net"],
    ["a built-in without its prefix", `import { connect } from "net"`, "may not use the package net"],
    ["a package", `import pg from "pg"`, "may not use the package pg"],
    ["a missing .js", `import { M } from "../model/M"`, "does not end in .js"],
    ["a file that is not there", `import { X } from "../model/X.js"`, "is no file of src"],
    ["a path out of src", `import { X } from "../../test/X.js"`, "is no file of src"]
  ])("%s", (_, source, words) => {
    const found = law({ "wire/Bad.ts": source })
    assert.lengthOf(found, 1)
    assert.include(found[0], words)
  })

  it("a part that imports one above it, and a folder that is no part", () => {
    const files = { "replication/slots/S.ts": "", "replication/run/R.ts": "" }
    assert.deepStrictEqual(
      law({ ...files, "replication/feed/F.ts": `import { S } from "../slots/S.js"` }),
      []
    )
    assert.deepStrictEqual(law({ ...files, "replication/feed/F.ts": `import { R } from "../run/R.js"` }), [
      "replication/feed/F.ts:1: feed may not import run, which stands above it in replication"
    ])
    assert.deepStrictEqual(law({ "replication/more/M.ts": "", "replication/M.ts": "" }), [
      "replication/more/M.ts:1: in no part of replication",
      "replication/M.ts:1: in no part of replication"
    ])
  })

  it("a folder that is no room, and a file that is too long", () => {
    assert.deepStrictEqual(law({ "misc/A.ts": "" }), ["misc/A.ts:1: misc is no room"])
    assert.deepStrictEqual(law({ "wire/Long.ts": "\n".repeat(longestFile) }), [])
    const found = law({ "wire/Long.ts": "\n".repeat(longestFile + 1) })
    assert.lengthOf(found, 1)
    assert.include(found[0], "more than 400 lines")
  })

  it("nothing that the table allows", () => {
    assert.deepStrictEqual(
      law({
        "wire/Good.ts": `import * as Either from "effect/Either"\nimport type { M } from "../model/M.js"\n`
      }),
      []
    )
  })

  it("a cycle of two types and a cycle of three files, each reported once", () => {
    const loop = new Map([
      ["a/A.ts", `import type { B } from "./B.js"`],
      ["a/B.ts", `import type { A } from "./A.js"\nimport "../b/C.js"`],
      ["b/C.ts", `export * from "../a/B.js"`]
    ])
    assert.deepStrictEqual(cycles(loop), [
      ["a/A.ts", "a/B.ts"],
      ["a/B.ts", "b/C.ts"]
    ])
  })

  it("no text that only looks like an import", () => {
    assert.deepStrictEqual(importsOf("a.ts", `// import "x"\nconst s = 'import "y"'\n`), [])
  })
})
